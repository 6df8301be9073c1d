"""Growing a piece for one contributor.

A piece starts at the best ready op and goes on along dependents whose operands are all inside, at the
server or kept by the contributor, deepest first; when there are none, with the next ready op. `grow`
decides which ops and in which order; `seal` then works out, for exactly these ops, what is sent along,
what comes back and what is kept. Everything in the loops is bound to locals: they run once per op.
"""

from __future__ import annotations

from . import ready
from .rules import is_full
from .state import ASSIGNED, READY, WAITING, Assignment, Graph, Life, Settings

#: ready ops that do not fit a contributor, set aside while looking for one that does
_SKIPS = 32


def work_budget(life: Life, settings: Settings) -> int:
    """Bytes that the next piece at this life may need."""
    room = settings.work_share * life.memory_bytes - sum([piece.live_bytes for piece in life.queue])
    if life.queue:
        room = min(room, settings.second_share * life.memory_bytes)
    return int(room)


def grow(graph: Graph, life: Life, budget: int, largest: int, settings: Settings) -> list[int]:
    """Ops for this life, in order of execution, all marked ASSIGNED; empty if none fits in `budget` bytes.

    An op that needs more than `largest`, the budget of the largest contributor when idle, is parked.
    """
    state, ins, outs, missing, needed = graph.state, graph.ins, graph.outs, graph.missing, graph.needed
    size_bytes, path_s, cost_s, tries = graph.size_bytes, graph.path_s, graph.cost_s, graph.tries
    open_, wanted, number, held = graph.open, graph.wanted, graph.number, life.held
    speed, down_bps, up_bps = life.speed, life.down_bps, life.up_bps
    cap, target_s = settings.op_cap, settings.target_s
    outside: dict[int, int] = {}  # op of the piece, in order -> needed dependents outside
    candidates: list[int] = []  # dependents with all operands inside: a stack
    lacking: dict[int, int] = {}  # dependent -> operands not inside
    brought: set[int] = set()  # operands to be sent along
    skipped: list[int] = []
    ready_s = exec_s = down_s = up_s = 0.0
    live_bytes = 0
    while True:
        seed = not candidates
        op = candidates.pop() if candidates else ready.take(graph)
        if op < 0:
            break
        new_bytes = 0
        for operand in ins[op]:
            if operand not in outside and operand not in brought and (number, operand) not in held:
                new_bytes += size_bytes[operand]
        op_s, new_s, made_s = cost_s[op] / speed, new_bytes / down_bps, size_bytes[op] / up_bps
        if tries and op in tries:
            cap = min(cap, max(1, settings.op_cap >> settings.try_shift * tries[op]))
        too_large = live_bytes + new_bytes + size_bytes[op] > budget
        if outside and (
            too_large
            or len(outside) >= cap
            or is_full(exec_s + op_s, down_s + new_s, up_s + made_s, target_s, seed, new_bytes > 0)
        ):
            if seed:
                graph.fresh.append(op)
            break
        if too_large:
            (graph.parked if new_bytes + size_bytes[op] > largest else skipped).append(op)
            if len(skipped) > _SKIPS:
                break
            continue
        state[op] = ASSIGNED
        ready_s += seed and cost_s[op]
        exec_s, down_s, up_s = exec_s + op_s, down_s + new_s, up_s + made_s
        live_bytes += new_bytes + size_bytes[op]
        for operand in ins[op]:
            if operand in outside:
                left = outside[operand] = outside[operand] - 1
                if not left and not wanted[operand]:
                    up_s -= size_bytes[operand] / up_bps
            else:
                brought.add(operand)
        outside[op] = open_[op]
        if outs[op]:
            freed = []
            for dependent in outs[op]:
                if not state[dependent] and needed[dependent]:  # 0 is WAITING
                    left = lacking[dependent] = lacking.get(dependent, missing[dependent]) - 1
                    if not left:
                        freed.append(dependent)
            freed.sort(key=path_s.__getitem__)
            candidates += freed
    graph.ready_s -= ready_s
    graph.fresh += skipped
    return list(outside)


def give_back(graph: Graph, ops: list[int]) -> None:
    """Ops that were grown and will not be assigned."""
    for op in ops:
        if graph.missing[op]:
            graph.state[op] = WAITING
        else:
            graph.state[op] = READY
            graph.ready_s += graph.cost_s[op]
            graph.fresh.append(op)


def seal(graph: Graph, life: Life, piece: list[int]) -> Assignment:
    """What goes along with a piece, what comes back, what the life keeps."""
    ins, outs, open_, wanted = graph.ins, graph.outs, graph.open, graph.wanted
    outside: dict[int, int] = {}  # op of the piece -> needed dependents outside
    used: dict[int, int] = {}  # operand from outside -> dependents in the piece
    for op in piece:
        for operand in ins[op]:
            if operand in outside:
                outside[operand] -= 1
            else:
                used[operand] = used.get(operand, 0) + 1
        outside[op] = open_[op]
    whole = graph.whole
    exports = [op for op in piece if outside[op] or wanted[op] or (whole and not outs[op])]
    keep = [op for op in exports if outside[op]]
    inputs, held = [], []
    for operand, inside in used.items():
        if (graph.number, operand) in life.held:
            held.append(operand)
        else:
            inputs.append(operand)
            if open_[operand] > inside:
                keep.append(operand)
    cost_s, size_bytes = graph.cost_s, graph.size_bytes
    return Assignment(
        life=life.life,
        graph=graph.number,
        ops=piece,
        inputs=inputs,
        held=held,
        exports=exports,
        keep=keep,
        cost_s=sum([cost_s[op] for op in piece]),
        live_bytes=sum([size_bytes[op] for op in piece]) + sum([size_bytes[op] for op in inputs]),
    )
