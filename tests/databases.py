"""Databases for tests: a file of SQLite, or a new one of the PostgreSQL that answers, dropped afterwards.

RDF_TEST_POSTGRESQL names another than the one of this machine; its user must be allowed to make databases.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from ravsock.database import connect
from ravsock.postgresql import translate

ADMIN = os.environ.get("RDF_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")

#: the whole module over PostgreSQL too, in the long tests
on_postgresql_too = pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
#: both, in the quick tests too
both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
only_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)

_numbers = itertools.count()


@functools.cache
def why_not() -> str:
    """Why there is no PostgreSQL; empty if there is."""
    try:
        psycopg.connect(ADMIN, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL answers at {make_url(ADMIN)!r}: {' '.join(str(error).split())}"
    return ""


def need_postgresql() -> None:
    """Skip where there is none; where everything is to be tested, fail."""
    if why_not():
        if os.environ.get("CI") == "true":
            pytest.fail(why_not())
        pytest.skip(why_not())


def administer(statement: str) -> list[Any]:
    """One statement outside of any test's database."""
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def fresh_postgresql() -> Iterator[str]:
    """The URL of an empty database."""
    need_postgresql()
    name = f"rdf_test_{os.getpid()}_{next(_numbers)}"
    administer(f"CREATE DATABASE {name}")
    try:
        yield make_url(ADMIN).set(database=name).render_as_string(hide_password=False)
    finally:
        administer(f"DROP DATABASE {name} WITH (FORCE)")


def run_sql(url: str, statement: str, *values: Any) -> list[Any]:
    """One statement on a database, from outside; `?` stand for the values."""
    engine = connect(url)
    try:
        with engine.begin() as connection:
            text = translate(statement) if engine.dialect.name == "postgresql" else statement
            result = connection.exec_driver_sql(text, values)
            return list(result.fetchall()) if result.returns_rows else []
    finally:
        engine.dispose()


def tables_of(url: str) -> dict[str, dict[str, Any]]:
    """Columns, keys, checks and indexes of each table, as the database has them, in no order."""
    engine = connect(url)
    try:
        inspector = sa.inspect(engine)
        return {name: _shape(inspector, name) for name in inspector.get_table_names()}
    finally:
        engine.dispose()


def _shape(inspector: sa.Inspector, table: str) -> dict[str, Any]:
    def plain(rows: Any) -> list[str]:
        return sorted(repr(sorted(row.items(), key=str)) for row in rows)

    columns = [
        {**column, "type": str(column["type"]), "default": str(column["default"])}
        for column in inspector.get_columns(table)
    ]
    return {
        "columns": plain(columns),
        "key": inspector.get_pk_constraint(table)["constrained_columns"],
        "refers": plain(inspector.get_foreign_keys(table)),
        "checks": plain(inspector.get_check_constraints(table)),
        "indexes": plain(
            {**index, "dialect_options": {k: str(v) for k, v in index.get("dialect_options", {}).items()}}
            for index in inspector.get_indexes(table)
        ),
    }
