"""The ledger: who computes what. The only place where assignments begin and end.

An assignment ends in exactly one of two ways: `result`, by a result of the same life while the
assignment is live, or `take_back`, for every other reason. Whatever comes for an assignment that has
ended is answered by Discard and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from . import faults, lineage, reload
from .cache import Cache
from .company import Company
from .copies import Overdue
from .events import Assign, Commit, Discard, Fail, Instruction, Result, Resumed, Void
from .leases import Alarms, learned_speed, own_seconds
from .room import Room
from .state import (
    ASSIGNED,
    COMPUTED,
    FAILED,
    OPENED,
    Assignment,
    Developer,
    End,
    Graph,
    Life,
    Settings,
    Tries,
)


class Ledger:
    """Graphs, lives, assignments and bills, and the instructions of the event at hand."""

    def __init__(self, settings: Settings, first_assignment: int) -> None:
        self.settings = settings
        self.now = 0.0
        self.graphs: dict[int, Graph] = {}
        self.lives: dict[str, Life] = {}
        self.assignments: dict[int, Assignment] = {}
        self.developers: dict[str, Developer] = {}
        self.alarms = Alarms(settings, self.lives, self.assignments)
        self.overdue = Overdue(settings, self.assignments)
        self.cache = Cache(settings, self.graphs, self.lives)
        self.active: set[int] = set()  #: graphs that may have a ready op
        self.roomy = Room()
        self.expectant: set[str] = set()  #: lives that may go on along what they have just been given
        self.out: list[Instruction] = []
        self._company: Company | None = None
        self._next_assignment = first_assignment
        self._planned: list[Assignment] = []

    def touch(self, graph: Graph) -> None:
        """Something of this graph may have become ready; its developer has no idle time saved up."""
        if not graph.has_listed or graph.number in self.active:
            return
        developer = self.developers[graph.developer]
        if not self._is_busy(graph):
            if not self._busy(developer):
                others = [other.seconds for other in self.developers.values() if self._busy(other)]
                developer.seconds = max(developer.seconds, min(others, default=0.0))
            beside = [other.seconds for other in self._busy(developer)]
            graph.seconds = max(graph.seconds, min(beside, default=0.0))
        self.active.add(graph.number)

    def _is_busy(self, graph: Graph) -> bool:
        return graph.number in self.active or graph.assigned > 0

    def _busy(self, developer: Developer) -> list[Graph]:
        """Those of its graphs that are being worked on."""
        return [graph for number in developer.graphs if self._is_busy(graph := self.graphs[number])]

    def _charge(self, graph: Graph, seconds: float) -> None:
        """Contributor-seconds were handed out, or came back."""
        self.developers[graph.developer].seconds += seconds
        graph.seconds += seconds

    def look_at(self, life: Life) -> None:
        """Is there room at this life?"""
        if len(life.queue) < self.settings.queue_cap and not life.silent and life.rest_until <= self.now:
            self.roomy.put(life)
        else:
            self.roomy.discard(life.life)

    def welcome(self, life: Life) -> None:
        """It came, or came back: what was too large for the others may fit it."""
        for graph in self.graphs.values():
            if graph.parked:
                graph.fresh += graph.parked
                graph.parked.clear()
            self.touch(graph)
        self.look_at(life)
        self.recount()

    def rest(self, life: Life, rest_s: float = 0.0) -> None:
        """No hot loop with a life that refuses or crashes at once: it waits, longer each time."""
        life.rests += 1
        rest_s = rest_s or min(60.0, self.settings.target_s * 2 ** (life.rests - 1))
        life.rest_until = max(life.rest_until, self.now + rest_s)
        self.alarms.rest(life)
        self.look_at(life)
        self.recount()

    def try_again(self, pause_s: float) -> None:
        """Look again after this time whether ready work can be given out."""
        self.alarms.try_again(self.now + max(pause_s, self.settings.retry_s))

    def company(self) -> Company:
        """The contributors together; speeds in it may be a moment old."""
        if self._company is None or self.now - self._company.since > self.settings.target_s:
            self._company = Company(self.lives.values(), self.settings, self.now)
        return self._company

    def recount(self) -> None:
        """Somebody came, went, or may be given work again."""
        self._company = None

    # --- an assignment begins -----------------------------------------------------------------------

    def assign(self, graph: Graph, life: Life, assignment: Assignment) -> None:
        """Take a sealed piece into the books; it is sent at the end of the event, by `send_planned`."""
        assignment.number = self._next_assignment
        self._next_assignment += 1
        self._enter(graph, life, assignment)
        self.expectant.add(life.life)
        for earlier in self._planned:
            if earlier.life == life.life and earlier.graph == graph.number:
                earlier.exports = _without_promised(graph, life, earlier.exports)
        self._planned.append(assignment)

    def _enter(self, graph: Graph, life: Life, assignment: Assignment) -> None:
        settings, size_bytes = self.settings, graph.size_bytes
        assignment.own_s = own_seconds(
            life,
            assignment.cost_s,
            sum([size_bytes[op] for op in assignment.inputs]),
            sum([size_bytes[op] for op in assignment.exports]),
        )
        life.busy_until = max(self.now, life.busy_until) + assignment.own_s
        assignment.since = self.now
        assignment.predicted_s = life.busy_until - self.now
        assignment.deadline = self.now + settings.deadline_factor * assignment.predicted_s + settings.floor_s
        if assignment.twin:  # its ops are counted and paid for already
            self.assignments[assignment.twin].twin = assignment.number
        else:
            assignment.charged_s = assignment.cost_s / life.speed
            self._charge(graph, assignment.charged_s)
            graph.assigned += len(assignment.ops)
        life.queue.append(assignment)
        self.assignments[assignment.number] = assignment
        self.alarms.deadline(assignment)
        self.overdue.watch(assignment)
        self.cache.keep(life, assignment)
        self.look_at(life)

    def resume(self, life: Life, it: Assign) -> None:
        """An assignment of before a restart goes on, if its ops are work still and can be computed."""
        graph = self.graphs.get(it.graph)
        twin = self._dealt_before(graph, it) if graph is not None else None
        has_room = len(life.queue) < self.settings.queue_cap
        if graph is None or not has_room or not reload.is_open(graph, life, it, twin is not None):
            reason = "the server was restarted, and its ops have changed since"
            self.out.append(Void(life.life, it.assignment, it.graph, reason))
            return
        for op in it.held:
            self.cache.enter(life, graph, op)
        inputs = reload.operands_from_outside(graph, it)
        room = int(self.settings.work_share * life.memory_bytes) - sum(a.live_bytes for a in life.queue)
        size = sum(graph.size_bytes[op] for op in (*it.ops, *inputs))
        cost_s = sum(graph.cost_s[op] for op in (*it.ops, *it.remade))
        assignment = Assignment(
            life.life, graph.number, it.ops, inputs, it.held, it.exports, it.keep, it.remade, cost_s,
            min(size, max(0, room)), it.assignment, twin=twin.number if twin else 0,
        )  # fmt: skip
        if twin is None:
            self.fail(graph, reload.take_up(graph, it.ops))
        self._enter(graph, life, assignment)
        self.touch(graph)
        self.out.append(Resumed(replace(it, inputs=inputs, deadline=assignment.deadline)))

    def _dealt_before(self, graph: Graph, it: Assign) -> Assignment | None:
        """The live assignment of the same ops at another life."""
        if it.ops[0] >= graph.total or graph.state[it.ops[0]] != ASSIGNED:
            return None
        for other in self.assignments.values():
            if other.graph == it.graph and other.ops == it.ops and other.life != it.life and not other.twin:
                return other
        return None

    def send_planned(self) -> None:
        for it in self._planned:
            drop = self.cache.take_drops(self.lives[it.life])
            message = Assign(
                it.number, it.life, it.graph, it.ops, it.remade, it.inputs, it.held, it.exports, it.keep,
                drop, it.predicted_s, it.deadline,
            )  # fmt: skip
            self.out.append(message)
        self._planned.clear()

    # --- it ends by a result ------------------------------------------------------------------------

    def result(self, event: Result) -> None:
        assignment = self.assignments.get(event.assignment)
        if assignment is None or assignment.life != event.life:
            self.out.append(Discard(event.assignment, event.life))
            return
        life, graph = self.lives[assignment.life], self.graphs[assignment.graph]
        for op, reason in event.failed:
            if op in assignment.remade:  # it is, or will be, computed elsewhere: that decides
                self.rest(life)
                self.take_back(assignment, f"op {op} could not be made once more: {reason}", End.FAILED)
                return
        twin = self._part(assignment)
        if twin is not None:
            twin.charged_s = 0.0  # paid for, whoever of the two computed it
        self._close(life, assignment)
        life.rests, life.faults = 0, max(0, life.faults - 1)
        life.speed = learned_speed(life, assignment.cost_s, event.exec_s, self.settings)
        for op, size in event.sizes.items():
            graph.size_bytes[op] = size
        self._commit(graph, life, assignment, event.failed)
        if twin is not None and twin.number in self.assignments:
            self._overtake(twin, life)
        self.touch(graph)

    def _commit(
        self, graph: Graph, life: Life, assignment: Assignment, failed: Iterable[tuple[int, str]]
    ) -> None:
        failures: list[lineage.Failure] = []
        state, at_server = graph.state, graph.at_server
        computed, exports = assignment.ops, assignment.exports
        if failed:
            inside = set(assignment.ops)
            for op, reason in failed:
                if op in inside:
                    failures += lineage.fail(graph, op, op, reason)
            computed = [op for op in computed if state[op] == ASSIGNED]
            exports = [op for op in exports if state[op] == ASSIGNED]
            self.cache.forget(life, graph, [op for op in assignment.keep if state[op] == FAILED])
        if graph.tries:
            faults.clear_up(self, graph, life, computed)
        self.cache.release(graph, lineage.commit(graph, computed, exports))
        self.out.append(Commit(assignment.number, life.life, graph.number, computed, exports))
        wanted, open_, recipe = graph.wanted, graph.open, graph.recipe
        forgotten = [
            op for op in computed if not at_server[op] and (wanted[op] or (open_[op] and not recipe[op]))
        ]
        for op in _without_promised(graph, life, forgotten) if forgotten else ():
            failures += lineage.revive(graph, op, OPENED)
        self.fail(graph, failures)

    def _overtake(self, late: Assignment, by: Life) -> None:
        """The other one of two copies has computed it: this one is of no use any more."""
        life = self.lives[late.life]
        if life.queue[0] is late:
            took_s = self.now - late.since
            life.speed = min(life.speed, learned_speed(life, late.cost_s, took_s, self.settings))
        self.take_back(late, f"{by.name} has computed it meanwhile")

    # --- it ends in any other way -------------------------------------------------------------------

    def take_back(self, assignment: Assignment, reason: str, end: End = End.UNTRIED) -> None:
        """An assignment comes to nothing: its ops are work again, and so are those that relied on it."""
        life, graph = self.lives[assignment.life], self.graphs[assignment.graph]
        twin = self._part(assignment)
        self._close(life, assignment)
        if twin is None:
            self._charge(graph, -assignment.charged_s)
        else:
            twin.charged_s += assignment.charged_s
            self.overdue.watch(twin)
        self.out.append(Void(life.life, assignment.number, graph.number, reason))
        self.cache.forget(life, graph, assignment.keep)
        failures: list[lineage.Failure] = []
        for op in assignment.ops:
            if graph.state[op] == ASSIGNED:  # else it is final, which is why the assignment comes back
                if twin is None:
                    graph.assigned -= 1
                    failures += lineage.put_back(graph, op)
                if end is not End.UNTRIED:
                    failures += self._count_try(graph, op, reason, end, assignment)
        if end is End.FAILED:
            faults.doubt(graph, life, assignment.number, assignment.ops, reason)
        kept = set(assignment.keep)
        for behind in list(life.queue):
            if behind.graph == graph.number and not kept.isdisjoint(behind.held):
                self.take_back(behind, "an assignment before it came to nothing")
        self.fail(graph, failures)
        self.touch(graph)

    def take_back_all(self, life: Life, reason: str, end: End) -> None:
        """The piece in front is the one that ran: only its ops have been tried."""
        while life.queue:
            self.take_back(life.queue[0], reason, end)
            end = End.UNTRIED

    def take_back_graph(self, graph: Graph, reason: str) -> None:
        for assignment in list(self.assignments.values()):
            if assignment.graph == graph.number and assignment.number in self.assignments:
                self.take_back(assignment, reason)

    def fail(self, graph: Graph, failures: list[lineage.Failure]) -> None:
        """Tell of failed ops, and take back the assignments that hold some of them."""
        if not failures:
            return
        self.out.append(Fail(graph.number, failures))
        failed = {op for op, _, _ in failures}
        for assignment in list(self.assignments.values()):
            hit = assignment.graph == graph.number and not failed.isdisjoint(assignment.ops)
            if hit and assignment.number in self.assignments:
                self.take_back(assignment, "an op of it has failed")

    def _count_try(
        self, graph: Graph, op: int, reason: str, end: End, assignment: Assignment
    ) -> list[lineage.Failure]:
        """An op is blamed only for what happened while it was alone in its piece."""
        if graph.state[op] == FAILED:
            return []
        tries = graph.tries.setdefault(op, Tries())
        tries.count(end, len(assignment.ops) == 1, assignment.life)
        if not tries.is_guilty(self.settings, len(self.lives) > 1):
            return []
        alone_times = tries.failed_alone + tries.lost_alone
        text = f"gave up after {tries.all} tries, {alone_times} of them alone in its piece: {reason}"
        return lineage.fail(graph, op, op, text)

    def _part(self, assignment: Assignment) -> Assignment | None:
        """From now on the other one of two copies, if there are two, stands alone; returns it."""
        twin = self.assignments[assignment.twin] if assignment.twin else None
        if twin is not None:
            twin.twin = assignment.twin = 0
        return twin

    def _close(self, life: Life, assignment: Assignment) -> None:
        del self.assignments[assignment.number]
        life.queue.remove(assignment)
        life.busy_until = self.now + sum([left.own_s for left in life.queue])
        self.look_at(life)
        self.expectant.add(life.life)


def promised(graph: Graph, life: Life, op: int) -> bool:
    """Does the life keep this value, and are all ops that need it still in the queue of the same life?"""
    return not _without_promised(graph, life, [op])


def _without_promised(graph: Graph, life: Life, ops: list[int]) -> list[int]:
    """Those of the outputs that must come to the server, as somebody else may need them."""
    state, needed, wanted, outs = graph.state, graph.needed, graph.wanted, graph.outs
    here = {op for assignment in life.queue if assignment.graph == graph.number for op in assignment.ops}
    travel = []
    for op in ops:
        stays = graph.open[op] and not wanted[op] and (graph.number, op) in life.held
        for dependent in outs[op] if stays else ():
            if state[dependent] < COMPUTED and needed[dependent] and dependent not in here:
                stays = False
                break
        if not stays:
            travel.append(op)
    return travel
