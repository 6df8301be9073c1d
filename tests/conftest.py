"""What all tests may use: a database, of each kind that there is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import fresh_postgresql


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database; `both` and `on_postgresql_too` of tests.databases ask for another."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def database(kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has no tables yet."""
    with (
        fresh_postgresql()
        if kind == "postgresql"
        else contextlib.nullcontext(f"sqlite:///{tmp_path}/rdf.db") as url
    ):
        yield url
