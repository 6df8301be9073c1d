"""The discrete-event simulation: links, computing, deaths, and an oracle of the values.

A contributor has one computing thread and a FIFO link each way; the server has a shared link and a CPU that
every message costs. An op's value is an integer made of its number and its operands' values, so a value
that is lost, doubled or mixed up shows at once: each one that comes to the server is compared with the
truth. All randomness comes from one seed.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ravsock.scheduler import Scheduler, Settings
from ravsock.scheduler.events import (
    Assign,
    Barred,
    Commit,
    Discard,
    EndGraph,
    Event,
    Fail,
    Heard,
    Join,
    Leave,
    Lost,
    OpenGraph,
    Refuse,
    Result,
    Tick,
    Void,
)

from .crowds import Crowd, Peer
from .graphs import Work

#: what a message costs the server's one thread, and an op the contributor's interpreter
ASSIGN_S, ASSIGN_OP_S, RESULT_S, RESULT_OP_S, OP_S = 150e-6, 8e-6, 250e-6, 15e-6, 20e-6
#: a heartbeat comes this often
HEARTBEAT_S = 3.0
#: speed and cost are known at the start to this precision
NOISE = 0.3

Key = tuple[int, int]


def truth(work: Work) -> list[int]:
    """The value of every op."""
    values: list[int] = []
    for op, operands in enumerate(work.ins):
        values.append(value_of(op, [values[operand] for operand in operands]))
    return values


def value_of(op: int, operands: list[int]) -> int:
    return hash((op, *operands))


@dataclass(eq=False)
class Actor:
    """One life of a simulated contributor."""

    life: str
    peer: Peer
    alive: bool = True
    told: bool = True  #: the server still believes in it
    inbox: list[Assign] = field(default_factory=list)
    running: Assign | None = None
    down_free: float = 0.0
    up_free: float = 0.0
    payloads: dict[int, dict[Key, int]] = field(default_factory=dict)
    kept: dict[Key, int] = field(default_factory=dict)
    voided: set[int] = field(default_factory=set)
    busy_s: float = 0.0


@dataclass
class Outcome:
    finished_s: dict[int, float] = field(default_factory=dict)
    makespan_s: float = 0.0
    assignments: int = 0
    messages: int = 0
    down_bytes: int = 0
    up_bytes: int = 0
    recomputed: int = 0
    #: ops per peer name in committed pieces
    ops: Counter[str] = field(default_factory=Counter)
    failed: dict[Key, str] = field(default_factory=dict)
    #: how often each value came to the server
    stored: Counter[Key] = field(default_factory=Counter)


class World:
    def __init__(
        self, crowd: Crowd, seed: int = 1, settings: Settings | None = None, checked: bool = False
    ) -> None:
        self.crowd = crowd
        self.rng = random.Random(seed)
        self.scheduler = Scheduler(settings)
        self.checked = checked
        self.now = 0.0
        self.outcome = Outcome()
        self.works: dict[int, Work] = {}
        self.store: dict[Key, int] = {}
        self.actors: dict[str, Actor] = {}
        self.results: dict[int, dict[Key, int]] = {}
        self._truth: dict[int, list[int]] = {}
        self._open: set[int] = set()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0
        self._lives = 0
        self._cpu_free = self._out_free = self._in_free = 0.0
        self._tick_at: float | None = None
        for peer in crowd.peers:
            self.at(0.0, lambda peer=peer: self.join(peer))  # type: ignore[misc]

    def at(self, time: float, action: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (time, self._sequence, action))

    def submit(
        self, work: Work, graph: int = 1, developer: str = "ada", at: float = 0.001, priority: int = 0
    ) -> None:
        self.works[graph] = work
        self._truth[graph] = truth(work)
        self._open.add(graph)

        def arrive() -> None:
            for op, source in enumerate(work.source):
                if source:
                    self.store[graph, op] = self._truth[graph][op]
            self.tell(OpenGraph(graph, developer, priority))
            for event in work.batches(graph, self.rng, NOISE):
                self.tell(event)
            self.tell(EndGraph(graph))

        self.at(at, arrive)

    def run(self, limit_s: float = 900.0) -> Outcome:
        while self._events and self._open:
            time, _, action = heapq.heappop(self._events)
            if time > limit_s:
                self.now = limit_s
                break
            self.now = time
            action()
        self.outcome.makespan_s = self.now
        self.outcome.recomputed = sum(it.recomputed for it in self.scheduler.ledger.graphs.values())
        return self.outcome

    # --- the server ---------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Give the scheduler an event and carry out what it wants."""
        for instruction in self.scheduler.handle(event, self.now):
            if isinstance(instruction, Assign):
                self._send(instruction)
            elif isinstance(instruction, Commit):
                self._commit(instruction)
            elif isinstance(instruction, Void):
                actor = self.actors[instruction.life]
                self.at(self.now + actor.peer.latency_s, lambda it=instruction: self._void(it))  # type: ignore[misc]
            elif isinstance(instruction, Fail):
                for op, _, reason in instruction.failed:
                    assert (instruction.graph, op) not in self.outcome.failed
                    self.outcome.failed[instruction.graph, op] = reason
            elif isinstance(instruction, Lost):
                self._lost(self.actors[instruction.life])
            else:
                assert isinstance(instruction, Discard | Barred)
        if self.checked:
            self.scheduler.check()
        for graph in list(self._open):
            it = self.scheduler.ledger.graphs.get(graph)
            if it is not None and it.whole and it.finished:
                self._open.discard(graph)
                self.outcome.finished_s[graph] = self.now
        self._set_timer()

    def _set_timer(self) -> None:
        time = self.scheduler.timer()
        if time is not None and time != self._tick_at:
            self._tick_at = time
            self.at(max(time, self.now), lambda: self._tick(time))

    def _tick(self, time: float) -> None:
        if self._tick_at == time:
            self._tick_at = None
            self.tell(Tick())

    def _send(self, it: Assign) -> None:
        actor = self.actors[it.life]
        work = self.works[it.graph]
        payload = {(it.graph, op): self.store[it.graph, op] for op in it.inputs}
        size = sum(work.size_bytes[op] for op in it.inputs) + 20 * len(it.ops)
        self._cpu_free = max(self.now, self._cpu_free) + ASSIGN_S + ASSIGN_OP_S * len(it.ops)
        self._out_free = max(self._cpu_free, self._out_free) + size / self.crowd.server_bps
        start = max(self._cpu_free, actor.down_free)
        actor.down_free = max(start + size / actor.peer.down_bps, self._out_free)
        self.outcome.assignments += 1
        self.outcome.messages += 1
        self.outcome.down_bytes += size
        self.at(actor.down_free + actor.peer.latency_s, lambda: self._arrive(actor, it, payload))

    def _commit(self, it: Commit) -> None:
        payload = self.results.pop(it.assignment)
        for op in it.exports:
            key = (it.graph, op)
            assert payload[key] == self._truth[it.graph][op], f"op {op} has a wrong value"
            self.store[key] = payload[key]
            self.outcome.stored[key] += 1
        self.outcome.ops[self.actors[it.life].peer.name] += len(it.computed)

    def _lost(self, actor: Actor) -> None:
        actor.told = False
        actor.alive = False
        self.at(self.now + self.crowd.back_s, lambda: self.join(actor.peer))

    # --- a contributor ------------------------------------------------------------------------------

    def join(self, peer: Peer) -> Actor:
        self._lives += 1
        actor = self.actors[life] = Actor(life := f"{peer.name}/{self._lives}", peer)
        measured = peer.speed * self.rng.uniform(1 - NOISE, 1 + NOISE)
        self.tell(
            Join(life, peer.name, measured, peer.memory_bytes, peer.down_bps, peer.up_bps, peer.latency_s)
        )
        self.at(self.now + HEARTBEAT_S, lambda: self._beat(actor))
        if self.crowd.mean_life_s is not None:
            self.at(self.now + self.rng.expovariate(1 / self.crowd.mean_life_s), lambda: self._go(actor))
        return actor

    def _beat(self, actor: Actor) -> None:
        if actor.alive:
            self.tell(Heard(actor.life))
            self.at(self.now + HEARTBEAT_S, lambda: self._beat(actor))

    def _go(self, actor: Actor) -> None:
        if not actor.alive:
            return
        actor.alive = False
        if self.rng.random() >= self.crowd.silent:
            actor.told = False
            self.tell(Leave(actor.life))
            self.at(self.now + self.crowd.back_s, lambda: self.join(actor.peer))

    def _arrive(self, actor: Actor, it: Assign, payload: dict[Key, int]) -> None:
        if actor.alive and it.assignment not in actor.voided:
            for key in it.drop:
                actor.kept.pop(key, None)
            actor.payloads[it.assignment] = payload
            actor.inbox.append(it)
            self._start(actor)

    def _start(self, actor: Actor) -> None:
        if actor.running is not None or not actor.inbox:
            return
        it = actor.running = actor.inbox.pop(0)
        work = self.works[it.graph]
        missing = tuple(op for op in it.held if (it.graph, op) not in actor.kept)
        if missing:
            actor.running = None
            self.at(
                self.now + actor.peer.latency_s,
                lambda: self.tell(Refuse(actor.life, it.assignment, missing, "not kept")),
            )
            self._start(actor)
            return
        ops = [*it.remade, *it.ops]
        exec_s = sum(work.cost_s[op] for op in ops) / actor.peer.speed + OP_S * len(ops)
        if self.rng.random() < self.crowd.stalls:
            exec_s *= 20
        self.at(self.now + exec_s, lambda: self._finish(actor, it, exec_s))

    def _finish(self, actor: Actor, it: Assign, exec_s: float) -> None:
        if not actor.alive or actor.running is not it:
            return
        actor.running = None
        actor.busy_s += exec_s
        values = actor.payloads.pop(it.assignment)
        for op in it.held:
            values[it.graph, op] = actor.kept[it.graph, op]
        work = self.works[it.graph]
        for op in [*it.remade, *it.ops]:
            operands = [values[it.graph, operand] for operand in work.ins[op]]
            values[it.graph, op] = value_of(op, operands)
        for op in it.keep:
            actor.kept[it.graph, op] = values[it.graph, op]
        exported = {(it.graph, op): values[it.graph, op] for op in it.exports}
        self._upload(actor, it, exported, exec_s)
        if self.rng.random() < self.crowd.repeats:
            self._upload(actor, it, exported, exec_s)
        self._start(actor)

    def _upload(self, actor: Actor, it: Assign, exported: dict[Key, int], exec_s: float) -> None:
        size = sum(self.works[it.graph].size_bytes[op] for op in it.exports)
        actor.up_free = max(self.now, actor.up_free) + size / actor.peer.up_bps
        self._in_free = max(self.now, self._in_free) + size / self.crowd.server_bps
        arrival = max(actor.up_free, self._in_free) + actor.peer.latency_s
        self.outcome.up_bytes += size
        self.at(arrival, lambda: self._receive(actor, it, exported, exec_s))

    def _receive(self, actor: Actor, it: Assign, exported: dict[Key, int], exec_s: float) -> None:
        if not actor.alive:
            return
        self._cpu_free = max(self.now, self._cpu_free) + RESULT_S + RESULT_OP_S * len(it.ops)
        self.outcome.messages += 1

        def deliver() -> None:
            self.results[it.assignment] = exported
            self.tell(Result(actor.life, it.assignment, exec_s))
            self.results.pop(it.assignment, None)

        self.at(self._cpu_free, deliver)

    def _void(self, it: Void) -> None:
        actor = self.actors[it.life]
        actor.voided.add(it.assignment)
        actor.payloads.pop(it.assignment, None)
        actor.inbox = [other for other in actor.inbox if other.assignment != it.assignment]
        if actor.running is not None and actor.running.assignment == it.assignment:
            actor.running = None
            self.at(self.now, lambda: self.tell(Heard(actor.life, answered=True)))
            self._start(actor)
