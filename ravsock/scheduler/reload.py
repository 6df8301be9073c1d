"""A graph and its assignments as SQL knows them, after the server was started anew."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from . import lineage
from .events import Assign, Restore
from .state import ASSIGNED, COMPUTED, FAILED, OPENED, READY, WAITING, Graph, Life


def restore(graph: Graph, event: Restore) -> list[lineage.Failure]:
    """Set the states of a reloaded graph, then count anew what is missing, open, ready and idle."""
    state, at_server, needed = graph.state, graph.at_server, graph.needed
    for op in event.computed.tolist():
        state[op] = COMPUTED
    sources = [op for op in range(graph.total) if graph.source[op]]
    for op in sources:
        at_server[op] = 0  # until the next lines: its file may be gone
    for op in event.at_server.tolist():
        at_server[op] = 1
    for op in event.failed.tolist():
        state[op] = FAILED
        graph.fault[op] = (op, "it failed before the server was started again")
    asked = [op for op in range(graph.total) if needed[op] and state[op] < COMPUTED]
    levels = [needed[op] for op in asked]
    graph.computed, graph.failed = state.count(COMPUTED), state.count(FAILED)
    graph.needed = bytearray(graph.total)
    graph.open = array("i", bytes(4 * graph.total))
    graph.ready_s = graph.idle_s = 0.0
    graph.fresh.clear()
    graph.parked.clear()
    graph.low = 0
    for op in range(graph.total):
        if state[op] < COMPUTED:
            state[op] = WAITING
            graph.missing[op] = sum([state[it] != COMPUTED and not graph.recipe[it] for it in graph.ins[op]])
            if not graph.missing[op]:
                graph.idle_s += graph.cost_s[op]
    failures = lineage.inherit(graph, range(graph.total))
    for op, level in zip(asked, levels, strict=True):
        failures += lineage.need(graph, (op,), level)
    for op in sources:
        if not at_server[op]:
            failures += lineage.revive(graph, op, OPENED)
    wanted = [op for op in range(graph.total) if graph.wanted[op]]
    return failures + lineage.want(graph, wanted)


def is_open(graph: Graph, life: Life, it: Assign, is_copy: bool) -> bool:
    """Are all ops of an assignment work still, and can they be computed with what server and life have?"""
    inside: set[int] = set()
    held = set(it.held)
    for op in it.ops:
        if op >= graph.total or graph.state[op] > ASSIGNED or (graph.state[op] == ASSIGNED) != is_copy:
            return False
        for operand in graph.ins[op]:
            if operand in inside or graph.at_server[operand] or graph.recipe[operand]:
                continue
            is_promised = graph.state[operand] == COMPUTED or (graph.number, operand) in life.held
            if operand not in held or not is_promised or graph.source[operand]:
                return False
        inside.add(op)
    return True


def operands_from_outside(graph: Graph, it: Assign) -> list[int]:
    """What the server sends along with an assignment."""
    known = {*it.ops, *it.held, *it.remade}
    used = dict.fromkeys(operand for op in it.ops for operand in graph.ins[op])
    return [operand for operand in used if operand not in known]


def take_up(graph: Graph, ops: Iterable[int]) -> list[lineage.Failure]:
    """These ops are assigned already, to a life of before a restart; nothing was asked for yet."""
    rest: list[int] = []
    for op in ops:
        if graph.state[op] == READY:
            graph.ready_s -= graph.cost_s[op]
        elif not graph.needed[op] and not graph.missing[op]:
            graph.idle_s -= graph.cost_s[op]
        graph.state[op] = ASSIGNED
        if not graph.needed[op]:
            graph.needed[op] = OPENED
            for operand in graph.ins[op]:
                graph.open[operand] += 1
                rest.append(operand)
    return lineage.need(graph, [op for op in rest if graph.state[op] < ASSIGNED], OPENED)
