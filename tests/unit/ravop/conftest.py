"""Graphs of the local engine: the same API, no server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ravop as R
from ravop import graph


@pytest.fixture(autouse=True)
def local() -> Iterator[None]:
    R.initialize(url="local:")
    graph._graphs.clear()
    graph._current.set(None)
    yield
    graph._graphs.clear()
    graph._current.set(None)
