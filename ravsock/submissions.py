"""What a developer sends: new ops, wishes, the end of the graph; and the stream that answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

from ravsock import store
from ravsock.dispatcher import Dispatcher
from ravsock.graphs import GraphRecord, Question, stored_outputs
from ravsock.keeping import RETRY_WRITE_S
from ravsock.roles import Principal
from ravsock.scheduler import events
from ravsock.sql import Connection, DatabaseAway, DatabaseError
from ravspec import messages
from ravspec.batch import Batch
from ravspec.codec import read_column
from ravspec.errors import GraphError, TransferError
from ravspec.states import GraphState, Move

#: seconds between two progress messages, and without any message before a sign of life
PROGRESS_S = 0.5
ALIVE_S = 15.0
#: after so long without values the developer is told that the ops are stored
STORED_S = 0.05
#: values that are joined into one message, in bytes, at most (a larger value goes alone)
ANSWER_BYTES = 8 << 20


async def answer(
    dispatcher: Dispatcher,
    record: GraphRecord,
    message: messages.Submit,
    buffers: list[memoryview],
    principal: Principal,
) -> AsyncIterator[tuple[bytes, bool]]:
    """Take the principal's ops, then yield the answer: (one or several frames, True if they are the last).

    Frames go together where they can: every write wakes the reader. What is wrong with the ops raises
    before the first.
    """
    batch = Batch.read(message, buffers)
    wanted = read_column(buffers[-1], "int32")
    if batch is not None:
        check_arrays(dispatcher, principal, batch)
    written = take(dispatcher, record, batch, message, wanted)
    question = ask(dispatcher, record, wanted.tolist(), message)
    try:
        if written is not None:
            try:
                async for sign in signs(dispatcher, record, written):
                    yield sign, False
                written.result()
            except (DatabaseError, OSError) as error:
                abandon(dispatcher, record)
                text = (
                    f"the server could not store the ops: {error}. Nothing of them is kept; try again later"
                )
                yield messages.encode(messages.Error(text, "RavError")), True
                return
        told = messages.encode(messages.Stored(len(record.ops)))
        if message.wait and (len(wanted) or message.end):
            async for frames, last in follow(dispatcher, record, question):
                if not last:
                    yield told + frames, False
                    told = b""
                else:
                    told += frames
        yield told + messages.encode(messages.Done(str(record.state))), True
    finally:
        record.questions.discard(question)


async def signs(
    dispatcher: Dispatcher, record: GraphRecord, written: asyncio.Future[Any]
) -> AsyncIterator[bytes]:
    """While ops are being stored, which may take as long as the database is away: why, now and then."""
    while not written.done():
        await asyncio.wait([written], timeout=ALIVE_S)
        if not written.done():
            yield messages.encode(progress(dispatcher, record))


def check_arrays(dispatcher: Dispatcher, principal: Principal, batch: Batch) -> None:
    """Arrays that were sent ahead: this developer's, or there are none, in the same words."""
    for digest in batch.stored.values():
        known = principal.sees_all() or dispatcher.access.may_name(principal.name, digest)
        if not known or dispatcher.folder.offered(digest) is None:
            raise TransferError(f"the array {digest[:12]} was not sent to this server; send it again")


def check_limits(dispatcher: Dispatcher, record: GraphRecord, batch: Batch) -> None:
    """Not more than the graph and its developer may have."""
    accounts, developer = dispatcher.accounts, record.developer
    accounts.check_ops(developer, len(record.ops), len(batch))
    arrays = {digest: dispatcher.folder.size_of(digest) or 0 for digest in set(batch.stored.values())}
    new = [size for digest, size in arrays.items() if not dispatcher.access.may_name(developer, digest)]
    accounts.check_bytes(developer, len(batch.values) + sum(new))
    accounts.check_graph_bytes(record.kept_bytes, len(batch.values) + sum(arrays.values()))


def take(
    dispatcher: Dispatcher, record: GraphRecord, batch: Batch | None, message: messages.Submit, wanted: Any
) -> asyncio.Future[Any] | None:
    """Take ops, names and the end, in memory and into the writer's queue. All of it, or an error."""
    total = batch.first_op + len(batch) if batch is not None else len(record.ops)
    total = max(total, len(record.ops))
    named = np.concatenate([wanted, np.array(list(message.persist.values()), np.int64)])
    if len(named) and (named.min() < 0 or named.max() >= total):
        raise GraphError(f"graph {record.id} has {total} ops; op {int(named.max())} was named")
    new = batch is not None and not record.ops.is_repeat(batch)
    if new and record.state is not GraphState.OPEN:
        raise GraphError(f"graph {record.id} is {record.state} and takes no more ops; make a new graph")
    jobs = []
    if new and batch is not None and len(batch):
        check_limits(dispatcher, record, batch)
        jobs.append(take_ops(dispatcher, record, batch))
    if message.persist:
        names = dict(message.persist)
        jobs.append(lambda c: store.persist(c, record.developer, record.id, names))
    if message.end and record.state is GraphState.OPEN:
        record.state = GraphState.ENDED
        jobs.append(lambda c: store.move_graph(c, record.id, Move.END))
    if not jobs:
        return None

    def job(connection: Connection) -> None:
        for one in jobs:
            one(connection)

    return dispatcher.writer.submit(job)


def take_ops(dispatcher: Dispatcher, record: GraphRecord, batch: Batch) -> Any:
    """Take new ops; gives the writer's part."""
    add, source = record.take(batch)
    dispatcher.accounts.enter(record.id, record.developer, len(record.ops))
    record.kept_bytes += sum(dispatcher.folder.size_of(digest) or 0 for digest in set(batch.stored.values()))
    dispatcher.feed(add)
    sources = batch.first_op + np.flatnonzero(source)
    keep_arrays = dispatcher.keeper.arrays(record.developer, batch.stored.values())
    store_values = None
    if len(sources):
        number = record.values.last_number
        stored = stored_outputs(sources, batch.stored)
        store_values = dispatcher.keeper.values(record, number, sources, batch.values, {}, stored)

    def job(connection: Connection) -> None:
        store.insert_ops(connection, record.id, batch, source)
        if store_values is not None:
            store_values(connection)
        keep_arrays(connection)

    return job


def abandon(dispatcher: Dispatcher, record: GraphRecord) -> None:
    """Ops that could not be stored: forget the graph in memory; it is loaded again as SQL has it."""
    for question in record.questions:
        question.broken = "the graph was abandoned; ask again"
        question.touch()
    dispatcher.registry.drop(record)
    dispatcher.count_bytes_again()


def ask(dispatcher: Dispatcher, record: GraphRecord, wanted: list[int], message: messages.Submit) -> Question:
    """Register what is wanted with the scheduler; the question that waits for it."""
    scheduler = dispatcher.scheduler
    there = [op for op in wanted if scheduler.is_available(record.id, op)]
    if record.state is GraphState.CANCELLED and (message.end or len(there) < len(wanted)):
        raise GraphError(f"graph {record.id} was cancelled; nothing more of it is computed")
    if message.persist:
        dispatcher.feed(events.Want(record.id, tuple(message.persist.values()), dispatch=False))
    if message.end:
        dispatcher.feed(events.EndGraph(record.id))
    question = Question(wanted, whole=message.end)
    record.questions.add(question)
    question.came(there)
    question.failed_now([op for op in wanted if op in record.failed])
    if message.end:
        question.failed_now(list(record.failed))
    if question.open:
        dispatcher.feed(events.Want(record.id, tuple(sorted(question.open))))
    if message.end:
        dispatcher.look_at(record)
    return question


async def follow(
    dispatcher: Dispatcher, record: GraphRecord, question: Question
) -> AsyncIterator[tuple[bytes, bool]]:
    """Frames, and whether they are the last, until everything that was asked for has come or failed.

    The first come soon, even if there are none.
    """
    told_at = time.monotonic()
    patience = STORED_S
    while True:
        if not (question.ready or question.failed or question.finished(record)):
            try:
                async with asyncio.timeout(patience):  # wait_for would cost a task
                    await question.changed.wait()
            except TimeoutError:
                if patience == ALIVE_S:
                    yield messages.encode(messages.Alive()), False
        question.changed.clear()
        frames = news(dispatcher, record, question)
        now = time.monotonic()
        if question.progressed and now - told_at >= PROGRESS_S:
            question.progressed = False
            told_at = now
            frames.append(messages.encode(progress(dispatcher, record)))
        if question.broken:
            frames.append(messages.encode(messages.Error(question.broken, "GraphError")))
        last = question.finished(record) and not question.ready and not question.failed
        if frames or last or patience == STORED_S:
            yield b"".join(frames), last
        if last:
            return
        patience = told_at + PROGRESS_S - now if question.progressed else ALIVE_S


def news(dispatcher: Dispatcher, record: GraphRecord, question: Question) -> list[bytes]:
    """The values and failures that have come since the last look."""
    frames = []
    ready, question.ready = question.ready, []
    for ops in in_portions(record, np.array(ready, np.int64)):
        try:
            frames.append(messages.encode(*record.values.answer(ops)))
        except DatabaseAway:  # nothing is lost: they come a little later
            question.open.update(ops.tolist())
            asyncio.get_running_loop().call_later(RETRY_WRITE_S, question.came, ops.tolist())
        except TransferError as error:
            if record.state is GraphState.CANCELLED:
                frames.append(messages.encode(messages.Error(str(error), "TransferError")))
            else:
                once_more(dispatcher, record, question, ops, str(error))
    failed, question.failed = question.failed, []
    if failed:
        frames.append(messages.encode(messages.Failures([record.failure(op) for op in failed])))
    return frames


def once_more(dispatcher: Dispatcher, record: GraphRecord, question: Question, ops: Any, reason: str) -> None:
    """Values that have come and cannot be read any more: they are computed again, and waited for."""
    lost = dispatcher.lose(record, ops, reason)
    question.open.update(set(lost).intersection(ops.tolist()))
    question.ready += [op for op in ops.tolist() if op not in question.open]
    question.failed_now(list(question.open.intersection(record.failed)))
    if question.open:
        dispatcher.feed(events.Want(record.id, tuple(sorted(question.open))))
    question.changed.set()


def in_portions(record: GraphRecord, ops: Any) -> list[Any]:
    """The ops in portions whose values make messages of a bearable size."""
    if len(ops) <= 1:
        return [ops] if len(ops) else []
    portion = np.cumsum(record.values.sizes_of(ops)) // ANSWER_BYTES
    return np.split(ops, np.flatnonzero(np.diff(portion)) + 1)


def progress(dispatcher: Dispatcher, record: GraphRecord) -> messages.Progress:
    """How far the graph is, and what it waits for."""
    counts = dispatcher.scheduler.counts(record.id)
    shown = not counts["computing"] or dispatcher.scheduler.is_late(record.id)
    return messages.Progress(
        total=counts["total"],
        computed=counts["computed"],
        computing=counts["computing"],
        failed=counts["failed"],
        contributors=len(dispatcher.present),
        why=dispatcher.trouble(record) or (dispatcher.scheduler.explain(record.id) if shown else ""),
    )
