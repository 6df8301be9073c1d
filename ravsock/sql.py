"""What a job of the writer gets to work with, whichever database it is.

Jobs are functions `job(c)` that call `c.execute("... WHERE id = ?", (7,))` or, with names,
`c.execute("... :id", {"id": 7})`. SQLite's driver takes that as it stands; ravsock.postgresql translates.
Statements are written in what both understand: ON CONFLICT and RETURNING are, lastrowid and BLOB literals are
not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy.engine import URL, Engine
from sqlalchemy.engine import Connection as Reading

from ravsock.columnar import Columns
from ravspec.errors import RavError


class DatabaseError(Exception):
    """The database did not take a write; nothing of the job is stored."""


class DatabaseAway(RavError):
    """The database cannot be read at the moment; another try may help later."""

    kind, status = "RavError", 503


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row; None behind the last."""

    def fetchall(self) -> list[Any]:
        """The rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left."""


Values = Sequence[Any] | Mapping[str, Any]


class Connection(Protocol):
    """The driver's connection, inside a transaction of the writer's."""

    @property
    def columns(self) -> type[Columns]:
        """How many rows come by one statement."""

    def execute(self, sql: str, values: Values = ..., /) -> Rows:
        """One statement."""

    def executemany(self, sql: str, values: Iterable[Values], /) -> Rows:
        """The same statement for each of the values."""


class Session(Protocol):
    """The writer's connection and its transactions."""

    connection: Connection

    def begin(self) -> None:
        """Begin a transaction."""

    def commit(self) -> None:
        """Commit it; if this raises it is not committed, unless the connection is lost."""

    def rollback(self) -> None:
        """Undo it, if there is one."""

    def is_lost(self) -> bool:
        """Is the connection gone, and with it the transaction?"""

    def reopen(self) -> bool:
        """Connect again, or raise what the driver does. True if what was just being committed is."""

    def close(self) -> None:
        """Let go."""


class Store(Protocol):
    """A kind of database: a module of ours."""

    @property
    def Error(self) -> type[Exception]:
        """What the driver raises."""

    @property
    def CHANGING(self) -> dict[str, Any]:
        """SQLAlchemy's options of a transaction that reads and then writes."""

    def make_engine(self, url: URL) -> Engine:
        """An engine on a database that need not be there yet; ConfigError if the URL will not do."""

    def open_session(self, engine: Engine) -> Session:
        """The writer's own connection."""

    def hold(self, connection: Reading) -> None:
        """Until the end of the transaction, nobody else makes or upgrades tables."""

    def upgrading(self, engine: Engine, version: str) -> Any:
        """A context: a transaction in which the tables may change, from the version that they have."""
