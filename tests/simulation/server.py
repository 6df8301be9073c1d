"""The server of the simulation: the real scheduler, frames in and out, and a store that is a moment behind.

It does what ravsock's dispatcher does, in the same order. A write is queued and durable later; an
acknowledgement goes out when its result is durable. What is not durable when the server dies is gone.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ravsock.scheduler import Scheduler, Settings, events
from ravspec import messages
from ravspec.codec import column, read_column

from .graphs import Work
from .world import truth

Key = tuple[int, int]


@dataclass
class Store:
    """What SQL has. `apply` is the only way to it; nothing in it is ever half done."""

    works: dict[int, Work]
    developers: dict[int, str]
    values: dict[Key, int] = field(default_factory=dict)
    computed: set[Key] = field(default_factory=set)
    failed: dict[Key, str] = field(default_factory=dict)
    lives: dict[str, events.Join] = field(default_factory=dict)
    #: assignment -> (what it is, live, committed or void)
    assignments: dict[int, tuple[events.Assign, str]] = field(default_factory=dict)
    stored: Counter[Key] = field(default_factory=Counter)  #: how often a value came
    queue: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)
    truths: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for graph, work in self.works.items():
            self.truths[graph] = truth(work)
            for op, source in enumerate(work.source):
                if source:
                    self.values[graph, op] = self.truths[graph][op]

    def apply(self, now: float) -> None:
        """Make durable what is due by now."""
        while self.queue and self.queue[0][0] <= now:
            self.queue.popleft()[1]()

    def move(self, number: int, to: str) -> None:
        """Guarded as in SQL: only a live assignment is committed, once."""
        it, state = self.assignments[number]
        assert state == "live" or to == "void", f"assignment {number} is {state} and was to be {to}"
        self.assignments[number] = (it, to if state == "live" else state)

    def commit(self, commit: events.Commit, values: dict[Key, int]) -> None:
        self.move(commit.assignment, "committed")
        self.computed.update((commit.graph, op) for op in commit.computed)
        for key, value in values.items():
            assert value == self.truths[key[0]][key[1]], f"op {key} has a wrong value"
            self.values[key] = value
            self.stored[key] += 1


class Server:
    """One process of the server. `send(life, name, frame)`: to whom is connected; `at`: later."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        send: Callable[[str, str, bytes], None],
        write_s: float,
        checked: bool,
        first_assignment: int,
    ) -> None:
        self.scheduler = Scheduler(settings, first_assignment)
        self.store, self.settings, self.checked = store, settings, checked
        self._send, self._write_s = send, write_s
        self.now = 0.0
        self.present: dict[str, events.Join] = {}
        self.live: dict[int, tuple[events.Assign, bytes]] = {}
        self.late = Counter[str]()  #: results that came for nothing, by their kind
        self._values: dict[Key, int] = dict(store.values)
        self._arrived: dict[int, int] = {}

    def start(self, now: float) -> None:
        """As the dispatcher does: graphs, lives with what they were computing, then what is asked for."""
        self.now, store = now, self.store
        for graph, work in store.works.items():
            self.feed(events.OpenGraph(graph, store.developers[graph]))
            for batch in work.batches(graph, _EXACT, 0.0):
                self.feed(batch)
            columns = (
                sorted(op for g, op in keys if g == graph)
                for keys in (store.computed, store.values, store.failed)
            )
            self.feed(events.Restore(graph, *(np.array(ops, np.int32) for ops in columns)))
        live: dict[str, list[events.Assign]] = {}
        kept: dict[str, set[Key]] = {}
        for number in sorted(store.assignments):
            it, state = store.assignments[number]
            kept.setdefault(it.life, set()).update((it.graph, op) for op in it.keep)
            if state == "live":
                live.setdefault(it.life, []).append(replace(it, inputs=[], drop=[]))
        for life, join in list(store.lives.items()):
            self.present[life] = join
            mine = tuple(live.pop(life, ()))
            self.feed(events.Resume(join, mine, tuple(sorted(kept.get(life, ())))))
        for mine in live.values():
            for it in mine:
                self._write(lambda n=it.assignment: store.move(n, "void"))  # type: ignore[misc]
        for graph in store.works:
            self.feed(events.EndGraph(graph))

    def feed(self, event: events.Event) -> None:
        for it in self.scheduler.handle(event, self.now):
            self._carry_out(it)
        if self.checked:
            self.scheduler.check()

    def _carry_out(self, it: events.Instruction) -> None:
        store = self.store
        if isinstance(it, events.Assign):
            self._write(lambda: store.assignments.__setitem__(it.assignment, (it, "live")))
            self._hand_out(it)
        elif isinstance(it, events.Resumed):
            self._hand_out(it.assign)
        elif isinstance(it, events.Void):
            self._write(lambda: store.move(it.assignment, "void"))
            if self.live.pop(it.assignment, None):
                self._send(it.life, "void", messages.encode(messages.Void(it.assignment, it.reason)))
        elif isinstance(it, events.Fail):
            rows = {(it.graph, op): reason for op, _, reason in it.failed}
            self._write(lambda: store.failed.update(rows))
        elif isinstance(it, events.Lost):
            self._leave(it.life)
            self._send(it.life, "unknown", messages.encode(messages.Unknown(it.life, it.reason)))
        elif isinstance(it, events.Barred):
            self._send(it.life, "error", messages.encode(messages.Error(it.reason)))
        else:
            assert isinstance(it, events.Discard)
            self.late["discarded by the scheduler"] += 1

    def _write(self, job: Callable[[], None]) -> float:
        """Queue a write; returns when it will be durable."""
        self.store.queue.append((self.now + self._write_s, job))
        return self.now + self._write_s

    def _hand_out(self, a: events.Assign) -> None:
        header = messages.Assign(a.assignment, a.graph, max(0.1, a.deadline - self.now), [], [], [])
        drops = [number for key in a.drop for number in key]
        columns = ([*a.remade, *a.ops], a.inputs, a.held, a.exports, a.keep, drops)
        values = np.array([self._values[a.graph, op] for op in a.inputs], np.int64)
        buffers = [*(column(ops, "int32") for ops in columns), column(values, "int64")]
        frame = messages.encode(header, buffers)
        self.live[a.assignment] = (a, frame)
        self._send(a.life, "assign", frame)

    def _leave(self, life: str) -> None:
        self.present.pop(life, None)
        self._write(lambda: self.store.lives.pop(life, None) and None)

    def received(self, frame: bytes, now: float) -> float | None:
        """A contributor's message; returns when it is to be acknowledged, if at all."""
        self.now = now
        message, buffers = messages.decode(frame, messages.FromContributor)
        return _ON[type(message)](self, message, buffers)

    def _hello(self, hello: messages.Hello, buffers: Any) -> None:
        fresh = hello.life not in self.present
        figures = (hello.speed, hello.memory_bytes, hello.down_bps, hello.up_bps, hello.latency_s)
        join = events.Join(hello.life, hello.name, *figures)
        lease_s = self.settings.lease_s
        self._send(hello.life, "welcome", messages.encode(messages.Welcome(fresh, lease_s, lease_s / 3, 0)))
        self.present[hello.life] = join
        if fresh:
            self._write(lambda: self.store.lives.__setitem__(hello.life, join))
        else:
            for a, again in list(self.live.values()):
                if a.life == hello.life:
                    self._send(hello.life, "assign", again)
        self.feed(join)

    def _beat(self, message: messages.Heartbeat, buffers: Any) -> None:
        if message.life in self.present:
            self.feed(events.Heard(message.life))
        else:
            self._send(message.life, "unknown", messages.encode(messages.Unknown(message.life, "restarted")))

    def _result(self, message: messages.Result, buffers: list[memoryview]) -> float:
        a, _ = self.live.get(message.assignment, (None, b""))
        if a is None or a.life != message.life:
            self.late["foreign" if a else "late or repeated"] += 1
            self.feed(events.Heard(message.life))
            return self.now
        ops = read_column(buffers[0], "int32").tolist()
        came = dict(zip(ops, read_column(buffers[1], "int64").tolist(), strict=True))
        durable = self.now
        done = events.Result(message.life, message.assignment, message.exec_s, tuple(message.failed))
        for it in self.scheduler.handle(done, self.now):
            if isinstance(it, events.Commit):
                del self.live[it.assignment]
                values = {(it.graph, op): came[op] for op in it.exports}
                self._values |= values
                durable = self._write(lambda it=it, values=values: self.store.commit(it, values))  # type: ignore[misc]
            else:
                self._carry_out(it)
        if self.checked:
            self.scheduler.check()
        return durable

    def _refuse(self, message: messages.Refuse, buffers: Any) -> float:
        missing, number = tuple(message.missing), message.assignment
        self.feed(events.Refuse(message.life, number, missing, message.reason))
        return self.now

    def _crash(self, message: messages.Crash, buffers: Any) -> float:
        self.feed(events.Crash(message.life, message.reason))
        return self.now

    def lose(self, key: Key) -> None:
        """A file is gone from the disk."""
        self.store.values.pop(key, None)
        self._values.pop(key, None)
        self.feed(events.LoseData(key[0], (key[1],)))

    def finished(self) -> bool:
        """Are all ops final?"""
        counts = [self.scheduler.counts(graph) for graph in self.store.works]
        return all(it["computed"] + it["failed"] == it["total"] for it in counts)


class _Exact:
    def uniform(self, low: float, high: float) -> float:
        return 1.0


_EXACT: Any = _Exact()
_ON: dict[type, Callable[[Server, Any, Any], float | None]] = {
    messages.Hello: Server._hello,
    messages.Heartbeat: Server._beat,
    messages.Result: Server._result,
    messages.Refuse: Server._refuse,
    messages.Crash: Server._crash,
}
