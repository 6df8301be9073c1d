"""SQLite: a file, the default.

The writer's jobs get the driver's connection itself: a statement through SQLAlchemy costs 50 us of the
interpreter's lock, which the event loop beside needs, through the driver 5 (docs/performance.md).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.engine import Connection as Reading

from ravsock import sql
from ravsock.columnar import Digits
from ravspec.errors import ConfigError

log = logging.getLogger(__name__)

Error = sqlite3.Error

CHANGING: dict[str, Any] = {}

#: seconds to wait for another process that writes
BUSY_S = 5.0


#: with a write-ahead log, NORMAL survives the death of the process at any point, and that of the machine
#: whole, if perhaps without its last moments
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY")


class Driver(sqlite3.Connection):
    """The driver's connection, as jobs know it."""

    columns = Digits


def make_engine(url: URL) -> Engine:
    """An engine on the file of a URL; ConfigError if it names none, or no folder for it."""
    if url.database in (None, "", ":memory:"):
        raise ConfigError(f"RDF_DATABASE_URI={str(url)!r} names no file; write for instance sqlite:///rdf.db")
    # RDF's URLs carry ?check_same_thread=False; only the writer thread writes, so it is let pass
    url = url.difference_update_query(["check_same_thread"])
    folder = Path(str(url.database)).parent
    if not folder.is_dir():
        raise ConfigError(f"the database {url} cannot be made: there is no folder {folder}")
    engine = sa.create_engine(
        url,
        connect_args={
            "check_same_thread": False, "timeout": BUSY_S, "isolation_level": None, "factory": Driver,
        },
    )  # fmt: skip
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _set_up(connection: Any, record: Any) -> None:
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


class Session:
    """The writer's connection. It cannot be lost: the file is on this machine."""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        self._driver = cast(Driver, self._pooled.driver_connection)
        self.connection: sql.Connection = self._driver

    def begin(self) -> None:
        """Begin; whoever else writes is waited for now, not in the middle."""
        self._driver.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit."""
        self._driver.execute("COMMIT")

    def rollback(self) -> None:
        """Undo what there is."""
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK")

    def is_lost(self) -> bool:
        """Never."""
        return False

    def reopen(self) -> bool:
        """Nothing to do."""
        return False

    def close(self) -> None:
        """Let go."""
        self._pooled.close()


def open_session(engine: Engine) -> sql.Session:
    """The writer's connection."""
    return Session(engine)


def hold(connection: Reading) -> None:
    """Nothing to do: SQLite refuses whoever has read and then writes what another has written."""


@contextlib.contextmanager
def upgrading(engine: Engine, version: str) -> Iterator[Reading]:
    """A transaction in which tables may be made anew, after a copy of the file was put beside it."""
    copy = _back_up(engine, version)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        # to change a table may be to copy and drop it, and dropping it would delete what refers to its rows
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                assert not broken, f"rows refer to rows that are not there: {broken[:3]}"
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
    log.info("action=backed_up version=%s copy=%s", version, copy)


def _back_up(engine: Engine, version: str) -> Path:
    """Copy the database beside itself, with all that is committed; the copy's path."""
    path = Path(str(engine.url.database))
    copy = path.with_name(f"{path.name}.version-{version}.{time.strftime('%Y%m%d-%H%M%S')}")
    partial = copy.with_name(f"{copy.name}.partial")
    try:
        # hashes of tokens are in it: nobody else may read it
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with (
            contextlib.closing(sqlite3.connect(path)) as old,
            contextlib.closing(sqlite3.connect(partial)) as new,
        ):
            old.backup(new)
        os.replace(partial, copy)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise ConfigError(
            f"the database {path} is of version {version} and is not upgraded, as it could not be copied to "
            f"{copy} before: {error}"
        ) from error
    return copy
