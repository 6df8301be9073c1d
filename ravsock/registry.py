"""The graphs in memory: opening new ones, loading stored ones, letting finished ones go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from sqlalchemy.engine import Engine

from ravsock import reading, store
from ravsock.database import Reader, Writer
from ravsock.folder import DataFolder
from ravsock.graphs import GraphRecord, restore
from ravsock.limits import Accounts
from ravsock.roles import ANYBODY, Principal
from ravsock.scheduler import events
from ravsock.values import Cache
from ravspec.errors import GraphError, TransferError

log = logging.getLogger(__name__)

#: finished graphs that stay in memory for further questions
KEPT_FINISHED = 16

Feed = Callable[[events.Event], Any]


class Registry:
    """GraphRecords by id. `feed` tells the scheduler of graphs that come and go."""

    def __init__(
        self, engine: Engine, writer: Writer, folder: DataFolder, accounts: Accounts, feed: Feed
    ) -> None:
        self._read, self._writer, self._folder, self._feed = Reader(engine), writer, folder, feed
        self._accounts = accounts
        self._records: dict[int, GraphRecord] = {}
        self._finished: OrderedDict[int, None] = OrderedDict()
        self._cache = Cache()
        self._loading = asyncio.Lock()

    def __iter__(self) -> Iterator[GraphRecord]:
        return iter(self._records.values())

    def held(self, graph: int) -> GraphRecord | None:
        """The record, if it is in memory."""
        return self._records.get(graph)

    def read(self, query: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """The answer of a reading query; DatabaseAway if there is none at the moment."""
        return self._read(query, *args, **more)

    async def open(
        self, name: str | None, algorithm: str | None, approach: str, developer: str, priority: int = 0
    ) -> GraphRecord:
        """A new graph, if the developer may have one more."""
        self._accounts.check_graph(developer)
        graph = await self._writer.submit(
            lambda c: store.insert_graph(c, name, algorithm, approach, developer, priority)
        )
        return await self.get(graph)

    async def get(self, graph: int, principal: Principal = ANYBODY) -> GraphRecord:
        """The record of a graph, loaded if need be; GraphError if there is none that is the principal's."""
        record = self._records.get(graph)
        if not principal.sees_all():
            self.demand(graph, principal)
        if record is None:
            async with self._loading:
                record = self._records.get(graph) or await self._load(graph)
        if graph in self._finished:
            self._finished.move_to_end(graph)
        return record

    def demand(self, graph: int, principal: Principal) -> None:
        """GraphError if there is no such graph that is the principal's; it need not be in memory."""
        record = self._records.get(graph)
        developer = record.developer if record else self.read(reading.developer_of, graph)
        if developer is None or not principal.sees(developer):
            raise no_graph(graph)  # another's and none are told in the same words

    @contextlib.asynccontextmanager
    async def without(self, graphs: set[int]) -> AsyncIterator[set[int]]:
        """Those of these graphs for which nobody waits are not in memory, and are not loaded meanwhile."""
        async with self._loading:
            held = {graph: self._records.get(graph) for graph in graphs}
            idle = {graph for graph, record in held.items() if record is None or not record.questions}
            for graph in idle:
                record = held[graph]
                if record is not None:
                    self.drop(record)
            yield idle

    async def load_unfinished(self) -> list[GraphRecord]:
        """At a start: every graph that is not finished, in memory again."""
        rows = self.read(reading.graph_rows, reading.UNFINISHED)
        return [await self.get(row["id"]) for row in rows if row["approach"] == "distributed"]

    async def _load(self, graph: int) -> GraphRecord:
        stored = await asyncio.to_thread(self.read, reading.load_graph, graph)
        if stored is None:
            raise no_graph(graph)
        if stored.row["approach"] != "distributed":
            raise GraphError(f"graph {graph} is federated: it has statistics and no ops")
        record = GraphRecord(stored.row, self._cache, self._load_body, self._is_there)
        add, state = restore(record, stored, self._folder.size_of)
        self._records[graph] = record
        self._feed(events.OpenGraph(graph, record.developer, record.priority))
        if len(record.ops):
            self._feed(add)
            self._feed(state)
        if record.state in reading.UNFINISHED:
            self._accounts.enter(graph, record.developer, len(record.ops))
        else:
            self.finished(record)
        return record

    def _is_there(self, digest: str) -> bool:
        return self._folder.size_of(digest) is not None

    def _load_body(self, key: int | str) -> bytes:
        body = self._folder.read(key) if isinstance(key, str) else self.read(reading.read_body, key)
        if body is None:
            raise TransferError(f"stored values ({key}) are gone from the database")
        return bytes(body)

    def finished(self, record: GraphRecord) -> None:
        """The graph has ended; the ones finished longest ago leave memory."""
        self._accounts.leave(record.id)
        self._finished[record.id] = None
        for graph in list(self._finished):
            if len(self._finished) <= KEPT_FINISHED:
                break
            if not self._records[graph].questions:
                self.drop(self._records[graph])

    def drop(self, record: GraphRecord) -> None:
        """Forget a graph in memory; in SQL it stays as it is."""
        self._accounts.leave(record.id)
        self._finished.pop(record.id, None)
        if self._records.pop(record.id, None) is not None:
            record.values.close()
            self._feed(events.CancelGraph(record.id))
            log.info("action=graph_dropped graph=%d", record.id)


def no_graph(graph: int) -> GraphError:
    """There is none, or it is another developer's."""
    return GraphError(f"there is no graph {graph}")
