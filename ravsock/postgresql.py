"""PostgreSQL, by psycopg: for a server whose database is on another machine, or backed up by others.

The writer may lose its connection at any moment, also between sending COMMIT and hearing of it. PostgreSQL
remembers what became of a transaction (`pg_xact_status`), so the writer asks once it is back: nothing is lost
and nothing written twice.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

import numpy as np
import psycopg
import sqlalchemy as sa
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format, TransactionStatus
from psycopg.types.string import StrDumperUnknown
from sqlalchemy.engine import URL, Engine
from sqlalchemy.engine import Connection as Reading

from ravsock import sql
from ravsock.columnar import Arrays
from ravspec.errors import ConfigError

Error = psycopg.Error

#: a transaction that reads and writes sees what others have committed meanwhile; readers see one moment
CHANGING: dict[str, Any] = {"isolation_level": "READ COMMITTED"}

#: of the advisory locks: of the one server that writes, and of whoever makes tables
WRITER, TABLES = 0x52444601, 0x52444602
#: how long a server waits for the one before it, whose last transaction may still be at work
LOCK_S = 10

#: unless the URL says otherwise: a host that does not answer is noticed
CONNECTING = {
    "connect_timeout": "3", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
    "tcp_user_timeout": "10000", "application_name": "ravsock",
}  # fmt: skip


def make_engine(url: URL) -> Engine:
    """An engine on the database of a URL; ConfigError if it names none."""
    if not url.database:
        raise ConfigError(
            f"RDF_DATABASE_URI={url.render_as_string(hide_password=True)!r} names no database; write for "
            "instance postgresql://user@host/rdf"
        )
    url = url.set(drivername="postgresql+psycopg")
    more = {key: value for key, value in CONNECTING.items() if key not in url.query}
    engine = sa.create_engine(url, connect_args=more, pool_pre_ping=True, isolation_level="REPEATABLE READ")
    sa.event.listen(engine, "connect", _set_up)
    return engine


class _Text(StrDumperUnknown):
    """Text without the one sign that PostgreSQL does not take, which nobody sends but to see what happens."""

    def dump(self, obj: Any) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


class _Column(Dumper):
    """An array of int4 in PostgreSQL's binary form: a head, and each number behind its size."""

    format = Format.BINARY
    oid = 1007  #: of int4[]

    def dump(self, obj: NDArray[Any]) -> bytes:
        items = np.empty((len(obj), 2), ">i4")
        items[:, 0], items[:, 1] = 4, obj
        int4 = 23
        return np.array([1, 0, int4, len(obj), 1], ">i4").tobytes() + items.tobytes()


def _set_up(connection: Any, record: Any) -> None:
    connection.adapters.register_dumper(str, _Text)
    connection.adapters.register_dumper(np.ndarray, _Column)


_SIGNS = re.compile(r"'[^']*'|\?|:(\w+)|%")


@functools.lru_cache(maxsize=1024)
def translate(statement: str) -> str:
    """The statement with psycopg's placeholders in place of `?` and `:name`."""

    def sign(found: re.Match[str]) -> str:
        text = found[0]
        if text == "?":
            return "%s"
        return f"%({found[1]})s" if found[1] else text.replace("%", "%%")

    return _SIGNS.sub(sign, statement)


class Driver:
    """The driver's connection, as jobs know it."""

    columns = Arrays

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Any = (), /) -> sql.Rows:
        """One statement."""
        return self._connection.execute(cast(Any, translate(statement)), values)

    def executemany(self, statement: str, values: Iterable[Any], /) -> sql.Rows:
        """The same statement for each of the values."""
        cursor = self._connection.cursor()
        cursor.executemany(cast(Any, translate(statement)), values)
        return cursor


class Session:
    """The writer's connection. While it holds, no other server writes to the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._in_doubt: str | None = None  #: the transaction whose COMMIT was sent, until its answer is here
        self._connect()

    def _connect(self) -> None:
        """Connect; wait a little for a server before this one, or this one before, that is still at work."""
        try:
            pooled = self._engine.raw_connection()
        except sa.exc.DBAPIError as error:
            raise psycopg.OperationalError(str(error.orig)) from error
        self._driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
        pooled.detach()  # it is not the pool's any more
        self._driver.autocommit = True
        self.connection: sql.Connection = Driver(self._driver)
        try:
            self._driver.execute(f"SET lock_timeout = '{LOCK_S}s'")
            self._driver.execute("SELECT pg_advisory_lock(%s)", (WRITER,))
            self._driver.execute("SET lock_timeout = DEFAULT")
        except psycopg.errors.LockNotAvailable:
            self._driver.close()
            raise psycopg.OperationalError(
                "another server writes to it; stop that first, or name another database"
            ) from None

    def begin(self) -> None:
        """Begin."""
        self._driver.execute("BEGIN")

    def commit(self) -> None:
        """Commit."""
        row = self._driver.execute("SELECT CAST(pg_current_xact_id() AS text)").fetchone()
        assert row is not None
        self._in_doubt = row[0]
        self._driver.execute("COMMIT")
        self._in_doubt = None

    def rollback(self) -> None:
        """Undo what there is."""
        if self._driver.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            self._driver.execute("ROLLBACK")
        if not self.is_lost():
            self._in_doubt = None

    def is_lost(self) -> bool:
        """Is the connection gone, and with it the transaction, unless it was just being committed?"""
        return self._driver.closed

    def reopen(self) -> bool:
        """Connect again. True if the transaction that was being committed is."""
        self._driver.close()
        self._connect()
        committed = self._in_doubt is not None and self._is_committed(self._in_doubt)
        self._in_doubt = None
        return committed

    def _is_committed(self, transaction: str) -> bool:
        """What became of it? Its session has ended, or the lock would not be ours."""
        query = "SELECT pg_xact_status(CAST(%s AS xid8))"
        try:
            row = self._driver.execute(query, (transaction,)).fetchone()
        except psycopg.errors.InvalidParameterValue:  # it is of the future: nothing of it reached the disk
            return False
        return row is not None and row[0] == "committed"

    def close(self) -> None:
        """Let go."""
        self._driver.close()


def open_session(engine: Engine) -> sql.Session:
    """The writer's connection."""
    return Session(engine)


def hold(connection: Reading) -> None:
    """Until the end of the transaction, nobody else makes or upgrades tables."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TABLES)))


@contextlib.contextmanager
def upgrading(engine: Engine, version: str) -> Iterator[Reading]:
    """A transaction: either all of the upgrade is there afterwards, or nothing."""
    with engine.execution_options(**CHANGING).begin() as connection:
        hold(connection)
        yield connection
