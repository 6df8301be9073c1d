"""Why is a graph not finished? One sentence, for the developer who waits."""

from __future__ import annotations

from .ledger import Ledger
from .state import ASSIGNED, COMPUTED, FAILED, WAITING, Graph


def explain(ledger: Ledger, graph: Graph) -> str:
    if graph.finished:
        return f"the graph is finished: {graph.computed} ops computed, {graph.failed} failed"
    if graph.assigned:
        return _computing(ledger, graph)
    if not graph.whole and not any(graph.needed):
        return "nothing of the graph was asked for yet"
    return _ready(ledger, graph, graph.parked[0] if graph.parked else None)


def _ready(ledger: Ledger, graph: Graph, op: int | None) -> str:
    """Why nobody was given ready work: an op that fits nobody, or any."""
    if not ledger.lives:
        return "no contributor is connected"
    if op is not None and op in graph.parked:
        need = footprint(graph, op)
        best = max(ledger.lives.values(), key=lambda life: life.memory_bytes)
        room = int(ledger.settings.work_share * best.memory_bytes)
        return (
            f"op {op} needs {_bytes(need)} and the largest contributor, {best.name}, "
            f"gives {_bytes(room)} of its {_bytes(best.memory_bytes)}"
        )
    if not graph.ready_s and not graph.has_listed:
        return "all that was asked for is computed"
    if ledger.roomy:
        return "its next ops wait for a contributor that has room for them"
    resting = [life for life in ledger.lives.values() if life.rest_until > ledger.now]
    if resting and len(resting) == len(ledger.lives) and all(life.barred for life in resting):
        one = min(resting, key=lambda life: life.rest_until)
        wait_s = one.rest_until - ledger.now
        return f"no other contributor is connected; {one.name} is tried again in {wait_s:.0f} s: {one.barred}"
    if len(resting) == len(ledger.lives):
        wait_s = min(life.rest_until for life in resting) - ledger.now
        return f"the contributors refused or crashed; the next is tried again in {wait_s:.1f} s"
    if all(life.silent for life in ledger.lives.values()):
        return "the contributors passed their deadlines and have not answered since"
    return "the contributors are busy with other graphs"


def explain_op(ledger: Ledger, graph: Graph, op: int) -> str:
    """Why is this op not computed? What it waits for, with whom that is, and since when."""
    if graph.state[op] == COMPUTED:
        return "it is computed"
    if graph.state[op] == FAILED:
        cause, reason = graph.fault[op]
        return f"it failed: {reason}" if cause == op else f"op {cause}, on which it depends, failed: {reason}"
    if not graph.needed[op]:
        return "nobody has asked for it yet"
    first = op
    while graph.state[first] == WAITING:  # the first operand that lacks something, down to one that does not
        first = next(it for it in graph.ins[first] if graph.state[it] < COMPUTED and not graph.recipe[it])
    own = "" if first == op else f"it waits for op {first}: "
    if graph.state[first] == ASSIGNED:
        return own + _assigned(ledger, graph, first)
    return own + _ready(ledger, graph, first)


def _assigned(ledger: Ledger, graph: Graph, op: int) -> str:
    for it in ledger.assignments.values():
        if it.graph == graph.number and op in it.ops:
            for_s, name = ledger.now - it.since, ledger.lives[it.life].name
            others = f"with {len(it.ops) - 1} others " if len(it.ops) > 1 else ""
            said = f"{name} computes it {others}since {for_s:.1f} s (predicted: {it.predicted_s:.1f} s)"
            if it.twin:
                said += f"; as that is late, {ledger.lives[ledger.assignments[it.twin].life].name} does too"
            return said
    raise AssertionError(f"op {op} is assigned and no assignment has it")


def is_late(ledger: Ledger, graph: Graph) -> bool:
    """Has nothing come for longer than was predicted, and noticeably?"""
    mine = [it for it in ledger.assignments.values() if it.graph == graph.number]
    return any(ledger.now - it.since > max(2 * it.predicted_s, ledger.settings.lease_s / 2) for it in mine)


def footprint(graph: Graph, op: int) -> int:
    """Bytes an op needs at a contributor when it is computed alone."""
    return graph.size_bytes[op] + sum([graph.size_bytes[operand] for operand in graph.ins[op]])


def _computing(ledger: Ledger, graph: Graph) -> str:
    mine = [a for a in ledger.assignments.values() if a.graph == graph.number]
    names = sorted({ledger.lives[a.life].name for a in mine})
    first_s = ledger.now - min(a.since for a in mine)
    who = names[0] if len(names) == 1 else f"{len(names)} contributors"
    ops = "1 op is" if graph.assigned == 1 else f"{graph.assigned} ops are"
    return f"{ops} being computed by {who}, the first for {first_s:.1f} s"


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
