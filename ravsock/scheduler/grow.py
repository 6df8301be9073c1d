"""Growing a piece for one contributor.

A piece starts at the best ready op and goes on along dependents whose operands are all inside, at the
server or kept by the contributor, deepest first; when there are none, with the next ready op. `Growth`
decides which ops and in which order; `seal` then works out, for exactly these ops, what is sent along,
what comes back and what is kept.
"""

from __future__ import annotations

from itertools import chain

from . import ready
from .company import Company, wait_s
from .leaves import take_leaves
from .rules import best_length, has_share, is_full, should_close
from .state import ASSIGNED, FEW, READY, WAITING, Assignment, Graph, Life, Settings

#: ready ops that do not fit a contributor, set aside while looking for one that does
_SKIPS = 32
#: dependents of the last op that are looked at for a sibling
_SIBLINGS = 8


def work_budget(life: Life, settings: Settings) -> int:
    """Bytes that the next piece at this life may need."""
    room = settings.work_share * life.memory_bytes - sum([piece.live_bytes for piece in life.queue])
    if life.queue:
        room = min(room, settings.second_share * life.memory_bytes)
    return int(room)


class Growth:
    """One piece while it grows. What its loops need is bound to locals in each step."""

    __slots__ = (
        "budget", "busy_s", "candidate_s", "candidates", "cap", "company", "down_s", "efficiency",
        "exec_s", "first_up_s", "graph", "here", "lacking", "last", "leaf_count", "life",
        "live_bytes", "outside", "peak_bytes", "round_trip_s", "seed_s", "seeds", "settings",
        "share_s", "skipped", "target_s", "up_s",
    )  # fmt: skip

    def __init__(self, graph: Graph, life: Life, company: Company, settings: Settings, now: float) -> None:
        self.graph, self.life, self.company, self.settings = graph, life, company, settings
        self.busy_s = wait_s(life, now)
        self.budget = work_budget(life, settings)
        self.round_trip_s = 2 * life.latency_s + settings.message_s
        self.target_s = settings.target_s / 2**life.faults
        self.cap = max(1, settings.op_cap >> life.faults)
        self.outside: dict[int, int] = {}  #: op of the piece, in order -> needed dependents outside
        self.candidates: list[int] = []  #: dependents with all operands inside: a stack
        self.lacking: dict[int, int] = {}  #: dependent -> operands not inside
        self.here: set[int] = set()  #: ops of the piece and their operands
        self.skipped: list[int] = []  #: ready ops that do not fit this life now
        self.share_s = graph.ready_s / settings.share_divisor * life.speed / company.total_speed
        self.exec_s = self.down_s = self.up_s = self.seed_s = self.first_up_s = self.candidate_s = 0.0
        self.seeds = self.live_bytes = self.peak_bytes = 0
        self.last = -1  #: the op added last
        self.leaf_count = 2 * FEW  #: leaves to be looked at together
        self.efficiency: list[float] = []  #: of each prefix: the part of its time that is computing

    def run(self, with_seeds: bool) -> list[int]:
        """The ops, in order of execution, all marked ASSIGNED; empty if none fits.

        Without seeds, only what follows from the assignments that the life has already.
        """
        graph = self.graph
        self._look_ahead()
        while True:
            if self.candidates:
                if len(self.candidates) > 1 and self._is_awaited(self.exec_s):
                    break
                op, is_seed = self.candidates.pop(), False
                self.candidate_s -= graph.cost_s[op]
            elif not with_seeds or self._is_enough():
                break
            elif take_leaves(self):
                continue
            else:
                op, is_seed = self._next_seed(), True
            if op < 0 or not self._add(op, is_seed):
                break
        graph.ready_s -= self.seed_s
        graph.fresh += self.skipped
        piece = list(self.outside)
        length = best_length(self.efficiency)
        give_back(graph, piece[length:])
        return piece[:length]

    def _next_seed(self) -> int:
        """*sibling*: a ready op that frees a dependent of the last one, else the best ready op, or -1."""
        graph, lacking, last = self.graph, self.lacking, self.last
        if last >= 0:
            for dependent in graph.outs[last][:_SIBLINGS]:
                if lacking.get(dependent) == 1:
                    for operand in graph.ins[dependent]:
                        if graph.state[operand] == READY and not graph.recipe[operand]:
                            return operand
        return ready.take(graph)

    def _look_ahead(self) -> None:
        """*promise*: start with dependents of what the assignments in the queue will have made and kept.

        The operands never travel and nobody waits for the message in between. At a fan-out that others
        hunger for, it is left to them.
        """
        life, state, number = self.life, self.graph.state, self.graph.number
        recipe = self.graph.recipe
        for assignment in life.queue:
            if assignment.graph == number:
                for op in assignment.keep:
                    if state[op] == ASSIGNED and (number, op) in life.held and not recipe[op]:
                        self._free_dependents(op)
        if len(self.candidates) > 1 and self._is_awaited(self.busy_s):
            self.candidates.clear()
            self.lacking.clear()
            self.candidate_s = 0.0

    def _is_awaited(self, busy_s: float) -> bool:
        """Do others hunger for the candidates, while this life is busy for so long?"""
        company = self.company
        rest_s = (self.graph.ready_s - self.seed_s) / company.total_speed
        others = min(len(self.candidates), company.count) - 1
        lent_s = self.candidate_s / self.life.speed * others / (others + 1)
        return others > 0 and should_close(rest_s, busy_s, lent_s, self.round_trip_s + self.up_s)

    def _is_enough(self) -> bool:
        """Must others have the next seed?"""
        if self.seeds == 1:
            self.first_up_s = self.up_s
        if self.seeds == 0 or self.seed_s < self.share_s:
            return False
        saved_up_s = self.up_s if self.seeds == 1 else self.seeds * self.first_up_s - self.up_s
        worthwhile_s = self.round_trip_s + saved_up_s
        return bool(has_share(self.seed_s, self.share_s, self.exec_s + self.down_s, worthwhile_s))

    def _add(self, op: int, is_seed: bool) -> bool:
        """Take an op into the piece, or aside if it does not fit; False if the piece ends before it."""
        graph, life, outside, here = self.graph, self.life, self.outside, self.here
        operands, size = graph.ins[op], graph.size_bytes[op]
        cost_s, new_bytes, live_bytes = graph.cost_s[op], 0, self.live_bytes + size
        for operand in operands:
            if operand not in here and (graph.number, operand) not in life.held:
                operand_bytes = graph.size_bytes[operand]
                live_bytes += operand_bytes
                if graph.recipe[operand]:
                    cost_s += graph.cost_s[operand]
                else:
                    new_bytes += operand_bytes
        exec_s = self.exec_s + cost_s / life.speed
        down_s = self.down_s + new_bytes / life.down_bps
        up_s = self.up_s + size / life.up_bps
        total_s = exec_s + down_s + up_s
        if graph.tries and op in graph.tries:
            self.cap = min(self.cap, self.settings.op_cap >> self.settings.try_shift * graph.tries[op].all)
        if (live_bytes > self.budget or len(outside) >= self.cap or total_s > self.target_s) and (
            self._ends_before(op, live_bytes, is_seed, exec_s, down_s, up_s, new_bytes > 0)
        ):
            return False
        if live_bytes > self.budget:
            if is_seed:
                (graph.parked if live_bytes > self.company.largest_bytes else self.skipped).append(op)
            return len(self.skipped) < _SKIPS
        if live_bytes > self.peak_bytes:
            self.peak_bytes = live_bytes
        if is_seed:
            self.seeds += 1
            self.seed_s += graph.cost_s[op]
        for operand in operands:
            if operand in outside:
                left = outside[operand] = outside[operand] - 1
                if not left and not graph.wanted[operand]:
                    up_s -= graph.size_bytes[operand] / life.up_bps
                    live_bytes -= graph.size_bytes[operand]
            else:
                here.add(operand)
        self.exec_s, self.down_s, self.up_s, self.live_bytes = exec_s, down_s, up_s, live_bytes
        self.efficiency.append(exec_s / (exec_s + down_s + up_s + self.round_trip_s))
        self.last = op
        graph.state[op] = ASSIGNED
        outside[op] = graph.open[op]
        here.add(op)
        if graph.outs[op] and not graph.recipe[op]:
            self._free_dependents(op)
        return True

    def _ends_before(
        self, op: int, live_bytes: int, is_seed: bool, exec_s: float, down_s: float, up_s: float, brings: bool
    ) -> bool:
        """Something is over its limit with this op: does the piece end here?"""
        if not self.outside:
            return False
        ends = (
            live_bytes > self.budget
            or len(self.outside) >= self.cap
            or is_full(exec_s, down_s, up_s, self.target_s, is_seed, brings)
        )
        if ends and is_seed:
            self.graph.fresh.append(op)
        return ends

    def _free_dependents(self, op: int) -> None:
        """Dependents that lack nothing more become candidates, the longest path on top."""
        graph, lacking = self.graph, self.lacking
        state, needed, missing = graph.state, graph.needed, graph.missing
        freed = []
        for dependent in graph.outs[op]:
            if not state[dependent] and needed[dependent]:  # 0 is WAITING
                left = lacking[dependent] = lacking.get(dependent, missing[dependent]) - 1
                if not left:
                    freed.append(dependent)
                    self.candidate_s += graph.cost_s[dependent]
        freed.sort(key=graph.path_s.__getitem__)
        self.candidates += freed


def give_back(graph: Graph, ops: list[int]) -> None:
    """Ops that were grown and will not be assigned."""
    for op in ops:
        if graph.missing[op]:
            graph.state[op] = WAITING
        else:
            graph.state[op] = READY
            graph.ready_s += graph.cost_s[op]
            graph.fresh.append(op)


def seal(
    graph: Graph, life: Life, piece: list[int], peak_bytes: int, owns_recipes: bool = True
) -> Assignment:
    """What goes along with a piece, what is made once more, what comes back, what the life keeps.

    Recipes that the piece uses and that nobody has made yet become ops of it, if it `owns_recipes`.
    """
    ins, outs, open_, wanted = graph.ins, graph.outs, graph.open, graph.wanted
    own_recipes = [op for op in piece if graph.recipe[op]]
    if own_recipes:  # taken as a seed by itself, maybe behind an op that uses it
        piece = own_recipes + [op for op in piece if not graph.recipe[op]]
    outside: dict[int, int] = {}  # op of the piece -> needed dependents outside
    used: dict[int, int] = {}  # operand from outside -> dependents in the piece
    for op in piece:
        for operand in ins[op]:
            if operand in outside:
                outside[operand] -= 1
            else:
                used[operand] = used.get(operand, 0) + 1
        outside[op] = open_[op]
    whole, recipe = graph.whole, graph.recipe
    exports = [
        op for op in piece if wanted[op] or (outside[op] and not recipe[op]) or (whole and not outs[op])
    ]
    keep = [op for op in piece if outside[op]]
    inputs: list[int] = []
    held: list[int] = []
    recipes: list[int] = []
    for operand, inside in used.items():
        if (graph.number, operand) in life.held:
            held.append(operand)
        else:
            (recipes if recipe[operand] else inputs).append(operand)
            if open_[operand] > inside:
                keep.append(operand)
    own = [op for op in recipes if owns_recipes and graph.state[op] == READY]
    remade = [op for op in recipes if op not in own]
    cost_s = graph.cost_s
    for op in own:
        graph.state[op] = ASSIGNED
        graph.ready_s -= cost_s[op]
    return Assignment(
        life=life.life,
        graph=graph.number,
        ops=own + piece,
        inputs=inputs,
        held=held,
        exports=[op for op in own if wanted[op]] + exports,
        keep=keep,
        remade=remade,
        cost_s=sum([cost_s[op] for op in chain(recipes, piece)]),
        live_bytes=peak_bytes,
    )
