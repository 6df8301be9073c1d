"""What all tests may use: a database, of each kind that there is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import fresh_postgresql


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    return str(request.param)


@pytest.fixture
def database(kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has no tables yet."""
    with (
        fresh_postgresql()
        if kind == "postgresql"
        else contextlib.nullcontext(f"sqlite:///{tmp_path}/rdf.db") as url
    ):
        yield url
