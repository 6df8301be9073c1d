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

from heapq import heappop, heappush

from .state import AWAITED, COMPUTED, READY, Graph

_OP_BITS = 32
_OP = (1 << _OP_BITS) - 1
#: paths are compared in whole microseconds; everything over twelve days is equally long
_LONGEST_US = (1 << 40) - 1
#: after all else
_LAST = 1 << 41


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
    path_s, needed, ahead, late = graph.path_s, graph.needed, graph.ahead, graph.late
    recipe, open_, wanted = graph.recipe, graph.open, graph.wanted
    entries = []
    for op in fresh:
        path_us = int(path_s[op] * 1e6)
        rank = _LONGEST_US - path_us if path_us < _LONGEST_US else 0
        if needed[op] < AWAITED:
            rank += _LONGEST_US + 1
        if recipe[op] and open_[op] and not wanted[op]:
            rank = _LAST  # who takes one of its dependents makes it
        entries.append(rank << _OP_BITS | op)
    if (len(entries) + len(late)) * 4 > len(ahead):
        ahead += late
        ahead += entries
        ahead.sort(reverse=True)  # what is sorted already costs a comparison each
        late.clear()
    else:
        for entry in entries:
            heappush(late, entry)
    fresh.clear()


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
    for op in range(start, total):
        path_s[op] = 0.0
    for op in range(total - 1, start - 1, -1):
        if state[op] >= COMPUTED:
            continue
        path = path_s[op] = path_s[op] + cost_s[op]
        for operand in ins[op]:
            if operand >= start and path_s[operand] < path:
                path_s[operand] = path
    return everything


def entries(graph: Graph) -> set[int]:
    """All ops that can be found when they are ready; for the invariants."""
    return {*(entry & _OP for entry in graph.ahead + graph.late), *graph.fresh, *graph.parked}
