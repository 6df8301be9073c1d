"""Scheduler and contributor cores face to face, over a net that loses, repeats and reorders; from one seed.

Both cores are the real ones (ravsock.scheduler, ravpy.core), and so are the frames between them. Contributors
stall, die, crash, reconnect, answer twice, late and for others; files go; the server is killed and started on
what was durable. Each op has a value of its own, made of its operands' values, so that one that is lost,
doubled or mixed up shows: every value that comes to the server is compared, and all of them at the end.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ravpy import core
from ravsock.scheduler import Settings
from ravsock.scheduler.events import Tick
from ravspec import messages
from ravspec.codec import column, read_column

from .graphs import Work, chain, independent, layered, tree
from .server import Key, Server, Store
from .world import value_of

#: with so many faults even innocent ops meet many deaths
PATIENT = Settings(max_tries=10**6, max_losses=10**6, max_faults=10**6)


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong: of messages, of assignments, and a second."""

    lost: float = 0.0
    repeated: float = 0.0
    reordered: float = 0.0
    stalled: float = 0.0  #: an assignment takes twenty times as long
    frozen: float = 0.0  #: an assignment takes a minute more, far beyond its deadline
    crashed: float = 0.0  #: the child dies of an assignment
    forged: float = 0.0  #: with its own result a contributor sends one for another's assignment
    #: seconds between two of these, on average, anywhere; 0: never
    cut_s: float = 0.0  #: a connection breaks
    died_s: float = 0.0  #: a contributor is gone without a word, and a new life of it comes
    restarted_s: float = 0.0  #: the server is killed and started again
    file_s: float = 0.0  #: a stored value is gone


@dataclass(eq=False)
class Client:
    """A contributor: the real core, a child that computes numbers, one connection."""

    core: core.Core
    speed: float
    alive: bool = True
    connection: int = 0  #: 0: none
    child: int = 0  #: raised with each new child: what the one before was computing is nothing
    kept: dict[Key, int] = field(default_factory=dict)
    beats: int = 0


class Faces:
    """`works`: graph -> what its developer wrote. `speeds`: of the contributors."""

    def __init__(
        self,
        works: dict[int, Work],
        speeds: list[float],
        faults: Faults,
        seed: int,
        checked: bool = True,
        settings: Settings = PATIENT,
        latency_s: float = 0.01,
        memory_bytes: int = 10**9,
        calm_s: float = 300.0,
    ) -> None:
        self.calm_s = calm_s
        self.rng, self.faults, self.settings = random.Random(seed), faults, settings
        self.checked, self.latency_s, self.memory_bytes = checked, latency_s, memory_bytes
        self.now = 0.0
        self.counts: Counter[str] = Counter()
        self.store = Store(works, {graph: f"developer-{graph % 3}" for graph in works})
        self.clients: list[Client] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = self._connections = 0
        self._connected: dict[int, Client] = {}
        self._of_life: dict[str, int] = {}
        self._tick_at: float | None = None
        self._durable_at = 0.0
        self.server = self._new_server()
        for number, speed in enumerate(speeds):
            self._join(f"contributor-{number}", speed)
        for seconds, fault in (
            (faults.cut_s, self._cut),
            (faults.died_s, self._die),
            (faults.restarted_s, self._restart),
            (faults.file_s, self._lose_file),
        ):
            if seconds:
                self._every(seconds, fault)

    # --- time ---------------------------------------------------------------------------------------

    def at(self, time: float, action: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (time, self._sequence, action))

    def _every(self, seconds: float, fault: Callable[[], None]) -> None:
        def again() -> None:
            if self.now < self.calm_s:
                fault()
                self._every(seconds, fault)

        self.at(self.now + self.rng.expovariate(1 / seconds), again)

    def run(self) -> None:
        """Until every op is final and that is durable; then every value is compared.

        Nothing goes wrong any more from `calm_s` on, and then the end must come soon.
        """
        while not self.server.finished() or self.store.queue:
            self.now, _, action = heapq.heappop(self._events)
            assert self.now < self.calm_s + 600, self.server.scheduler.explain(next(iter(self.store.works)))
            if self.now > self.calm_s:
                self.faults = Faults()
            self.store.apply(self.now)
            action()
            self._set_timer()
        self._compare()

    def _set_timer(self) -> None:
        time = self.server.scheduler.timer()
        if time is not None and (self._tick_at is None or time < self._tick_at):
            self._tick_at = time
            self.at(max(time, self.now), lambda: self._tick(time))
        if self.store.queue and self.store.queue[0][0] != self._durable_at:
            self._durable_at = self.store.queue[0][0]
            self.at(self._durable_at, lambda: None)

    def _tick(self, time: float) -> None:
        if self._tick_at == time:
            self._tick_at = None
            self.server.now = self.now
            self.server.feed(Tick())

    def n_ops(self) -> list[int]:
        """Of each graph, those that are computed."""
        return [work.source.count(False) for work in self.store.works.values()]

    def _compare(self) -> None:
        for graph, work in self.store.works.items():
            truth = self.store.truths[graph]
            sinks = [op for op in work.sinks() if (graph, op) not in self.store.failed]
            assert sum(self.store.values[graph, op] for op in sinks) == sum(truth[op] for op in sinks)
            assert not self.store.failed, self.store.failed
            self.counts["graphs finished"] += 1
        self.counts["ops computed"] = sum(self.n_ops())

    # --- the net ------------------------------------------------------------------------------------

    def _travel(self, connection: int, arrive: Callable[[], None]) -> None:
        """Something travels over a connection, if nothing happens to it."""
        rng, faults = self.rng, self.faults
        if rng.random() < faults.lost:
            self.counts["messages lost"] += 1
            return
        copies = 1 + (rng.random() < faults.repeated)
        if copies > 1:
            self.counts["messages repeated"] += 1
        for _ in range(copies):
            delay_s = self.latency_s
            if rng.random() < faults.reordered:
                self.counts["messages reordered"] += 1
                delay_s *= rng.uniform(1, 30)
            self.at(self.now + delay_s, lambda: arrive() if connection in self._connected else None)

    def _to_client(self, life: str, name: str, frame: bytes) -> None:
        connection = self._of_life.get(life)
        client = self._connected.get(connection or 0)
        if client is not None and connection is not None:
            self._travel(connection, lambda: self._act(client, core.Received(frame)))

    def _to_server(self, client: Client, send: core.Send) -> None:
        connection, server = client.connection, self.server
        if not connection:
            return

        def arrive() -> None:
            if send.name == "hello":
                self._of_life[client.core.life] = connection
            time = server.received(send.frame, self.now)
            if time is not None and send.assignment is not None:
                acknowledged = core.Acknowledged(send.assignment)
                self.at(time, lambda: self._travel(connection, lambda: self._act(client, acknowledged)))

        self._travel(connection, arrive)
        if send.name == "result" and self.rng.random() < self.faults.forged:
            self._forge(client)

    def _forge(self, client: Client) -> None:
        """A result for somebody else's assignment, with wrong values."""
        server, life = self.server, client.core.life
        others = (a for a, _ in server.live.values() if a.life != life)
        a = next(others, None)
        if a is not None:
            self.counts["results forged"] += 1
            wrong = np.full(len(a.exports), 13, np.int64)
            buffers = [column(a.exports, "int32"), column(wrong, "int64")]
            frame = messages.encode(messages.Result(life, a.assignment, 0.01, []), buffers)
            self._travel(client.connection, lambda: server.received(frame, self.now) and None)

    # --- contributors -------------------------------------------------------------------------------

    def _join(self, name: str, speed: float) -> None:
        hello = messages.Hello(
            life=f"{self.rng.getrandbits(64):x}", name=name, speed=speed, memory_bytes=self.memory_bytes,
            cores=1, down_bps=1e8, up_bps=1e8, latency_s=self.latency_s,
            numeric_class="simulated", versions={},
        )  # fmt: skip
        client = Client(core.Core(hello), speed)
        self.clients.append(client)
        self._connect(client)

    def _connect(self, client: Client) -> None:
        if client.alive and not client.connection:
            self._connections += 1
            client.connection = self._connections
            self._connected[client.connection] = client
            self._act(client, core.Connected())
            self._welcomed(client, client.connection)

    def _welcomed(self, client: Client, connection: int) -> None:
        """Who is not welcomed connects anew."""
        beats = client.beats

        def look() -> None:
            if client.connection == connection and client.beats == beats:
                self._disconnect(client)

        self.at(self.now + 2.0, look)

    def _disconnect(self, client: Client) -> None:
        self._connected.pop(client.connection, None)
        client.connection = 0
        client.beats += 1
        self.at(self.now + self.rng.uniform(0.1, 3.0), lambda: self._connect(client))

    def _act(self, client: Client, event: core.Event) -> None:
        if not client.alive:
            return
        for action in client.core.handle(event):
            if isinstance(action, core.Send):
                self._to_server(client, action)
            elif isinstance(action, core.Compute):
                self._compute(client, action.frame)
            elif isinstance(action, core.NewChild):
                client.child += 1
                client.kept.clear()
            elif isinstance(action, core.Heartbeats):
                client.beats += 1
                self._beat(client, client.beats, action.every_s)
            else:
                assert isinstance(action, core.Tell | core.Renew), action

    def _beat(self, client: Client, beats: int, every_s: float) -> None:
        def beat() -> None:
            if client.alive and client.beats == beats:
                self._act(client, core.Beat())
                self._beat(client, beats, every_s)

        self.at(self.now + every_s, beat)

    def _compute(self, client: Client, frame: bytes) -> None:
        message, buffers = messages.decode(frame, messages.ToContributor)
        ops, inputs, held, exports, keep, drops = (read_column(it, "int32").tolist() for it in buffers[:6])
        graph, child, life, rng = message.graph, client.child, client.core.life, self.rng
        work = self.store.works[graph]
        for key in zip(drops[::2], drops[1::2], strict=True):
            client.kept.pop(key, None)
        missing = [op for op in held if (graph, op) not in client.kept]
        exec_s = sum([work.cost_s[op] for op in ops]) / client.speed + 1e-3
        if rng.random() < self.faults.stalled:
            self.counts["assignments stalled"] += 1
            exec_s *= 20
        if rng.random() < self.faults.frozen:
            self.counts["assignments frozen"] += 1
            exec_s += 60.0
        crashes = rng.random() < self.faults.crashed

        def done() -> None:
            if not client.alive or client.child != child:
                return
            if crashes:
                self.counts["children crashed"] += 1
                client.child += 1
                client.kept.clear()
                self._act(client, core.ChildDied("killed"))
                return
            if missing:
                refuse = messages.Refuse(life, message.assignment, "not held", missing)
                self._act(client, core.Computed(messages.encode(refuse)))
                return
            values = dict(zip(inputs, read_column(buffers[6], "int64").tolist(), strict=True))
            values |= {op: client.kept[graph, op] for op in held}
            for op in ops:
                values[op] = value_of(op, [values[operand] for operand in work.ins[op]])
            client.kept.update({(graph, op): values[op] for op in keep})
            came = [
                column(exports, "int32"),
                column(np.array([values[op] for op in exports], np.int64), "int64"),
            ]
            result = messages.Result(life, message.assignment, exec_s, [])
            self._act(client, core.Computed(messages.encode(result, came)))

        self.at(self.now + exec_s, done)

    # --- what goes wrong ----------------------------------------------------------------------------

    def _cut(self) -> None:
        client = self.rng.choice(self.clients)
        if client.connection:
            self.counts["connections cut"] += 1
            self._disconnect(client)

    def _die(self) -> None:
        number = self.rng.randrange(len(self.clients))
        client = self.clients[number]
        self.counts["contributors dead"] += 1
        client.alive = False
        self._connected.pop(client.connection, None)
        self.clients[number] = self.clients[-1]
        self.clients.pop()
        self.at(
            self.now + self.rng.uniform(0.1, 15.0), lambda: self._join(client.core.hello.name, client.speed)
        )
        if not self.clients:
            self._join("always-there", client.speed)

    def _restart(self) -> None:
        """The server dies between two events; what was not durable is gone, every connection broken."""
        self.counts["servers killed"] += 1
        self.store.queue.clear()
        self._of_life.clear()
        for client in list(self._connected.values()):
            self._disconnect(client)
        self.server = self._new_server()

    def _new_server(self) -> Server:
        write_s = self.rng.uniform(0.0, 0.05)
        first_assignment = int(self.now * 1e6) + 1  # by the clock, as in ravsock.reading
        server = Server(self.store, self.settings, self._to_client, write_s, self.checked, first_assignment)
        self.server = server
        self._tick_at = None
        server.start(self.now)
        return server

    def _lose_file(self) -> None:
        works = self.store.works
        keys = [key for key in self.store.values if not works[key[0]].source[key[1]]]
        if keys:
            self.counts["files lost"] += 1
            self.server.lose(self.rng.choice(keys))


# --- what is simulated -------------------------------------------------------------------------------


def all_faults() -> Faults:
    """Everything goes wrong, often."""
    return Faults(
        lost=0.02, repeated=0.05, reordered=0.1, stalled=0.05, frozen=0.01, crashed=0.02, forged=0.1,
        cut_s=2.0, died_s=4.0, restarted_s=4.0, file_s=5.0,
    )  # fmt: skip


def small_works(seed: int) -> dict[int, Work]:
    """Four graphs of three developers: 215 ops, a minute of work."""
    return {
        1: layered(120, 15, seed=seed, cost_s=0.3),
        2: independent(60, 0.3),
        3: chain(20, 0.1, 1000),
        4: tree(16, 0.02),
    }


def crowd_of_ten_thousand(seed: int, contributors: int = 10_000, ops: int = 100_000) -> Faces:
    """Ten graphs, half of them random layers; faults are rarer for each, and as many in all."""
    rng = random.Random(seed)
    part = ops // 10
    works = {graph: layered(part, max(50, part // 20), seed=graph, cost_s=0.3) for graph in range(1, 6)}
    works |= {graph: independent(part, 0.3) for graph in range(6, 11)}
    faults = Faults(
        lost=0.002, repeated=0.01, reordered=0.02, stalled=0.01, frozen=0.001, crashed=0.002, forged=0.01,
        cut_s=100 / contributors, died_s=300 / contributors, restarted_s=5.0, file_s=1.0,
    )  # fmt: skip
    speeds = [rng.uniform(0.2, 3.0) for _ in range(contributors)]
    return Faces(works, speeds, faults, seed, checked=False)
