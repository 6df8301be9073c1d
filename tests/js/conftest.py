"""What the tests of ravjs need: Node, and the browser's runtime that set-up brings."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from ravsock.assets import Runtime, find_runtime
from ravspec.errors import ConfigError

#: the op table's own tests have the comparison by numeric class
sys.path.insert(0, str(Path(__file__).parent.parent / "unit/ravspec"))


def lacking(what: str) -> None:
    """Skip for a stated reason; where everything must be tested, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def node() -> str:
    """Node's command."""
    found = shutil.which("node")
    if found is None:
        lacking("node is not on the PATH")
    return found or ""


@pytest.fixture(scope="session")
def runtime(node: str) -> Runtime:
    """The browser's runtime."""
    try:
        return find_runtime()
    except ConfigError as error:
        lacking(str(error))
        raise
