"""Moves of ops along the lines of the graph: stored, needed, computed, lost, failed.

All functions change one graph and nothing else. The awkward case is a value that was computed and is no
longer anywhere, because nobody needed it when it was made: `revive` turns it back into work, together
with as much of its lineage as is gone too.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from .events import AddOps
from .state import ASSIGNED, COMPUTED, FAILED, FEW, OPENED, READY, WAITING, Graph, view

#: what moves fewer bytes in its seconds is not made anew: no link through the server is quicker, both ways
_MOVED_BPS = 500e6

#: (op, the op at fault, reason)
Failure = tuple[int, int, str]


def add(graph: Graph, event: AddOps) -> list[Failure]:
    """Store the next ops. Nothing is needed yet, unless the graph is open as a whole."""
    base, count = graph.total, len(event.arity)
    source = event.source.astype(np.uint8)
    graph.state.extend((source * COMPUTED).tobytes())
    graph.at_server.extend(source.tobytes())
    graph.source.extend(source.tobytes())
    is_quick = event.cost_s * _MOVED_BPS < event.size_bytes
    graph.recipe.extend((is_quick & (event.arity == 0) & ~event.source).astype(np.uint8).tobytes())
    graph.needed.extend(bytes(count))
    graph.wanted.extend(bytes(count))
    graph.cost_s.frombytes(event.cost_s.astype(np.float64).tobytes())
    graph.path_s.frombytes(bytes(8 * count))
    graph.size_bytes.frombytes(event.size_bytes.astype(np.int64).tobytes())
    graph.open.frombytes(bytes(4 * count))
    graph.outs.extend([()] * count)
    graph.total += count
    graph.computed += int(np.count_nonzero(source))
    _link(graph, event, base)
    new = range(base, graph.total)
    failures: list[Failure] = []
    if graph.failed:
        failures = inherit(graph, new)
    if graph.whole:
        failures += need(graph, new, OPENED)
    return failures


def _link(graph: Graph, event: AddOps, base: int) -> None:
    """Fill `ins`, `outs`, `missing` of the new ops, and the idle work among them."""
    count = len(event.arity)
    owner = np.repeat(np.arange(base, base + count), event.arity)
    operand = event.operands.astype(np.int64)
    key = owner << 32 | operand
    ordered = np.sort(key)
    if (ordered[1:] == ordered[:-1]).any():  # x * x has one operand
        _, first = np.unique(key, return_index=True)
        first.sort()
        owner, operand = owner[first], operand[first]
    graph.ins += _rows(operand, np.bincount(owner - base, minlength=count))
    lacking = (view(graph.state)[operand] != COMPUTED) & (view(graph.recipe)[operand] == 0)
    missing = np.bincount(owner[lacking] - base, minlength=count).astype(np.int32)
    graph.missing.frombytes(missing.tobytes())
    idle = (missing == 0) & ~event.source
    graph.idle_s += float(event.cost_s[idle].sum())
    inner = view(graph.source)[operand] == 0
    outs = graph.outs
    for it, op in zip(operand[inner].tolist(), owner[inner].tolist(), strict=True):
        dependents = outs[it]
        if dependents:
            dependents.append(op)
        else:
            outs[it] = [op]


def _rows(operand: NDArray[np.int64], arity: NDArray[np.int64]) -> Iterable[tuple[int, ...]]:
    """The operands of each op as a tuple."""
    flat, widest = operand.tolist(), int(arity.max(initial=0))
    if widest and (arity == widest).all():
        return zip(*[iter(flat)] * widest, strict=True)
    ends = np.cumsum(arity).tolist()
    return [tuple(flat[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def dependents(graph: Graph, op: int) -> Iterable[int]:
    """The ops that use this one. Those of a source are looked for: most operands are sources, nobody asks."""
    if not graph.source[op]:
        return graph.outs[op]
    return [other for other in range(op + 1, graph.total) if op in graph.ins[other]]


def inherit(graph: Graph, ops: Iterable[int]) -> list[Failure]:
    """Fail those ops that have a failed operand."""
    state, failures = graph.state, []
    for op in ops:
        if state[op] < COMPUTED:
            for operand in graph.ins[op]:
                if state[operand] == FAILED:
                    failures += fail(graph, op, *graph.fault[operand])
                    break
    return failures


def need(graph: Graph, ops: Iterable[int], level: int) -> list[Failure]:
    """These ops and their ancestors are to be computed, if they are not. `level`: OPENED or AWAITED."""
    ops = _need_ready(graph, ops, level)
    state, needed, missing, ins = graph.state, graph.needed, graph.missing, graph.ins
    open_, at_server, cost_s, fresh = graph.open, graph.at_server, graph.cost_s, graph.fresh
    recipe = graph.recipe
    failures: list[Failure] = []
    ready_s = idle_s = 0.0
    for first in ops:
        if needed[first] >= level or state[first] >= COMPUTED:
            continue
        stack = [first]
        while stack:
            op = stack.pop()
            before = needed[op]
            if before >= level or state[op] >= COMPUTED:
                continue
            needed[op] = level
            if before:
                if state[op] == READY:
                    fresh.append(op)  # a second entry in the heap, with the better rank
            elif not missing[op]:
                state[op] = READY
                fresh.append(op)
                ready_s += cost_s[op]
                idle_s += cost_s[op]
            for operand in ins[op]:
                if not before:
                    open_[operand] += 1
                if state[operand] < COMPUTED:
                    if needed[operand] < level:
                        stack.append(operand)
                elif not (before or at_server[operand] or recipe[operand]) and state[operand] == COMPUTED:
                    failures += revive(graph, operand, level)
    graph.ready_s += ready_s
    graph.idle_s -= idle_s
    return failures


def _need_ready(graph: Graph, ops: Iterable[int], level: int) -> Iterable[int]:
    """Of many ops those that can be computed at once, in columns; gives the others. Each op is there once."""
    rest = list(ops)
    if len(rest) < FEW:
        return rest
    new = np.array(rest, np.int64)
    new = new[(view(graph.needed)[new] < level) & (view(graph.state)[new] < COMPUTED)]
    can = (view(graph.needed)[new] == 0) & (view(graph.missing)[new] == 0)
    rows = [graph.ins[op] for op in new[can].tolist()]
    operand = np.array(list(chain.from_iterable(rows)), np.int64)
    away = view(graph.at_server)[operand] == 0  # a recipe, or forgotten
    owner = np.repeat(np.flatnonzero(can), [len(row) for row in rows])
    can[owner[away]] = False
    np.add.at(view(graph.open), operand[can[owner]], 1)
    ready = new[can]
    view(graph.needed)[ready] = level
    view(graph.state)[ready] = READY
    graph.fresh += ready.tolist()
    cost_s = float(view(graph.cost_s)[ready].sum())
    graph.ready_s += cost_s
    graph.idle_s -= cost_s
    others: list[int] = new[~can].tolist()
    return others


def want(graph: Graph, ops: Iterable[int]) -> list[Failure]:
    """These values must come to the server; forgotten ones become work again."""
    failures: list[Failure] = []
    for op in ops:
        graph.wanted[op] = 1
        if graph.state[op] == COMPUTED and not graph.at_server[op]:
            failures += revive(graph, op, OPENED)
    return failures


def sinks(graph: Graph) -> list[int]:
    """Ops that no other op uses, values that came with the graph aside."""
    return [op for op in range(graph.total) if not graph.outs[op] and not graph.source[op]]


def revive(graph: Graph, lost: int, level: int) -> list[Failure]:
    """A value is gone and somebody needs it: compute it again, with what is gone of its lineage."""
    state, missing, needed = graph.state, graph.missing, graph.needed
    failures: list[Failure] = []
    stack = [lost]
    while stack:
        op = stack.pop()
        if state[op] != COMPUTED:
            continue
        level = needed[op] = max(needed[op], level, _uncompute(graph, op))
        if graph.source[op]:
            failures += fail(graph, op, op, "its value was lost at the server")
            continue
        missing[op] = 0
        for operand in graph.ins[op]:
            graph.open[operand] += 1
            if state[operand] == COMPUTED:
                if not (graph.at_server[operand] or graph.recipe[operand]):
                    stack.append(operand)  # it will count itself as missing
                continue
            missing[op] += not graph.recipe[operand]
            if state[operand] < COMPUTED:
                failures += need(graph, (operand,), level)
        if not missing[op]:
            make_ready(graph, op)
        failures += inherit(graph, (op,))
    return failures


def _uncompute(graph: Graph, op: int) -> int:
    """The value is gone; returns how urgently its dependents need it."""
    level = 0
    state, missing = graph.state, graph.missing
    state[op] = WAITING
    graph.at_server[op] = 0
    graph.computed -= 1
    graph.recomputed += 1
    graph.low = min(graph.low, op)
    is_recipe = graph.recipe[op]
    for dependent in dependents(graph, op):
        if state[dependent] < COMPUTED:
            level = max(level, graph.needed[dependent])
            if is_recipe:
                continue  # its dependents can do without
            if state[dependent] == READY:
                state[dependent] = WAITING
                graph.ready_s -= graph.cost_s[dependent]
            elif not graph.needed[dependent] and not missing[dependent]:
                graph.idle_s -= graph.cost_s[dependent]
            missing[dependent] += 1
    return level


def make_ready(graph: Graph, op: int) -> None:
    graph.state[op] = READY
    graph.ready_s += graph.cost_s[op]
    graph.fresh.append(op)


def put_back(graph: Graph, op: int) -> list[Failure]:
    """An op of a piece that came to nothing is work again; so are operands that only that life had."""
    failures: list[Failure] = []
    state = graph.state
    state[op] = WAITING
    if not graph.missing[op]:
        make_ready(graph, op)
    for operand in graph.ins[op]:
        if state[operand] == COMPUTED and not (graph.at_server[operand] or graph.recipe[operand]):
            failures += revive(graph, operand, graph.needed[op])
    return failures


def commit(graph: Graph, ops: Iterable[int], exports: Iterable[int]) -> list[int]:
    """These ops are computed, the values of `exports` at the server; returns what nobody needs now."""
    state, missing, open_, needed = graph.state, graph.missing, graph.open, graph.needed
    ins, outs, holders = graph.ins, graph.outs, graph.holders
    cost_s, fresh, recipe = graph.cost_s, graph.fresh, graph.recipe
    for op in exports:
        graph.at_server[op] = 1
    unneeded: list[int] = []
    ready_s, count = 0.0, 0
    for op in ops:
        state[op] = COMPUTED
        count += 1
        for operand in ins[op]:
            left = open_[operand] = open_[operand] - 1
            if not left and operand in holders:
                unneeded.append(operand)
        if recipe[op]:
            continue
        for dependent in outs[op]:
            left = missing[dependent] = missing[dependent] - 1
            if not left and not state[dependent]:  # 0 is WAITING
                if needed[dependent]:
                    state[dependent] = READY
                    ready_s += cost_s[dependent]
                    fresh.append(dependent)
                else:
                    graph.idle_s += cost_s[dependent]
    graph.ready_s += ready_s
    graph.computed += count
    graph.assigned -= count
    return unneeded


def fail(graph: Graph, first: int, at_fault: int, reason: str) -> list[Failure]:
    """This op and all that depends on it and is not computed end as failed, each naming the op at fault."""
    state, failures = graph.state, []
    stack = [first]
    while stack:
        op = stack.pop()
        before = state[op]
        if before >= COMPUTED:
            continue
        if before == READY:
            graph.ready_s -= graph.cost_s[op]
        elif before == ASSIGNED:
            graph.assigned -= 1
        elif not graph.needed[op] and not graph.missing[op]:
            graph.idle_s -= graph.cost_s[op]
        state[op] = FAILED
        graph.failed += 1
        graph.fault[op] = (at_fault, reason)
        graph.tries.pop(op, None)
        failures.append((op, at_fault, reason))
        if graph.needed[op]:
            for operand in graph.ins[op]:
                graph.open[operand] -= 1
        stack.extend(dependents(graph, op))
    return failures
