"""Why is a graph not finished? One sentence, for the developer who waits."""

from __future__ import annotations

from .ledger import Ledger
from .state import Graph


def explain(ledger: Ledger, graph: Graph) -> str:
    if graph.finished:
        return f"the graph is finished: {graph.computed} ops computed, {graph.failed} failed"
    if graph.assigned:
        return _computing(ledger, graph)
    if not graph.whole and not any(graph.needed):
        return "nothing of the graph was asked for yet"
    if not ledger.lives:
        return "no contributor is connected"
    if graph.parked:
        op = graph.parked[0]
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
    if len(resting) == len(ledger.lives):
        wait_s = min(life.rest_until for life in resting) - ledger.now
        return f"the contributors refused or crashed; the next is tried again in {wait_s:.1f} s"
    if all(life.silent for life in ledger.lives.values()):
        return "the contributors passed their deadlines and have not been heard of since"
    return "the contributors are busy with other graphs"


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
