"""The ready list of a graph: what somebody waits for first, then the longest remaining path.

An op that becomes READY is only noted in `fresh`; ranks and list are brought up to date when a
contributor has room (`settle`). The ranks of newly added ops are computed at once, backwards over those
ops alone; the ranks of older ones are corrected when the graph has grown by a quarter. So ranking costs
a constant per op however many batches a graph comes in.

The list is two: `ahead`, sorted with the best at the end, so that taking it is a pop (a heap costs five
times that), and `late`, a heap for the few that come while `ahead` is long. Both hold ints. Entries are
deleted lazily: one counts only while its op is READY.
"""

from __future__ import annotations

import struct
from heapq import heappop, heappush

import numpy as np

from .state import AWAITED, COMPUTED, FEW, READY, Graph, view

#: an entry: 1 bit for what can wait for all else, 1 for what nobody waits for, 31 for the path, 30 for the op
_OP_BITS = 30
_OP = (1 << _OP_BITS) - 1
_UNASKED, _LAST = 1 << 61, 1 << 62
#: of a positive float32 the bits, read as an integer, are in the order of its values
_LONGEST = 0x7F800000
_FLOAT, _INT = struct.Struct("=f"), struct.Struct("=i")


def settle(graph: Graph) -> None:
    """Bring ranks and list up to date."""
    if graph.ranked < graph.total and _rank(graph):
        state = graph.state
        old = {entry & _OP for entry in graph.ahead + graph.late}
        graph.fresh.extend(op for op in old if state[op] == READY)
        graph.ahead.clear()
        graph.late.clear()
    fresh = graph.fresh
    if not fresh:
        return
    ahead, late = graph.ahead, graph.late
    entries = _ranked(graph, fresh) if len(fresh) >= FEW else [_entry(graph, op) for op in fresh]
    entries.sort(reverse=True)
    if not ahead or entries[0] < ahead[-1]:  # what was taken and given back, most of the time
        ahead += entries
    elif (len(entries) + len(late)) * 4 > len(ahead):
        ahead += late
        ahead += entries
        ahead.sort(reverse=True)  # what is sorted already costs a comparison each
        late.clear()
    else:
        for entry in entries:
            heappush(late, entry)
    fresh.clear()


def _entry(graph: Graph, op: int) -> int:
    if graph.recipe[op] and graph.open[op] and not graph.wanted[op]:
        return _LAST | op  # who takes one of its dependents makes it
    (path,) = _INT.unpack(_FLOAT.pack(graph.path_s[op]))
    entry: int = (_LONGEST - path) << _OP_BITS | op
    return entry if graph.needed[op] >= AWAITED else entry | _UNASKED


def _ranked(graph: Graph, ops: list[int]) -> list[int]:
    """`_entry` of many ops, in columns."""
    op = np.array(ops, np.int64)
    path = view(graph.path_s)[op].astype(np.float32).view(np.int32).astype(np.int64)
    entries = (_LONGEST - path) << _OP_BITS | op
    entries[view(graph.needed)[op] < AWAITED] |= _UNASKED
    last = (view(graph.recipe)[op] > 0) & (view(graph.open)[op] > 0) & (view(graph.wanted)[op] == 0)
    entries[last] = _LAST | op[last]
    ranked: list[int] = entries.tolist()
    return ranked


def take(graph: Graph) -> int:
    """The best ready op, or -1. It is still READY: the caller moves it on, or puts it back."""
    ahead, late, state = graph.ahead, graph.late, graph.state
    while ahead or late:
        if late and (not ahead or late[0] < ahead[-1]):
            op = heappop(late) & _OP
        else:
            op = ahead.pop() & _OP
        if state[op] == READY:
            return op
    return -1


def leaves(graph: Graph, count: int) -> list[int]:
    """Those of the best `count` ops at most that no other op uses, up to the first that one uses.

    They are then the last of `ahead`, each once: entries that do not count are taken out on the way.
    """
    ahead, late, state, outs = graph.ahead, graph.late, graph.state, graph.outs
    while late and state[late[0] & _OP] != READY:
        heappop(late)
    better = late[0] if late else 1 << 63
    found: dict[int, int] = {}
    looked_at = 0
    for entry in reversed(ahead):
        op = entry & _OP
        if state[op] == READY and op not in found:
            if outs[op] or entry > better or len(found) == count:
                break
            found[op] = entry
        looked_at += 1
    if looked_at > len(found):
        ahead[len(ahead) - looked_at :] = reversed(found.values())
    return list(found)


def drop(graph: Graph, count: int) -> None:
    """Take the best `count` off the list."""
    del graph.ahead[-count:]


def _rank(graph: Graph) -> bool:
    """Compute `path_s` of the new ops, or of all unfinished ones; True if older ranks changed."""
    total, state = graph.total, graph.state
    low = graph.low
    while low < total and state[low] >= COMPUTED:
        low += 1
    graph.low = low
    graph.grown += total - graph.ranked
    everything = graph.grown * 4 >= total - low
    start = low if everything else graph.ranked
    if everything:
        graph.grown = 0
    graph.ranked = total
    path_s, cost_s, ins = graph.path_s, graph.cost_s, graph.ins
    # While going down, path_s[op] holds the longest path of the dependents seen so far.
    view(path_s)[start:] = 0.0
    for op in _inner(graph, start):
        path = path_s[op] + cost_s[op]
        for operand in ins[op]:
            if operand >= start and path_s[operand] < path:
                path_s[operand] = path
    view(path_s)[start:] += view(cost_s)[start:]
    return everything


def _inner(graph: Graph, start: int) -> list[int]:
    """Ops from `start` on that wait for others, the last first."""
    waits = (view(graph.missing)[start:] > 0) & (view(graph.state)[start:] < COMPUTED)
    inner: list[int] = (np.flatnonzero(waits)[::-1] + start).tolist()
    return inner


def entries(graph: Graph) -> set[int]:
    """All ops that can be found when they are ready; for the invariants."""
    return {*(entry & _OP for entry in graph.ahead + graph.late), *graph.fresh, *graph.parked}
