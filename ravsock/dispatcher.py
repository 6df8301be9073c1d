"""Carries out what the scheduler decides: sends, stores, wakes, sets the timer.

Everything between an event's arrival and the scheduler's instructions being carried out happens without
an await, so that two messages of one contributor cannot interleave. Writing is queued in the same order;
who waits for a value is woken when it is committed, not before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from sqlalchemy.engine import Engine

from ravsock import reading, store
from ravsock.access import Access, of_life
from ravsock.arrivals import Arrival, read_arrival
from ravsock.config import Config
from ravsock.database import Writer
from ravsock.departures import Live, assign_frame
from ravsock.folder import DataFolder
from ravsock.ftp import Account, Ftp
from ravsock.graphs import GraphRecord
from ravsock.keeping import RETRY_WRITE_S, Keeper
from ravsock.limits import Accounts
from ravsock.news import News
from ravsock.registry import Registry
from ravsock.resuming import resume, row_of
from ravsock.scheduler import Scheduler, Settings, events
from ravsock.sql import Connection, DatabaseAway, DatabaseError
from ravspec import messages
from ravspec.errors import ProtocolError, RavError, TransferError
from ravspec.states import GraphState, Move

log = logging.getLogger(__name__)


class Dispatcher:
    """The server's one decision loop. `emit(life, name, frame)` sends to a contributor."""

    def __init__(self, config: Config, engine: Engine, folder: DataFolder) -> None:
        self.config, self.folder = config, folder
        self._loop = asyncio.get_running_loop()
        self.writer = Writer(engine, self._loop)
        self.accounts = Accounts(config)
        self.registry = Registry(engine, self.writer, folder, self.accounts, self.feed)
        self.count_bytes_again()
        self.scheduler = Scheduler(
            Settings(lease_s=config.lease_s), self.registry.read(reading.next_assignment)
        )
        self.access = Access((name, digest) for name, digest, _ in self.registry.read(reading.array_rows))
        self.keeper = Keeper(config, self.writer, folder, self.access, self.accounts)
        self.ftp = Ftp(config, self.access, self.accounts, self._keep_upload, self.no_room)
        self.emit: Callable[[str, str, bytes], None] = lambda life, name, frame: None
        self.news = News(self._graph_news, lambda life, n: self.emit(life, "news", messages.encode(n)))
        self.live: dict[int, Live] = {}
        self._held_back: dict[int, asyncio.TimerHandle] = {}  #: their operands cannot be read at the moment
        self.present: dict[str, messages.Hello] = {}
        self.tokens: dict[str, int] = {}  #: life -> the token it came with; none where none are asked for
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Future[Any]] = set()
        self._carry: dict[type, Callable[[Any], None]] = {
            events.Assign: self._assign,
            events.Resumed: self._resumed,
            events.Void: self._void,
            events.Fail: self._fail,
            events.Lost: self._lost,
            events.Barred: self._barred,
            events.Discard: lambda instruction: None,
        }

    def count_bytes_again(self) -> None:
        """What each developer has, as it stands in SQL."""
        self.accounts.set_bytes(self.registry.read(reading.bytes_of))

    async def start(self) -> None:
        """Go on where the process before stopped."""
        records, _ = await asyncio.gather(self.registry.load_unfinished(), self.ftp.start())
        n_lives = resume(self.registry.read, self.write, self.feed, self._begin)
        for record in records:
            if record.state is GraphState.ENDED:
                self.feed(events.EndGraph(record.id))
                self.look_at(record)
        log.info("action=started graphs=%d lives=%d assignments=%d", len(records), n_lives, len(self.live))

    async def close(self) -> None:
        """Stop the timer, finish what is queued for writing."""
        if self._timer is not None:
            self._timer.cancel()
        for record in self.registry:
            for question in record.questions:
                question.touch()
        await self.ftp.close()
        await asyncio.to_thread(self.writer.close)

    # --- events and instructions ---------------------------------------------------------------------

    def feed(self, event: events.Event) -> None:
        """Tell the scheduler; do what it says."""
        for instruction in self.scheduler.handle(event, self._loop.time()):
            self._carry[type(instruction)](instruction)
        self._set_timer()

    def _set_timer(self) -> None:
        at = self.scheduler.timer()
        if self._timer is not None:
            if at is not None and self._timer.when() == at and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = None if at is None else self._loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.feed(events.Tick())

    def _assign(self, a: events.Assign) -> None:
        record = self.registry.held(a.graph)
        assert record is not None
        self.write(lambda c: store.insert_assignment(c, a))
        self._hand_out(record, a)

    def _resumed(self, resumed: events.Resumed) -> None:
        """Of before a restart. Its life is told again once it is back, in case the message was lost."""
        record = self.registry.held(resumed.assign.graph)
        assert record is not None
        self._hand_out(record, resumed.assign)

    def _hand_out(self, record: GraphRecord, a: events.Assign) -> None:
        self._held_back.pop(a.assignment, None)
        try:
            frame, digests = assign_frame(record, a, a.deadline - self._loop.time())
        except TransferError as error:
            self._loop.call_soon(self._lost_inputs, record, a, str(error))
            return
        except DatabaseAway:
            later = self._loop.call_later(RETRY_WRITE_S, self._hand_out, record, a)
            self._held_back[a.assignment] = later
            return
        self.live[a.assignment] = Live(a, frame)
        self.access.lend(a.life, a.assignment, digests)
        self.emit(a.life, "assign", frame)
        self.news.assigned(a.life, a.graph)
        record_touch(record)
        log.debug(
            "action=assign graph=%d assignment=%d contributor=%s ops=%d bytes=%d",
            a.graph, a.assignment, self.present[a.life].name, len(a.ops), len(frame),
        )  # fmt: skip

    def _lost_inputs(self, record: GraphRecord, a: events.Assign, reason: str) -> None:
        """Stored values that cannot be read: they are computed again, and the assignment comes back."""
        lost = self.lose(record, np.array(a.inputs, np.int64), reason)
        self.feed(events.Refuse(a.life, a.assignment, tuple(lost), reason))

    def lose(self, record: GraphRecord, ops: Any, reason: str) -> list[int]:
        """Some of these values cannot be read any more: whoever needs them has them computed again. Which."""
        lost = record.values.unreadable(ops)
        log.error("action=data_lost graph=%d ops=%d reason=%s", record.id, len(lost), reason)
        record.values.lose(lost)
        self.feed(events.LoseData(record.id, tuple(lost)))
        return lost

    def _void(self, v: events.Void) -> None:
        live = self.live.pop(v.assignment, None)
        held_back = self._held_back.pop(v.assignment, None)
        if held_back is not None:
            held_back.cancel()
        self.access.give_back(v.life, v.assignment)
        self.write(lambda c: store.void_assignment(c, v.graph, v.assignment, v.life, v.reason))
        if live is not None:
            self.emit(v.life, "void", messages.encode(messages.Void(v.assignment, v.reason)))
        log.info("action=void assignment=%d reason=%s", v.assignment, v.reason)

    def _fail(self, f: events.Fail) -> None:
        record = self.registry.held(f.graph)
        if record is None:
            return
        record.fail(f.failed)
        self.write(lambda c: store.fail_ops(c, f.graph, f.failed))
        log.info("action=fail graph=%d ops=%d reason=%s", f.graph, len(f.failed), f.failed[0][2])
        self._loop.call_soon(self.look_at, record)

    def _lost(self, lost: events.Lost) -> None:
        self.leave(lost.life, Move.LOSE, lost.reason)
        self.emit(lost.life, "unknown", messages.encode(messages.Unknown(lost.life, lost.reason)))

    def _barred(self, barred: events.Barred) -> None:
        log.warning("action=barred life=%s reason=%s", barred.life, barred.reason)
        self.emit(barred.life, "error", messages.encode(messages.Error(barred.reason, "RavError")))

    def look_at(self, record: GraphRecord) -> None:
        """Move the graph on if all its ops are final; let those who wait for it look."""
        if record.state is GraphState.ENDED and self.registry.held(record.id) is record:
            counts = self.scheduler.counts(record.id)
            if counts["pending"] == counts["computing"] == 0:
                move = Move.FAIL if counts["failed"] else Move.FINISH
                record.state = GraphState.FAILED if counts["failed"] else GraphState.COMPUTED
                self.write(lambda c: store.move_graph(c, record.id, move))
                self.news.ending(record.id)
                self.registry.finished(record)
                log.info("action=graph_ended graph=%d state=%s", record.id, record.state)
        record_touch(record)

    # --- writing -------------------------------------------------------------------------------------

    def trouble(self, record: GraphRecord) -> str:
        """Why nothing of a graph can be stored at present; empty if it can."""
        return record.trouble or self.writer.trouble

    def write(self, job: Callable[[Connection], Any]) -> asyncio.Future[Any]:
        """Queue a write that nobody waits for; a failure is logged, and a restart sees the older state."""
        future = self.writer.submit(job)
        future.add_done_callback(_log_failure)
        return future

    def spawn(self, work: Awaitable[Any]) -> None:
        """Run something beside; its failure is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_failure)

    # --- contributors --------------------------------------------------------------------------------

    def _begin(self, hello: messages.Hello, token: int) -> None:
        """That life is present, with that token."""
        self.present[hello.life] = hello
        if token:
            self.tokens[hello.life] = token

    def join(self, hello: messages.Hello, token: int = 0) -> bool:
        """A life begins or reconnects, with that token. True if nothing was known of it."""
        fresh = hello.life not in self.present
        self._begin(hello, token)
        if fresh:
            row = row_of(hello, token)
            self.write(lambda c: store.insert_contributor(c, row))
            log.info("action=join contributor=%s life=%s speed=%.2f", hello.name, hello.life, hello.speed)
        else:
            for live in [live for live in self.live.values() if live.life == hello.life]:
                self.emit(hello.life, "assign", live.frame)
        figures = (hello.speed, hello.memory_bytes, hello.down_bps, hello.up_bps, hello.latency_s)
        self.feed(events.Join(hello.life, hello.name, *figures))
        self._touch_all()
        return fresh

    def leave(self, life: str, move: Move = Move.LEAVE, reason: str | None = None) -> None:
        """A life is over."""
        hello = self.present.pop(life, None)
        if hello is None:
            return
        if move is Move.LEAVE:
            self.feed(events.Leave(life))
        self.access.forget(life)
        self.accounts.close(of_life(life))
        self.ftp.life_is_over(life)
        self.tokens.pop(life, None)
        self.news.forget(life)
        self.write(lambda c: store.end_contributor(c, life, move, reason))
        log.info("action=%s contributor=%s life=%s", move, hello.name, life)
        self._touch_all()

    def _touch_all(self) -> None:
        self.news.company(len(self.present))
        for record in self.registry:
            record_touch(record)

    def _graph_news(self, graph: int) -> messages.GraphNews | None:
        record = self.registry.held(graph)
        return None if record is None else record.news(self.scheduler.counts(graph))

    async def result(self, message: messages.Result, buffers: list[memoryview]) -> None:
        """An assignment is computed. Returns once the result is committed, or known to be of no use."""
        live = self.live.get(message.assignment)
        if live is None or live.life != message.life:
            self.feed(events.Heard(message.life, answered=True))
            return
        record = self.registry.held(live.graph)
        assert record is not None
        try:
            arrival = read_arrival(record, live.exports, message, buffers, self._sizes_for(message.life))
        except RavError as error:
            self.refused(message.life, message.assignment, (), f"its result is not valid: {error}")
            raise ProtocolError(
                f"the result of assignment {message.assignment} is refused: {error}"
            ) from None
        done = events.Result(
            message.life, message.assignment, message.exec_s, tuple(message.failed), arrival.sizes
        )
        writes = []
        for instruction in self.scheduler.handle(done, self._loop.time()):
            if isinstance(instruction, events.Commit):
                del self.live[message.assignment]
                self.access.give_back(message.life, message.assignment)
                writes.append(self._commit(record, live.assign, instruction, message, arrival))
            else:
                self._carry[type(instruction)](instruction)
        self._set_timer()
        for write in writes:
            await write
        self.news.touch()
        record_touch(record)

    def _sizes_for(self, life: str) -> Callable[[str], int | None]:
        """The sizes of the stored arrays that a life may name in a result: those it sent."""
        if life not in self.tokens:
            return self.folder.offered
        owner = of_life(life)
        return lambda digest: self.folder.offered(digest) if self.access.may_name(owner, digest) else None

    async def _keep_upload(self, account: Account, digest: str, size: int) -> None:
        """An upload by FTP is written down as one by HTTP is."""
        self.folder.going.discard(digest)
        if account.life:
            await self.writer.submit(self.keeper.array_of_life(account.life, digest, size))
        elif account.principal is not None and account.principal.role is not None:
            await self.writer.submit(self.keeper.arrays(account.principal.name, [digest]))

    def _commit(
        self,
        record: GraphRecord,
        assign: events.Assign,
        commit: events.Commit,
        message: messages.Result,
        arrival: Arrival,
    ) -> Awaitable[None]:
        """Keep the values, queue the write; the awaitable ends when it is committed and waiters are told."""
        arrival.learn(record)
        number = record.values.add(arrival.ops, arrival.body, arrival.stored) if len(arrival.ops) else -1
        store_values = (
            self.keeper.values(
                record, number, arrival.ops, arrival.body, arrival.learned, arrival.stored, commit.assignment
            )
            if number >= 0
            else None
        )
        keep_arrays = self.keeper.arrays(record.developer, arrival.stored.values())
        sizes = [self.folder.size_of(digest) or 0 for digest in set(arrival.stored.values())]
        record.kept_bytes += sum(sizes)
        sender = self.accounts.of(of_life(commit.life))
        sender.bytes = max(0, sender.bytes - sum(sizes))
        self.ftp.used(commit.life, arrival.stored.values())

        life = row_of(self.present[commit.life], self.tokens.get(commit.life, 0))

        def job(connection: Connection) -> None:
            store.commit_assignment(connection, assign, life, message.exec_s)
            store.move_ops(connection, record.id, commit.computed, Move.COMMIT)
            if store_values is not None:
                store_values(connection)
            keep_arrays(connection)

        written = self.writer.submit(job)

        async def finish() -> None:
            try:
                await written
            except (DatabaseError, OSError):
                await self.keeper.at_last(record, job, lambda: record_touch(record))
            record.trouble = ""
            for question in record.questions:
                question.came(commit.exports)
            self.look_at(record)

        return finish()

    def refused(self, life: str, assignment: int, missing: tuple[int, ...], reason: str) -> None:
        """The life cannot compute the assignment. Where the server has no room for results, it is no try."""
        live = self.live.get(assignment)
        if live is None or live.life != life:  # it was taken back, and is over now
            self.feed(events.Heard(life, answered=True))
            return
        log.warning("action=refused assignment=%d reason=%s", assignment, reason)
        record = self.registry.held(live.graph)
        tried = record is None or not record.trouble
        self.feed(events.Refuse(life, assignment, missing, reason, tried))

    def no_room(self, life: str, reason: str) -> None:
        """An array that a life sends for a result cannot be stored: its graphs say so until one can."""
        for live in self.live.values():
            record = self.registry.held(live.graph) if live.life == life else None
            if record is not None:
                record.trouble = f"results cannot be stored at the server: {reason}"
                record_touch(record)


def record_touch(record: GraphRecord) -> None:
    """Let the questions of a graph look again."""
    for question in record.questions:
        question.touch()


def _log_failure(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and future.exception() is not None:
        log.error("action=failed_beside", exc_info=future.exception())
