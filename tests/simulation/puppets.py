"""A stage on which a test decides what every contributor does next, however unlikely.

There is no model of time here: contributors are puppets that run, die, refuse, repeat themselves and lie
when told to. The stage carries out the scheduler's instructions, computes real values, and asserts what
must hold whatever happens: invariants after every event, right values, at most one commit per assignment.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ravsock.scheduler import Scheduler, Settings
from ravsock.scheduler.events import (
    Assign,
    Barred,
    Commit,
    Crash,
    Discard,
    EndGraph,
    Event,
    Fail,
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
    Resumed,
    Tick,
    Void,
)
from ravsock.scheduler.state import COMPUTED, Assignment

from .graphs import Work
from .world import truth, value_of

GRAPH = 1


@dataclass
class Saved:
    """What SQL has of the graph: it may be some events behind."""

    computed: list[int]
    counted: Counter[int]
    recomputed: int
    store: dict[int, int]
    failed: dict[int, int]
    lives: list[str]
    live: dict[str, list[Assign]]
    n_sent: int


@dataclass(eq=False)
class Puppet:
    life: str
    pending: list[Assign] = field(default_factory=list)
    kept: dict[int, int] = field(default_factory=dict)
    inputs: dict[int, dict[int, int]] = field(default_factory=dict)


class Stage:
    def __init__(self, work: Work, settings: Settings | None = None) -> None:
        self.work = work
        self.truth = truth(work)
        self.scheduler = Scheduler(settings)
        self.now = 0.0
        self.puppets: dict[str, Puppet] = {}
        self.store = {op: self.truth[op] for op, source in enumerate(work.source) if source}
        self.sent: list[tuple[Result, dict[int, int]]] = []  #: results so far, to be repeated
        self.committed: Counter[int] = Counter()  #: assignment -> commits
        self.computed: Counter[int] = Counter()  #: op -> times computed
        self.failed: dict[int, int] = {}
        self.guilty: set[int] = set()  #: ops that may be at fault
        self.recomputed = 0  #: by schedulers before a restart
        self.ended = False
        self._lives = 0
        self._payload: dict[int, int] = {}
        self._joins: dict[str, Join] = {}
        self._assigned: dict[int, Assign] = {}
        self._saved: Saved | None = None
        self._open()

    def _open(self) -> None:
        self.tell(OpenGraph(GRAPH, "ada"))
        for event in self.work.batches(GRAPH, random.Random(1), 0.0, batch=7):
            self.tell(event)

    def tell(self, event: Event) -> list[Instruction]:
        instructions = self.scheduler.handle(event, self.now)
        self.scheduler.check()
        for instruction in instructions:
            self._carry_out(instruction)
        return instructions

    def _carry_out(self, it: Instruction) -> None:
        if isinstance(it, Resumed):
            self._assigned[it.assign.assignment] = it.assign
        elif isinstance(it, Assign):
            self._assigned[it.assignment] = it
            inputs = {op: self.store[op] for op in it.inputs}
            puppet = self.puppets.get(it.life)
            if puppet is None:
                return  # it vanished, and the server does not know yet
            for _, op in it.drop:
                puppet.kept.pop(op, None)
            puppet.inputs[it.assignment] = inputs
            puppet.pending.append(it)
        elif isinstance(it, Commit):
            self.committed[it.assignment] += 1
            assert self.committed[it.assignment] == 1
            for op in it.exports:
                assert self._payload[op] == self.truth[op], f"op {op} has a wrong value"
                self.store[op] = self._payload[op]
            self.computed.update(it.computed)
        elif isinstance(it, Void):
            puppet = self.puppets.get(it.life)
            if puppet is not None:
                puppet.pending = [other for other in puppet.pending if other.assignment != it.assignment]
        elif isinstance(it, Fail):
            for op, at_fault, reason in it.failed:
                assert op not in self.failed
                self.failed[op] = at_fault
                if "gave up" in reason:
                    self.guilty.add(at_fault)
        elif isinstance(it, Lost):
            self.puppets.pop(it.life, None)
        else:
            assert isinstance(it, Discard | Barred)

    # --- what a puppet may do -----------------------------------------------------------------------

    def join(self, memory_bytes: int = 10**9, speed: float = 1.0) -> Puppet:
        self._lives += 1
        puppet = self.puppets[f"life-{self._lives}"] = Puppet(f"life-{self._lives}")
        self._joins[puppet.life] = Join(puppet.life, puppet.life, speed, memory_bytes, 1e8, 1e7, 0.01)
        self.tell(self._joins[puppet.life])
        return puppet

    def end(self) -> None:
        self.ended = True
        self.tell(EndGraph(GRAPH))

    def finish(self, puppet: Puppet, failing: tuple[int, ...] = ()) -> None:
        """Run the first assignment, or refuse it if an operand is not there after all."""
        if not puppet.pending:
            return
        it = puppet.pending.pop(0)
        missing = tuple(op for op in it.held if op not in puppet.kept)
        if missing:
            self.tell(Refuse(puppet.life, it.assignment, missing, "not kept"))
            return
        values = puppet.inputs.pop(it.assignment) | {op: puppet.kept[op] for op in it.held}
        bad = [op for op in [*it.remade, *it.ops] if op in failing]
        self.guilty.update(it.ops if set(bad) & set(it.remade) else bad)
        for op in [*it.remade, *it.ops]:
            if op not in bad and all(operand in values for operand in self.work.ins[op]):
                values[op] = value_of(op, [values[operand] for operand in self.work.ins[op]])
        for op in it.keep:
            if op in values:
                puppet.kept[op] = values[op]
        result = Result(puppet.life, it.assignment, 0.01, tuple((op, "singular matrix") for op in bad))
        self._deliver(result, values)
        self.sent.append((result, values))

    def _deliver(self, result: Result, values: dict[int, int]) -> list[Instruction]:
        self._payload = values
        return self.tell(result)

    def repeat(self, which: int) -> None:
        """A result that was delivered before, once more: nothing may change."""
        if self.sent:
            result, values = self.sent[which % len(self.sent)]
            counts = self.scheduler.counts(GRAPH)
            instructions = self._deliver(result, values)
            assert Discard(result.assignment, result.life) in instructions
            assert not any(isinstance(it, Commit) for it in instructions)
            assert self.scheduler.counts(GRAPH)["computed"] == counts["computed"]

    def forge(self, thief: Puppet, owner: Puppet) -> None:
        """A result for somebody else's assignment, with wrong values."""
        if thief is not owner and owner.pending:
            it = owner.pending[0]
            instructions = self._deliver(Result(thief.life, it.assignment, 0.01), dict.fromkeys(it.ops, 13))
            assert Discard(it.assignment, thief.life) in instructions
            assert not any(isinstance(it, Commit) for it in instructions)

    def refuse(self, puppet: Puppet) -> None:
        if puppet.pending:
            it = puppet.pending[0]
            instructions = self.tell(Refuse(puppet.life, it.assignment, (), "out of memory"))
            assert not any(isinstance(new, Assign) and new.life == puppet.life for new in instructions)

    def crash(self, puppet: Puppet) -> None:
        puppet.kept.clear()
        self.tell(Crash(puppet.life, "killed"))

    def leave(self, puppet: Puppet) -> None:
        del self.puppets[puppet.life]
        self.tell(Leave(puppet.life))

    # --- the server dies and is started anew ---------------------------------------------------------

    def save(self) -> None:
        """What is so now is in SQL, and not yet what comes next."""
        ledger = self.scheduler.ledger
        graph = ledger.graphs[GRAPH]
        live = {name: [self._assigned[a.number] for a in life.queue] for name, life in ledger.lives.items()}
        self._saved = Saved(
            [op for op in range(graph.total) if graph.state[op] == COMPUTED and not graph.source[op]],
            self.computed.copy(), graph.recomputed, self.store.copy(), self.failed.copy(),
            list(ledger.lives), live, len(self.sent),
        )  # fmt: skip

    def lose(self, op: int) -> None:
        """A stored value is gone from the disk."""
        if self.work.source[op]:
            self.guilty.add(op)
        del self.store[op]
        if self._saved is not None:
            self._saved.store.pop(op, None)
        self.tell(LoseData(GRAPH, (op,)))

    def restart(self) -> None:
        """A new scheduler goes on with what SQL has; contributors come back with all that they have."""
        if self._saved is None:
            self.save()
        saved, self._saved = self._saved, None
        assert saved is not None
        first = max(self._assigned, default=0) + 1
        self.scheduler = Scheduler(self.scheduler.settings, first)
        self.recomputed += saved.recomputed
        self.computed, self.store, self.failed = saved.counted, saved.store, saved.failed
        self.committed.clear()
        self._open()
        columns = (saved.computed, sorted(self.store), sorted(self.failed))
        self.tell(Restore(GRAPH, *(np.array(column, np.int32) for column in columns)))
        for life in saved.lives:
            self.tell(Resume(self._joins[life], tuple(saved.live[life])))
        resumed = {life: list(self.scheduler.ledger.lives[life].queue) for life in saved.lives}
        if self.ended:
            self.end()
        for life, puppet in list(self.puppets.items()):
            if life in resumed:
                self._come_back(puppet, resumed[life], saved.n_sent)
            else:
                del self.puppets[life]  # its hello was not written down: it has to begin anew

    def _come_back(self, puppet: Puppet, resumed: list[Assignment], n_sent: int) -> None:
        """It says hello, hands in again what was not acknowledged, and is told of what it may have missed."""
        known = {it.assignment for it in puppet.pending}
        unacknowledged = [(r, v) for r, v in self.sent[n_sent:] if r.life == puppet.life]
        known |= {result.assignment for result, _ in unacknowledged}
        for assignment in resumed:
            if assignment.number not in known:
                it = self._assigned[assignment.number]
                puppet.inputs[it.assignment] = {op: self.store[op] for op in assignment.inputs}
                puppet.pending.append(it)
        if puppet.life in self.scheduler.ledger.lives:
            self.tell(self._joins[puppet.life])
            for result, values in unacknowledged:
                self._deliver(result, values)

    def wait(self, seconds: float) -> None:
        """Time passes, and every alarm on the way rings."""
        end = self.now + seconds
        for _ in range(10_000):
            time = self.scheduler.timer()
            if time is None or time > end:
                self.now = end
                return
            self.now = max(self.now, time)
            self.tell(Tick())
        raise AssertionError("the alarms do not come to an end")
