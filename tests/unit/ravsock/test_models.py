"""The constraints of the tables stand for the invariants, whoever writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ravsock.database import open_database

ROW = (
    "INSERT INTO op (graph_id, op, kind, site, operands, out_types, state, reason) "
    "VALUES (1, ?, 0, 0, '', '', ?, ?)"
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database with one graph."""
    open_database(f"sqlite:///{tmp_path}/rdf.db").dispose()
    with sqlite3.connect(tmp_path / "rdf.db") as connection:
        connection.execute(
            "INSERT INTO graph (approach, developer, state, created_at) VALUES ('distributed', '', 'open', 0)"
        )
        yield connection
    connection.close()


@pytest.mark.parametrize("state", ["pending", "computed", "cancelled"])
def test_an_op_has_one_of_the_states(connection: sqlite3.Connection, state: str) -> None:
    connection.execute(ROW, (0, state, None))
    with pytest.raises(sqlite3.IntegrityError, match="state_is_known"):
        connection.execute(ROW, (1, "lost", None))
    with pytest.raises(sqlite3.IntegrityError, match="state_is_known"):
        connection.execute("UPDATE op SET state = 'lost'")


def test_a_failed_op_and_no_other_has_a_reason(connection: sqlite3.Connection) -> None:
    connection.execute(ROW, (0, "failed", "singular matrix"))
    for state, reason in (("failed", None), ("computed", "singular matrix")):
        with pytest.raises(sqlite3.IntegrityError, match="failed_has_a_reason"):
            connection.execute(ROW, (1, state, reason))
