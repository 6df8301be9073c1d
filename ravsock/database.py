"""The database: opening it, its schema, and the one thread that writes.

The writer owns the connection. Jobs wait in one queue and are committed in groups: whatever is waiting
goes into one transaction, so ops are always stored before their results, and a thousand small writes
cost one sync. If one of a group fails, the group is rolled back and each job runs again by itself, so
that only the guilty one's future fails; a job therefore does nothing but write to the database.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from ravsock import models
from ravspec.errors import ConfigError

log = logging.getLogger(__name__)

Job = Callable[[sqlite3.Connection], Any]
#: what came of a job: its future, its result, its error
Outcome = tuple[asyncio.Future[Any], Any, Exception | None]


def connect(url: str) -> Engine:
    """An engine on the database of a URL; one that is not supported is a ConfigError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(f"RDF_DATABASE_URI={url!r} is no database URL; write sqlite:///rdf.db") from None
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(
            f"{parsed.get_backend_name()} is not supported yet; use SQLite, for instance sqlite:///rdf.db"
        )
    if parsed.database in (None, "", ":memory:"):
        raise ConfigError(f"RDF_DATABASE_URI={url!r} names no file; write for instance sqlite:///rdf.db")
    # RDF's URLs carry ?check_same_thread=False; only the writer thread writes, so it is let pass
    parsed = parsed.difference_update_query(["check_same_thread"])
    folder = Path(str(parsed.database)).parent
    if not folder.is_dir():
        raise ConfigError(f"the database {url} cannot be made: there is no folder {folder}")
    engine = sa.create_engine(
        parsed, connect_args={"check_same_thread": False, "timeout": 5, "isolation_level": None}
    )
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def open_database(url: str) -> Engine:
    """An engine on the database, its tables made or checked; one that cannot be used is a ConfigError."""
    engine = connect(url)
    try:
        with engine.begin() as connection:
            check_schema(connection, url)
    except DatabaseError as error:
        engine.dispose()
        raise ConfigError(f"the database {url} cannot be used: {error.orig}") from error
    except ConfigError:
        engine.dispose()
        raise
    return engine


def _set_up(connection: Any, record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def check_schema(connection: Connection, url: str) -> None:
    """Make the tables in an empty database; refuse one of another version."""
    names = set(sa.inspect(connection).get_table_names())
    if not names:
        create_tables(connection)
        return
    version = None
    if "schema_version" in names:
        version = connection.execute(sa.select(models.schema.c.version)).scalar()
    if version != models.SCHEMA:
        raise ConfigError(
            f"the database {url} has tables of version {version or 'unknown'}, not {models.SCHEMA} as this "
            "RDF. Name another, or make the tables anew with `python reset.py` (that deletes its graphs)"
        )


def create_tables(connection: Connection) -> None:
    """All tables, and the mark of their version."""
    models.metadata.create_all(connection)
    connection.execute(models.schema.insert().values(version=models.SCHEMA))


class Writer:
    """The thread that owns the connection.

    Jobs get the driver's connection, not SQLAlchemy's: a statement through SQLAlchemy costs 50 us of the
    interpreter's lock, which the event loop beside needs, through the driver 5 (docs/performance.md).
    """

    #: jobs of one transaction at most, so that the first does not wait long for its commit
    GROUP = 256

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine, self._loop = engine, loop
        self._jobs: queue.SimpleQueue[tuple[Job, asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> asyncio.Future[Any]:
        """Queue a job, from the event loop; the future gives its result once it is committed."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._jobs.put(None)
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        pooled = self._engine.raw_connection()
        connection: sqlite3.Connection = pooled.driver_connection  # type: ignore[assignment]
        stop = False
        while not stop:
            group = [self._jobs.get()]
            while len(group) < self.GROUP and not self._jobs.empty():
                group.append(self._jobs.get())
            stop = group[-1] is None
            outcomes = self._commit(connection, [entry for entry in group if entry is not None])
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(settle, outcomes)
        pooled.close()

    def _commit(
        self, connection: sqlite3.Connection, group: list[tuple[Job, asyncio.Future[Any]]]
    ) -> list[Outcome]:
        """One transaction for the group. If that fails, each job has a transaction of its own."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            results = [job(connection) for job, _ in group]
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whoever queued the guilty job is told by its future
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if len(group) > 1:
                return [outcome for entry in group for outcome in self._commit(connection, [entry])]
            log.warning("action=write_failed error=%s", error)
            return [(future, None, error) for _, future in group]
        return [(future, result, None) for (_, future), result in zip(group, results, strict=True)]


def settle(outcomes: list[Outcome]) -> None:
    """In the event loop: tell those who wait."""
    for future, result, error in outcomes:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
