"""Sweeping: values and files that nobody wants any more are deleted, by age and by space.

*Results* of graphs that have ended go when they are older than RAVSOCK_KEEP_S, and, while all values are more
than RAVSOCK_KEEP_BYTES, from the oldest on. Whoever asks for one later has it computed again. What came with
its ops stays as long as its graph does, since nobody could compute it; so do persisted values, and those of a
cancelled graph, of which nothing is computed any more.

*Files* go that no row of SQL names: an array that was sent and never used, RAVSOCK_ORPHAN_S after it came;
one whose graph was deleted or whose value was swept, as soon as it is GRACE_S old. While it is decided about
a file, the server behaves as if it were not there, so that nobody begins to use it; who sends it anew, keeps
it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from ravsock import reading, store
from ravsock.access import is_life
from ravsock.dispatcher import Dispatcher
from ravsock.reading import StoredResult
from ravsock.sql import Connection, DatabaseAway, DatabaseError

log = logging.getLogger(__name__)

#: seconds from one sweep to the next, and from the start to the first
EVERY_S, FIRST_S = 3600.0, 60.0
#: a file that has only just come may be one that somebody is about to name
GRACE_S = 3600.0
#: rows or files of one job of the writer, behind which others wait
PORTION = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has deleted."""

    results: int = 0
    files: int = 0
    bytes: int = 0


def choose(
    results: Iterable[StoredResult], persisted: set[tuple[int, int]], before: float, excess_bytes: int
) -> list[StoredResult]:
    """Those that go: what is older, and then the oldest until no more is in excess; nothing persisted."""
    chosen = []
    for result in sorted(results, key=lambda one: one.at):
        if result.at >= before and excess_bytes <= 0:
            break
        if not any((result.graph, op) in persisted for op in result.ops):
            chosen.append(result)
            excess_bytes -= result.size_bytes
    return chosen


class Sweeper:
    """Sweeps now and then; `files` at once, when a graph was deleted."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher, self._config = dispatcher, dispatcher.config
        self._registry, self._folder = dispatcher.registry, dispatcher.folder
        self._write = dispatcher.writer.submit
        self._loop = asyncio.get_running_loop()
        self._one_at_a_time, self._closing = asyncio.Lock(), False
        self._timer = self._loop.call_later(FIRST_S, self._tick)

    async def close(self) -> None:
        """Sweep no more; what is under way ends first."""
        self._timer.cancel()
        self._closing = True
        async with self._one_at_a_time:
            pass

    def _tick(self) -> None:
        self._timer = self._loop.call_later(EVERY_S, self._tick)
        self._dispatcher.spawn(self._try())

    async def _try(self) -> None:
        try:
            await self.sweep()
        except (DatabaseError, DatabaseAway) as error:  # a full disk, say: the next time will do
            log.warning("action=not_swept error=%s", error)

    async def sweep(self, now: float | None = None) -> Swept:
        """Whatever is to go by the settings."""
        now = time.time() if now is None else now
        async with self._one_at_a_time:
            if self._closing:
                return Swept()
            results = await self._sweep_results(now)
            files = await self._files({digest for one in results for digest in one.digests}, now)
        swept = Swept(len(results), files.files, files.bytes)
        if results or files.files:
            self._dispatcher.count_bytes_again()
            log.info("action=swept results=%d files=%d bytes=%d", *(swept.results, swept.files, swept.bytes))
        return swept

    # --- results -------------------------------------------------------------------------------------

    async def _sweep_results(self, now: float) -> list[StoredResult]:
        keep_s, keep_bytes = self._config.keep_s, self._config.keep_bytes
        if not (keep_s or keep_bytes):
            return []
        read, size_of = self._registry.read, self._folder.size_of
        results = await asyncio.to_thread(read, reading.results, size_of)
        persisted = await asyncio.to_thread(read, reading.persisted_ops)
        total = await asyncio.to_thread(read, reading.value_bytes, size_of) if keep_bytes else 0
        before = now - keep_s if keep_s else float("-inf")
        chosen = choose(results, persisted, before, total - keep_bytes)
        swept: list[StoredResult] = []
        async with self._registry.without({one.graph for one in chosen}) as graphs:
            going = [one for one in chosen if one.graph in graphs]
            for portion in portions(going):
                await self._write(partial(store.delete_data, rows=[one.id for one in portion]))
                swept += portion
        return swept

    # --- files ---------------------------------------------------------------------------------------

    async def files(self, freed: set[str]) -> Swept:
        """The files of what was deleted just now."""
        async with self._one_at_a_time:
            if self._closing:
                return Swept()
            return await self._files(freed, time.time())

    async def _files(self, freed: set[str], now: float) -> Swept:
        """Files that nothing names: of `freed`, those that are not new; of all, those that are old."""
        limits = dict.fromkeys(freed, now - GRACE_S)
        if self._config.orphan_s:
            old = await asyncio.to_thread(self._folder.older_than, now - self._config.orphan_s)
            limits = {**dict.fromkeys(old, now - self._config.orphan_s), **limits}
        limits = await self._without_users(limits) if limits else {}
        self._folder.going.update(limits)
        try:
            return await self._sweep_files(limits)
        finally:
            self._folder.going.difference_update(limits)

    async def _without_users(self, limits: dict[str, float]) -> dict[str, float]:
        used = await asyncio.to_thread(self._registry.read, reading.used_files)
        return {digest: limit for digest, limit in limits.items() if digest not in used}

    async def _sweep_files(self, limits: dict[str, float]) -> Swept:
        """From here on nobody begins to use them; who had begun has written it down when this job is done."""
        if not limits:
            return Swept()
        await self._write(lambda c: None)
        limits = await self._without_users(limits)
        rows = await asyncio.to_thread(self._registry.read, reading.array_rows)
        going = self._folder.going
        owned = [(who, digest) for who, digest, _ in rows if digest in limits and not is_life(who)]
        for who, digest in owned:
            if digest in going:
                self._dispatcher.access.take_away(who, digest)
        n_files = n_bytes = 0
        for portion in portions(list(limits.items())):
            digests = {digest for digest, _ in portion}
            mine = [(who, digest) for who, digest in owned if digest in digests]
            await self._write(partial(self._disown, rows=mine))
            # in the writer's thread, as the files of values are written there, and behind the commit
            sizes = await self._write(partial(self._unlink, portion=portion))
            n_files, n_bytes = n_files + len(sizes), n_bytes + sum(sizes)
        return Swept(0, n_files, n_bytes)

    def _disown(self, c: Connection, rows: list[tuple[str, str]]) -> None:
        store.delete_arrays(c, [(who, digest) for who, digest in rows if digest in self._folder.going])

    def _unlink(self, c: Connection, portion: list[tuple[str, float]]) -> list[int]:
        sizes = [self._folder.sweep(digest, limit) for digest, limit in portion]
        return [size for size in sizes if size is not None]


def portions(rows: list[Any]) -> list[list[Any]]:
    """In portions of a job's size."""
    return [rows[i : i + PORTION] for i in range(0, len(rows), PORTION)]


SWEEPER = web.AppKey("sweeper", Sweeper)
