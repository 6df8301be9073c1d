"""The scheduler: one event in, a list of instructions out; no socket, no SQL, no clock.

Work is cut when somebody has room for it. After each event `_dispatch` offers the room there is to the
ready lists: a piece is grown (grow.py) and becomes an assignment in the ledger (ledger.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import lineage, ready, reload
from .company import wait_s
from .copies import deal_copies
from .events import (
    AddOps,
    CancelGraph,
    Crash,
    EndGraph,
    Event,
    Heard,
    Instruction,
    Join,
    Leave,
    LoseData,
    Lost,
    OpenGraph,
    Refuse,
    Restore,
    Result,
    Resume,
    Tick,
    Want,
)
from .explain import explain, explain_op, is_late
from .grow import Growth, give_back, seal
from .invariants import check
from .leases import LEASE, REST
from .ledger import Ledger
from .state import AWAITED, COMPUTED, OPENED, Assignment, Developer, End, Graph, Life, Settings

#: contributors that may get nothing in one event before the others are not even tried
_REFUSALS = 6


class Scheduler:
    """Decides who computes what. Everything that changes goes through `handle`."""

    def __init__(self, settings: Settings | None = None, first_assignment: int = 1) -> None:
        self.settings = settings or Settings()
        self.ledger = Ledger(self.settings, first_assignment)

    def handle(self, event: Event, now: float) -> list[Instruction]:
        """What happened, and when; returns what is to be done, in order."""
        ledger = self.ledger
        ledger.now = now
        ledger.out = []
        life = ledger.lives.get(getattr(event, "life", ""))
        if life is not None:
            life.heard = now
            beat = type(event) is Heard and not event.answered
            if life.silent and not (beat and now < life.silent_until):
                life.silent = False
                ledger.welcome(life)
            elif beat:
                return ledger.out  # nothing is new: ten thousand heartbeats are not to cost decisions
        _ON[type(event)](self, event)
        self._dispatch()
        return ledger.out

    def timer(self) -> float | None:
        """When `handle(Tick(), ...)` is needed next, or None."""
        return self.ledger.alarms.next()

    def counts(self, graph: int) -> dict[str, int]:
        it = self.ledger.graphs[graph]
        return {
            "total": it.total,
            "computed": it.computed,
            "computing": it.assigned,
            "pending": it.total - it.computed - it.assigned - it.failed,
            "failed": it.failed,
        }

    def is_available(self, graph: int, op: int) -> bool:
        """Is the value of this op at the server?"""
        return bool(self.ledger.graphs[graph].at_server[op])

    def is_computed(self, graph: int, op: int) -> bool:
        """Is this op computed, wherever its value is (or was forgotten)?"""
        return self.ledger.graphs[graph].state[op] == COMPUTED

    def explain(self, graph: int) -> str:
        """One sentence for people: why is this graph not finished?"""
        return explain(self.ledger, self.ledger.graphs[graph])

    def explain_op(self, graph: int, op: int) -> str:
        """The same for one op."""
        return explain_op(self.ledger, self.ledger.graphs[graph], op)

    def is_late(self, graph: int) -> bool:
        """Is something of the graph being computed for longer than was predicted?"""
        return is_late(self.ledger, self.ledger.graphs[graph])

    def check(self) -> None:
        """Assert every invariant of state.py; for tests, as it looks at everything."""
        check(self.ledger)

    # --- graphs -------------------------------------------------------------------------------------

    def _open(self, event: OpenGraph) -> None:
        self.ledger.graphs[event.graph] = Graph(event.graph, event.developer, event.priority)
        self.ledger.developers.setdefault(event.developer, Developer()).graphs.add(event.graph)

    def _add(self, event: AddOps) -> None:
        graph = self.ledger.graphs[event.graph]
        self.ledger.fail(graph, lineage.add(graph, event))
        if graph.idle_s > self.settings.target_s:
            self._open_whole(graph)
        self.ledger.touch(graph)

    def _want(self, event: Want) -> None:
        graph = self.ledger.graphs[event.graph]
        self.ledger.fail(graph, lineage.want(graph, event.ops))
        if event.dispatch:
            self.ledger.fail(graph, lineage.need(graph, event.ops, AWAITED))
        self.ledger.touch(graph)

    def _end(self, event: EndGraph) -> None:
        graph = self.ledger.graphs[event.graph]
        self.ledger.fail(graph, lineage.want(graph, lineage.sinks(graph)))
        self._open_whole(graph)
        self.ledger.touch(graph)

    def _open_whole(self, graph: Graph) -> None:
        if not graph.whole:
            graph.whole = True
            self.ledger.fail(graph, lineage.need(graph, range(graph.total), OPENED))

    def _cancel(self, event: CancelGraph) -> None:
        """Also how a finished graph is forgotten: then there is nothing to take back."""
        ledger = self.ledger
        graph = ledger.graphs.get(event.graph)
        if graph is None:
            return
        ledger.take_back_graph(graph, "the graph was cancelled")
        ledger.cache.release(graph, list(graph.holders))
        ledger.active.discard(graph.number)
        del ledger.graphs[graph.number]
        developer = ledger.developers[graph.developer]
        developer.graphs.discard(graph.number)
        if not developer.graphs:
            del ledger.developers[graph.developer]

    def _restore(self, event: Restore) -> None:
        graph = self.ledger.graphs[event.graph]
        self.ledger.take_back_graph(graph, "the graph was reloaded")
        self.ledger.fail(graph, reload.restore(graph, event))
        self.ledger.touch(graph)

    def _lose(self, event: LoseData) -> None:
        graph = self.ledger.graphs[event.graph]
        for op in event.ops:
            graph.at_server[op] = 0
            if graph.state[op] == COMPUTED and (graph.wanted[op] or graph.open[op] or graph.source[op]):
                self.ledger.fail(graph, lineage.revive(graph, op, OPENED))
        self.ledger.touch(graph)

    # --- lives --------------------------------------------------------------------------------------

    def _join(self, event: Join) -> None:
        ledger = self.ledger
        life = ledger.lives.get(event.life)
        if life is None:
            life = self._begin(event)
        else:  # the same process connected again: it keeps its assignments and what was learned of its speed
            life.memory_bytes, life.latency_s = event.memory_bytes, event.latency_s
            life.down_bps, life.up_bps = event.down_bps, event.up_bps
        ledger.welcome(life)

    def _begin(self, event: Join) -> Life:
        ledger = self.ledger
        life = ledger.lives[event.life] = Life(
            event.life, event.name, event.speed, event.memory_bytes,
            event.down_bps, event.up_bps, event.latency_s, ledger.now,
        )  # fmt: skip
        ledger.alarms.lease(life)
        ledger.recount()
        return life

    def _resume(self, event: Resume) -> None:
        """Its lease starts anew; until it joins or answers it gets nothing more."""
        life = self._begin(event.join)
        life.silent, life.silent_until = True, self.ledger.now + self.settings.silence_s
        for assignment in event.assignments:
            self.ledger.resume(life, assignment)
        life.drops += [key for key in event.drops if key not in life.held]

    def _heard(self, event: Heard) -> None:
        """Its lease was renewed already."""

    def _leave(self, event: Leave) -> None:
        if event.life in self.ledger.lives:
            self._bury(self.ledger.lives[event.life], "the contributor left", End.UNTRIED)

    def _bury(self, life: Life, reason: str, end: End) -> None:
        self.ledger.take_back_all(life, reason, end)
        self.ledger.cache.clear(life)
        self.ledger.roomy.discard(life.life)
        self.ledger.expectant.discard(life.life)
        del self.ledger.lives[life.life]
        self.ledger.recount()

    def _result(self, event: Result) -> None:
        self.ledger.result(event)

    def _refuse(self, event: Refuse) -> None:
        ledger = self.ledger
        assignment = ledger.assignments.get(event.assignment)
        if assignment is None or assignment.life != event.life:
            return
        life = ledger.lives[event.life]
        if event.missing:
            ledger.cache.forget(life, ledger.graphs[assignment.graph], event.missing)
            ledger.take_back(assignment, "operands were missing")
            for other in list(life.queue):
                lacks = other.graph == assignment.graph and not set(event.missing).isdisjoint(other.held)
                if lacks and other.number in ledger.assignments:
                    ledger.take_back(other, "operands were missing")
        else:
            ledger.rest(life)
            ledger.take_back(assignment, event.reason, End.FAILED if event.tried else End.UNTRIED)

    def _crash(self, event: Crash) -> None:
        life = self.ledger.lives.get(event.life)
        if life is not None:
            self.ledger.take_back_all(life, event.reason, End.FAILED)
            self.ledger.cache.clear(life)
            self.ledger.rest(life)

    def _tick(self, event: Tick) -> None:
        ledger = self.ledger
        for kind, life_id in ledger.alarms.ring(ledger.now):
            life = ledger.lives[life_id]
            if kind == REST:
                life.barred = ""
                ledger.welcome(life)
            elif kind == LEASE:
                reason = f"{life.name} was not heard of for {self.settings.lease_s:g} s"
                self._bury(life, reason, End.LOST)
                ledger.out.append(Lost(life_id, reason))
            else:
                life.silent, life.silent_until = True, ledger.now + self.settings.silence_s
                ledger.recount()
                life.speed /= 2
                is_there = ledger.now - life.heard < self.settings.lease_s / 2
                end = End.FAILED if is_there else End.LOST
                ledger.take_back_all(life, f"{life.name} passed its deadline", end)
                ledger.look_at(life)

    # --- dispatch -----------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Give work to lives with room, idle before busy, faster first; then what follows, and copies."""
        ledger = self.ledger
        ledger.alarms.retry = None
        refusals = 0
        for name in ledger.roomy.best_first() if ledger.active else ():
            refusals += not self._serve(ledger.lives[name])
            if not ledger.active or refusals >= _REFUSALS:
                break
        self._keep_on()
        deal_copies(ledger)
        ledger.send_planned()

    def _keep_on(self) -> None:
        """Along promised operands, for lives that would wait for nothing but a message."""
        ledger, now = self.ledger, self.ledger.now
        for name in sorted(ledger.expectant):
            life = ledger.lives[name]
            if name not in ledger.roomy or not life.queue or not life.queue[-1].keep:
                ledger.expectant.discard(name)
                continue
            ahead_s = self.settings.ahead_s + 2 * life.latency_s
            if life.busy_until > now + ahead_s:
                ledger.try_again(life.busy_until - ahead_s - now)
                continue
            ledger.expectant.discard(name)
            graph = ledger.graphs[life.queue[-1].graph]
            assignment = self._grow(graph, life, seeds=False)
            if assignment is not None:
                ledger.assign(graph, life, assignment)

    def _serve(self, life: Life) -> bool:
        """Grow a piece for this life, for the developer who was given the fewest seconds so far."""
        ledger = self.ledger
        company = ledger.company()
        for graph in self._by_share():
            assignment = self._grow(graph, life)
            if assignment is None:
                continue
            better = company.better(life, graph, assignment, ledger.lives, ledger.now)
            if better is None:
                ledger.assign(graph, life, assignment)
                return True
            give_back(graph, assignment.ops)
            ledger.touch(graph)
            if better.life in ledger.roomy:
                for one in (better, life):  # should it not fit the better one after all
                    if assignment := self._grow(graph, one):
                        ledger.assign(graph, one, assignment)
                        return True
            ledger.try_again(wait_s(better, ledger.now))
        return False

    def _grow(self, graph: Graph, life: Life, seeds: bool = True) -> Assignment | None:
        ready.settle(graph)
        growth = Growth(graph, life, self.ledger.company(), self.settings, self.ledger.now)
        piece = growth.run(seeds)
        if not graph.has_listed:
            self.ledger.active.discard(graph.number)
        return seal(graph, life, piece, growth.peak_bytes) if piece else None

    def _by_share(self) -> list[Graph]:
        ledger = self.ledger
        graphs = [ledger.graphs[number] for number in ledger.active]
        if len(graphs) > 1:
            graphs.sort(key=self._share)
        return graphs

    def _share(self, graph: Graph) -> tuple[float, str, int, float, int]:
        """The developer with the fewest seconds, its most urgent graph, of these the one with the fewest."""
        seconds = self.ledger.developers[graph.developer].seconds
        return seconds, graph.developer, -graph.priority, graph.seconds, graph.number


_ON: dict[type, Callable[[Scheduler, Any], None]] = {
    OpenGraph: Scheduler._open,
    AddOps: Scheduler._add,
    Want: Scheduler._want,
    EndGraph: Scheduler._end,
    CancelGraph: Scheduler._cancel,
    Restore: Scheduler._restore,
    LoseData: Scheduler._lose,
    Join: Scheduler._join,
    Resume: Scheduler._resume,
    Heard: Scheduler._heard,
    Leave: Scheduler._leave,
    Result: Scheduler._result,
    Refuse: Scheduler._refuse,
    Crash: Scheduler._crash,
    Tick: Scheduler._tick,
}
