"""Keeping what comes: the writer's part of values and arrays, and the books of what is whose.

A job that is given out here runs in the writer's thread and does nothing but write; what is changed in memory
is changed at once, in the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from ravsock import store
from ravsock.access import Access, of_life
from ravsock.config import Config
from ravsock.database import Writer
from ravsock.folder import DataFolder
from ravsock.graphs import GraphRecord, layout_of
from ravsock.limits import Accounts
from ravsock.sql import Connection, DatabaseError
from ravspec.codec import Buffer
from ravspec.subgraph import sha256

log = logging.getLogger(__name__)

#: how long to wait before a result that could not be written is written again
RETRY_WRITE_S = 2.0

Job = Callable[[Connection], Any]


class Keeper:
    """Stores values and arrays."""

    def __init__(
        self, config: Config, writer: Writer, folder: DataFolder, access: Access, accounts: Accounts
    ) -> None:
        self._config, self._writer, self._folder = config, writer, folder
        self._access, self._accounts = access, accounts
        self._loop = asyncio.get_running_loop()

    def values(
        self,
        record: GraphRecord,
        number: int,
        ops: Any,
        body: Buffer,
        learned: dict[int, Any],
        stored: dict[int, str],
        assignment: int | None = None,
    ) -> Job:
        """Values of ops, joined in `body`, which is the graph's buffer of that number: digest, file or row.

        assignment: whose result they are; None: they came with their ops.
        """
        record.kept_bytes += len(body)
        self._accounts.of(record.developer).bytes += len(body)

        def job(connection: Connection) -> None:
            digest = sha256(body)
            small = len(body) <= self._config.sql_bytes
            if not small:
                self._folder.write(digest, body)
            layout = layout_of(learned, stored)
            inline = body if small else None
            row = store.insert_data(connection, record.id, ops, layout, len(body), digest, inline, assignment)
            record.data_ids[number] = row if small else digest
            self._loop.call_soon_threadsafe(record.values.written, number)

        return job

    def arrays(self, developer: str, digests: Iterable[str]) -> Job:
        """Stored arrays are a developer's too."""
        new = [(d, self._folder.size_of(d) or 0) for d in digests if self._access.add(developer, d)]
        self._accounts.of(developer).bytes += sum(size for _, size in new)

        def job(connection: Connection) -> None:
            for digest, size in new:
                store.insert_array(connection, developer, digest, size)

        return job

    def array_of_life(self, life: str, digest: str, size: int) -> Job:
        """A contributor's life has sent an array for a result; a restart must not forget that it did."""
        owner = of_life(life)
        return lambda connection: store.insert_array(connection, owner, digest, size)

    async def at_last(self, record: GraphRecord, job: Job, say: Callable[[], None]) -> None:
        """Write a result, again and again while the disk is full or the database locked; say so meanwhile."""
        while True:
            try:
                await self._writer.submit(job)
                record.trouble = ""
                return
            except (DatabaseError, OSError) as error:
                record.trouble = f"results cannot be stored at the server: {error}"
                log.error("action=result_not_stored graph=%d error=%s", record.id, record.trouble)
                say()
                await asyncio.sleep(RETRY_WRITE_S)
