"""A graph as the server holds it in memory, and the questions of developers that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravsock.reading import StoredGraph
from ravsock.scheduler import events
from ravsock.values import Cache, ValueIndex
from ravspec.batch import Batch
from ravspec.messages import Failure, GraphNews, failure_of
from ravspec.oplist import OpList
from ravspec.states import GraphState
from ravspec.values import type_from_json


class Question:
    """A developer's request that waits: for the values of ops, or for the end of the graph."""

    def __init__(self, ops: Iterable[int], whole: bool) -> None:
        self.open: set[int] = set(ops)
        self.ready: list[int] = []  #: asked for, come, not sent yet
        self.failed: list[int] = []
        self.whole = whole
        self.broken = ""  #: why nothing more will come: the graph was cancelled, or could not be stored
        self.progressed = True  #: something happened since progress was last told
        self.changed = asyncio.Event()

    def came(self, ops: Iterable[int]) -> None:
        """These values are at the server now."""
        new = self.open.intersection(ops)
        if new:
            self.open -= new
            self.ready.extend(sorted(new))
            self.changed.set()

    def failed_now(self, ops: Iterable[int]) -> None:
        """These ops failed."""
        failed = [op for op in ops if self.whole or op in self.open]
        if failed:
            self.open.difference_update(failed)
            self.failed.extend(failed)
            self.changed.set()

    def finished(self, record: GraphRecord) -> bool:
        """Nothing is waited for any more."""
        if self.broken or (self.whole and record.state is GraphState.ENDED):
            return bool(self.broken)
        return not self.open

    def touch(self) -> None:
        """Something happened to the graph."""
        self.progressed = True
        self.changed.set()


class GraphRecord:
    """Ops, values, failures and questions of one graph."""

    def __init__(
        self,
        row: dict[str, Any],
        cache: Cache,
        load_body: Any,
        is_there: Callable[[str], bool] = lambda digest: True,
    ) -> None:
        self.id: int = row["id"]
        self.name: str | None = row["name"]
        self.algorithm: str | None = row["algorithm"]
        self.approach: str = row["approach"]
        self.developer: str = row["developer"]
        self.priority: int = row["priority"]
        self.created_at: float = row["created_at"]
        self.state = GraphState(row["state"])
        self.ops = OpList()
        self.data_ids: dict[int, int | str] = {}  #: buffer number -> id of its data row, or its digest
        self.values = ValueIndex(self.ops, self.id, cache, lambda n: load_body(self.data_ids[n]), is_there)
        self.failed: dict[int, tuple[int, str]] = {}
        self.questions: set[Question] = set()
        self.trouble = ""  #: why results cannot be stored at present
        self.kept_bytes = 0  #: of its values and arrays

    def take(self, batch: Batch) -> tuple[events.AddOps, NDArray[np.bool_]]:
        """Take new ops; the scheduler's event, and which of them are sources. A bad batch raises."""
        cost_s, size_bytes, source = self.ops.append(batch)
        self.values.grow(len(self.ops))
        sources = batch.first_op + np.flatnonzero(source)
        if len(sources):
            batch.values = bytes(batch.values)  # a copy, so that the whole message need not be kept
            number = self.values.add(sources, batch.values, stored_outputs(sources, batch.stored))
            self.data_ids[number] = -1  # in memory until its row is written
        return add_ops_event(self.id, batch, cost_s, size_bytes, source), source

    def news(self, counts: dict[str, int]) -> GraphNews:
        """How far it is, for contributors."""
        figures = (counts[key] for key in ("total", "computed", "failed"))
        return GraphNews(self.id, self.name or "", *figures)

    def fail(self, failed: Iterable[tuple[int, int, str]]) -> None:
        """These ops failed: (op, op at fault, reason)."""
        ops = []
        for op, cause, reason in failed:
            self.failed[op] = (cause, reason)
            ops.append(op)
        for question in self.questions:
            question.failed_now(ops)

    def failure(self, op: int) -> Failure:
        """A failed op in words."""
        cause, reason = self.failed[op]
        return failure_of(op, self.ops.view(cause), reason)


def stored_outputs(ops: NDArray[Any], stored: dict[int, str]) -> dict[int, str]:
    """{op: digest} of one-output ops as {index among the ops: digest}."""
    return {int(np.searchsorted(ops, op)): digest for op, digest in stored.items()}


def add_ops_event(
    graph: int,
    batch: Batch,
    cost_s: NDArray[np.float64],
    size_bytes: NDArray[np.int64],
    source: NDArray[np.bool_],
) -> events.AddOps:
    """The scheduler's view of a batch: operands that are literals left out."""
    real = batch.operand >= 0
    arity = batch.arity
    if not real.all():
        owner = np.repeat(np.arange(len(batch)), batch.arity)
        arity = np.bincount(owner[real], minlength=len(batch)).astype(np.uint16)
    return events.AddOps(graph, arity, batch.operand[real], cost_s, size_bytes, source)


def restore(record: GraphRecord, stored: StoredGraph, file_size: Any) -> tuple[events.AddOps, events.Restore]:
    """Fill a new record from SQL; the scheduler's events. Values whose file is gone count as lost."""
    batch = stored.batch
    cost_s, size_bytes, source = record.ops.append(batch, with_values=False)
    record.values.grow(len(record.ops))
    at_server: list[NDArray[np.int32]] = []
    for row, ops, layout, size, digest, inline in stored.data:
        learn(record, ops, layout.get("learned", {}))
        stored_by_self = {int(i): d for i, d in layout.get("stored", {}).items()}
        record.kept_bytes += size + sum(file_size(d) or 0 for d in stored_by_self.values())
        if (not inline and size and file_size(digest) != size) or any(
            file_size(d) is None for d in stored_by_self.values()
        ):
            continue
        number = record.values.add_placed(ops.astype(np.int64), stored_by_self)
        record.data_ids[number] = row if inline or not size else digest
        at_server.append(ops.astype(np.int32))
    record.failed = {op: (cause, reason) for op, cause, reason in stored.failed}
    there = np.concatenate(at_server) if at_server else np.zeros(0, np.int32)
    return (
        add_ops_event(record.id, batch, cost_s, size_bytes, source),
        events.Restore(record.id, stored.computed, there, np.array(sorted(record.failed), np.int32)),
    )


def learn(record: GraphRecord, ops: NDArray[Any], learned: dict[str, Any]) -> None:
    """Types that a result taught: {index among the ops' outputs: type}."""
    if learned:
        _, outputs = record.ops.outputs_of(ops.astype(np.int64))
        for i, header in learned.items():
            record.ops.learn_type(int(outputs[int(i)]), type_from_json(header))


def layout_of(learned: dict[int, Any], stored: dict[int, str]) -> dict[str, Any]:
    """What SQL keeps of a buffer's layout beyond the types of its ops."""
    layout = {"learned": learned, "stored": stored}
    return {key: value for key, value in layout.items() if value}
