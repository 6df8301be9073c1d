"""The invariants of state.py as assertions. Slow on purpose: it counts everything anew."""

from __future__ import annotations

from collections import Counter

from .ledger import Ledger, promised
from .ready import entries
from .state import ASSIGNED, COMPUTED, FAILED, READY, Assignment, Graph, Life


def check(ledger: Ledger) -> None:
    for graph in ledger.graphs.values():
        _check_counts(graph)
        _check_ready(ledger, graph)
        _check_values(ledger, graph)
    for life in ledger.lives.values():
        _check_life(ledger, life)
    _check_assignments(ledger)
    _check_progress(ledger)


def _check_counts(graph: Graph) -> None:
    state, needed = graph.state, graph.needed
    open_: Counter[int] = Counter()
    idle_s = 0.0
    for op in range(graph.total):
        operands = graph.ins[op]
        assert all(operand < op for operand in operands), f"op {op} uses a later op"
        if state[op] >= COMPUTED:
            continue
        missing = sum(state[it] != COMPUTED and not graph.recipe[it] for it in operands)
        assert graph.missing[op] == missing, f"op {op} lacks {missing}, not {graph.missing[op]}"
        assert not any(state[operand] == FAILED for operand in operands), f"op {op} has a failed operand"
        if needed[op]:
            open_.update(operands)
            lazy = [it for it in operands if state[it] < COMPUTED and needed[it] < needed[op]]
            assert not lazy, f"op {op} is needed and its operands {lazy} are not"
        elif not missing:
            idle_s += graph.cost_s[op]
    for op in range(graph.total):
        assert graph.open[op] == open_[op], f"{open_[op]} ops need op {op}, not {graph.open[op]}"
    assert abs(graph.idle_s - idle_s) < 1e-6 * (1 + idle_s)
    assert graph.computed == state.count(COMPUTED)
    assert graph.failed == state.count(FAILED) == len(graph.fault)
    assert graph.assigned == state.count(ASSIGNED)


def _check_ready(ledger: Ledger, graph: Graph) -> None:
    listed = entries(graph)
    ready_s = 0.0
    for op in range(graph.total):
        could = bool(graph.needed[op]) and graph.state[op] < ASSIGNED and not graph.missing[op]
        assert (graph.state[op] == READY) == could, f"op {op} is {graph.state[op]}, ready: {could}"
        if could:
            assert op in listed, f"op {op} is ready and in no list"
            assert all(graph.at_server[operand] or graph.recipe[operand] for operand in graph.ins[op])
            ready_s += graph.cost_s[op]
    assert abs(graph.ready_s - ready_s) < 1e-6 * (1 + ready_s)
    assert graph.number in ledger.active or not graph.has_listed


def _check_values(ledger: Ledger, graph: Graph) -> None:
    for op in range(graph.total):
        if graph.at_server[op]:
            assert graph.state[op] == COMPUTED
        elif graph.state[op] == COMPUTED:
            assert not graph.wanted[op] and not graph.source[op], f"op {op} was forgotten"
            holders = [ledger.lives[life] for life in graph.holders.get(op, ())]
            is_needed = graph.open[op] and not graph.recipe[op]
            assert not is_needed or any(promised(graph, life, op) for life in holders)


def _check_life(ledger: Ledger, life: Life) -> None:
    settings = ledger.settings
    assert len(life.queue) <= settings.queue_cap
    assert sum(it.live_bytes for it in life.queue) <= settings.work_share * life.memory_bytes
    assert life.held_bytes == sum(life.held.values()) <= ledger.cache.budget(life)
    for number, op in life.held:
        assert life.life in ledger.graphs[number].holders[op]
    for assignment in life.queue:
        assert ledger.assignments[assignment.number] is assignment
        assert assignment.life == life.life
    has_room = len(life.queue) < settings.queue_cap and not life.silent and life.rest_until <= ledger.now
    due = ledger.alarms.next()  # a rest that is over is noticed by the next Tick
    assert life.life in ledger.roomy or not has_room or (due is not None and due <= ledger.now)
    assert life.life not in ledger.roomy or has_room


def _check_assignments(ledger: Ledger) -> None:
    holding: Counter[tuple[int, int]] = Counter()
    alarms = ledger.alarms.deadlines()
    for assignment in ledger.assignments.values():
        assert assignment in ledger.lives[assignment.life].queue
        assert assignment.number in alarms
        assert ledger.graphs[assignment.graph].number == assignment.graph
        _check_piece(ledger, assignment)
        if assignment.twin:
            twin = ledger.assignments[assignment.twin]
            assert twin.twin == assignment.number and twin.life != assignment.life
            assert (twin.graph, twin.ops) == (assignment.graph, assignment.ops)
        if not assignment.twin or assignment.twin > assignment.number:
            holding.update((assignment.graph, op) for op in assignment.ops)
    for graph in ledger.graphs.values():
        for op in range(graph.total):
            assert holding[graph.number, op] == (graph.state[op] == ASSIGNED)
        for op, holders in graph.holders.items():
            assert holders and all((graph.number, op) in ledger.lives[life].held for life in holders)
    bills: Counter[str] = Counter()
    for assignment in ledger.assignments.values():
        bills[ledger.graphs[assignment.graph].developer] += 1
    assert all(ledger.developers[name].seconds > -1e-6 for name in bills)


def _check_piece(ledger: Ledger, assignment: Assignment) -> None:
    graph, life = ledger.graphs[assignment.graph], ledger.lives[assignment.life]
    inside: set[int] = set()
    outside = {*assignment.inputs, *assignment.held, *assignment.remade}
    assert all(graph.recipe[op] for op in assignment.remade)
    assert not set(assignment.remade) & set(assignment.ops), "an op is made twice"
    for op in assignment.ops:
        assert all(operand in inside or operand in outside for operand in graph.ins[op])
        inside.add(op)
    assert len(inside) == len(assignment.ops)
    assert set(assignment.exports) <= inside
    assert set(assignment.keep) <= inside | {*assignment.inputs, *assignment.remade}
    for op in assignment.held:
        assert (assignment.graph, op) in life.held, f"op {op} was dropped and is needed"


def _check_progress(ledger: Ledger) -> None:
    """While an op is needed, it is assigned, or no life that has room could run it."""
    for graph in ledger.graphs.values():
        waits = any(graph.needed[op] and graph.state[op] < ASSIGNED for op in range(graph.total))
        assert not waits or graph.assigned or graph.state.count(READY)
    if ledger.assignments or ledger.lives:
        assert ledger.alarms.next() is not None
