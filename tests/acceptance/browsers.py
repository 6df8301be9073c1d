"""Fixtures of the browser tests: Chromium for the session, tabs that are looked at and closed in the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from system.browser import ARGUMENTS, Tab, chromium_path
from system.device import Device
from system.processes import Running, Server

from ravsock.assets import find_runtime
from ravspec.errors import ConfigError

#: seconds of work in many pieces; prints whether it is what it should be
SUMS = """
    import numpy as np
    import ravop as R

    parts = [R.random_normal(size=(300, 300), seed=k) for k in range(120)]
    values = R.fetch(*[(p @ p).trace() for p in parts], timeout=100)
    R.initialize(url="local:")
    with R.Graph(name="here"):
        parts = [R.random_normal(size=(300, 300), seed=k) for k in range(120)]
        here = R.fetch(*[(p @ p).trace() for p in parts])
    print("the same" if np.allclose(values, here, rtol=1e-8, atol=1e-8) else "different")
"""

#: a moment's work for whoever is there
A_SUM = """
    import ravop as R

    print(int((R.arange(10) + 1).sum()(timeout=60)))
"""

#: evaluated in a worker: it never does anything again
HANG = "void setTimeout(() => { while (true); })"


def computing_worker(tab: Tab) -> Any:
    """The one that has Python."""
    return next(worker for worker in tab.page.workers if worker.url.endswith("/worker.js"))


def lacking(what: str) -> None:
    """Skip for a stated reason; where everything must be tested, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    """What drives browsers. Not for the session: while it is there, its event loop runs in this thread."""
    if chromium_path() is None:
        lacking("no Chromium: install your system's package chromium, or name one by CHROMIUM")
    try:
        find_runtime()
    except ConfigError as error:
        lacking(str(error))
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        lacking(str(error))
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def launch(playwright: Any) -> Callable[..., Any]:
    """Start a Chromium with more arguments."""

    def start(*arguments: str) -> Any:
        options = [*ARGUMENTS, *arguments]
        return playwright.chromium.launch(executable_path=chromium_path(), headless=True, args=options)

    return start


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Any]) -> Iterator[Any]:
    """One Chromium for all tests."""
    one = launch()
    yield one
    one.close()


@pytest.fixture
def new_tab(browser: Any, server: Server) -> Iterator[Callable[..., Tab]]:
    """new_tab() opens the page; errors of a tab's scripts fail the test."""
    tabs: list[Tab] = []

    def make(path: str = "/", at: str = "", **options: Any) -> Tab:
        tab = Tab(browser, server, **options)
        tabs.append(tab)
        return tab.open(path, at)

    yield make
    for tab in tabs:
        tab.close()
    assert not [trouble for tab in tabs for trouble in tab.troubles]


@pytest.fixture
def device(playwright: Any, tmp_path: Path, processes: list[Running]) -> Device:
    """A Chromium whose windows hide for real, and whose processes are ours to stop."""
    one = Device(playwright, tmp_path)
    processes.append(one)
    return one
