"""The database: opening it, and the one thread that writes.

The writer owns the connection. Jobs wait in one queue and are committed in groups: whatever is waiting
goes into one transaction, so ops are always stored before their results, and a thousand small writes
cost one sync. If one of a group fails, the group is rolled back and each job runs again by itself, so
that only the guilty one's future fails; a job therefore does nothing but write to the database.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from ravsock import sql, sqlite, versions
from ravspec.errors import ConfigError

log = logging.getLogger(__name__)

Job = Callable[[sql.Connection], Any]
#: what came of a job: its future, its result, its error
Outcome = tuple[asyncio.Future[Any], Any, Exception | None]


def store_of(kind: str) -> sql.Store:
    """What speaks to that kind of database; a ConfigError if there is none."""
    if kind == "sqlite":
        return cast(sql.Store, sqlite)
    if kind in ("postgresql", "postgres"):
        try:
            from ravsock import postgresql  # psycopg is an extra
        except ImportError as error:
            raise ConfigError(
                f"a database of PostgreSQL needs psycopg ({error}); `.venv/bin/python -m pip install -e "
                "'.[postgresql]'` installs it"
            ) from None
        return cast(sql.Store, postgresql)
    raise ConfigError(
        f"{kind} is not supported; use SQLite, for instance sqlite:///rdf.db, or PostgreSQL, for instance "
        "postgresql://user@host/rdf"
    )


def shown(url: str) -> str:
    """A database's URL as it may be printed: without a password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        return re.sub("://.*@", "://***@", url)


def connect(url: str) -> Engine:
    """An engine on the database of a URL; one that is not supported is a ConfigError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise ConfigError(
            f"RDF_DATABASE_URI={shown(url)!r} is no database URL; write sqlite:///rdf.db"
        ) from None
    return store_of(parsed.get_backend_name()).make_engine(parsed)


def open_database(url: str) -> Engine:
    """An engine on the database, its tables made or upgraded; one that cannot be used is a ConfigError."""
    engine = connect(url)
    try:
        versions.bring_up(engine, store_of(engine.dialect.name), shown(url))
    except DBAPIError as error:
        engine.dispose()
        raise ConfigError(f"the database {shown(url)} cannot be used: {one_line(error.orig)}") from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def changing(engine: Engine) -> AbstractContextManager[Connection]:
    """A transaction of a command that reads and writes, beside a server or not."""
    return engine.execution_options(**store_of(engine.dialect.name).CHANGING).begin()


def one_line(error: BaseException | None) -> str:
    """What a driver says, which may have hints on lines of their own."""
    return " ".join(str(error).split())


class Reader:
    """Reads on connections of its own. A database that is away is a DatabaseAway, soon.

    Whoever reads waits, and in the event loop everybody with them; so after a failure it is said at once that
    the database is away, ten times as long as it took to find out.
    """

    #: seconds at least until it is tried again
    AGAIN_S = 0.5

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._away_until, self._reason = 0.0, ""

    def __call__(self, query: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """The answer of a query."""
        began = time.monotonic()
        if began < self._away_until:
            raise sql.DatabaseAway(self._reason)
        try:
            with self._engine.connect() as connection:
                return query(connection, *args, **more)
        except (OperationalError, InterfaceError) as error:
            ended = time.monotonic()
            self._away_until = ended + max(self.AGAIN_S, 10 * (ended - began))
            self._reason = (
                f"the server's database is away: {one_line(error.orig)}. What was stored is kept; try again"
            )
            log.error("action=not_read error=%s", one_line(error.orig))
            raise sql.DatabaseAway(self._reason) from error


class Writer:
    """The thread that owns the connection. Its jobs get ravsock.sql.Connection.

    A database that goes away is waited for, however long: jobs stay in the queue, in their order, so what the
    server has decided meanwhile is stored as it was decided. `trouble` says so to people.
    """

    #: jobs of one transaction at most, so that the first does not wait long for its commit
    GROUP = 256
    #: seconds between two tries to connect again
    RECONNECT_S = 1.0
    #: a group that loses its connection so many times is to blame itself
    TRIES = 3

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine, self._loop = engine, loop
        self._jobs: queue.SimpleQueue[tuple[Job, asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self.trouble = ""  #: why nothing is being stored at the moment
        self._store = store_of(engine.dialect.name)
        self._session = self._open()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def _open(self) -> sql.Session:
        try:
            return self._store.open_session(self._engine)
        except (self._store.Error, DBAPIError) as error:
            name = self._engine.url.render_as_string(hide_password=True)
            self._engine.dispose()
            raise ConfigError(f"the database {name} cannot be written: {one_line(error)}") from error

    def submit(self, job: Job) -> asyncio.Future[Any]:
        """Queue a job, from the event loop; the future gives its result once it is committed.

        It fails with what the job raised, or with sql.DatabaseError where the database did.
        """
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._closing.set()
        self._jobs.put(None)
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        stop = False
        while not stop:
            group = [self._jobs.get()]
            while len(group) < self.GROUP and not self._jobs.empty():
                group.append(self._jobs.get())
            stop = group[-1] is None
            outcomes = self._commit([entry for entry in group if entry is not None])
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(settle, outcomes)
        self._session.close()

    def _commit(self, group: list[tuple[Job, asyncio.Future[Any]]], tries: int = 1) -> list[Outcome]:
        """One transaction for the group. If that fails, each job has a transaction of its own."""
        results: list[Any] = []
        try:
            self._session.begin()
            results = [job(self._session.connection) for job, _ in group]
            self._session.commit()
        except Exception as error:  # noqa: BLE001 - whoever queued the guilty job is told by its future
            lost, committed = self._undo()
            if not committed:
                if lost and tries < self.TRIES:
                    return self._commit(group, tries + 1)
                if len(group) > 1:
                    return [outcome for entry in group for outcome in self._commit([entry])]
                log.warning("action=write_failed error=%s", error)
                return [(future, None, self._as_ours(error)) for _, future in group]
        return [(future, result, None) for (_, future), result in zip(group, results, strict=True)]

    def _undo(self) -> tuple[bool, bool]:
        """Roll back; connect again if that is lost. (Was it lost, is the group committed after all)."""
        session = self._session
        try:
            session.rollback()
        except self._store.Error:
            if not session.is_lost():
                raise
        if not session.is_lost():
            return False, False
        while not (self._closing.is_set() and self.trouble):
            try:
                committed = session.reopen()
            except self._store.Error as error:
                if not self.trouble:
                    log.error("action=database_away error=%s", one_line(error))
                self.trouble = f"the server's database is away: {one_line(error)}"
                self._closing.wait(self.RECONNECT_S)
            else:
                log.warning("action=database_back committed=%s", committed)
                self.trouble = ""
                return True, committed
        return False, False

    def _as_ours(self, error: Exception) -> Exception:
        """A driver's error in the one form that everybody looks for."""
        if not isinstance(error, self._store.Error):
            return error
        ours = sql.DatabaseError(one_line(error))
        ours.__cause__ = error
        return ours


def settle(outcomes: list[Outcome]) -> None:
    """In the event loop: tell those who wait."""
    for future, result, error in outcomes:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
