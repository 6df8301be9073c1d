"""Acceptance: real processes that talk over real sockets, started by the commands that people use."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import browser, device, launch, new_tab, playwright  # noqa: F401 - fixtures
from system.processes import Contributor, Running, Script, Server, until


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A test that fails shows the ends of the logs of its processes."""
    report = yield
    for process in item.funcargs.get("processes", ()) if report.failed else ():
        report.sections.append((f"{process.name}, pid {process.pid}", process.tail()))
    return report


def watched() -> Iterator[list[Running]]:
    """Whatever is started; stopped at the end, and looked at for errors that nobody expected."""
    started: list[Running] = []
    yield started
    for process in reversed(started):
        process.clear_away()
    for process in started:
        if isinstance(process, Server | Contributor):
            before, found, after = process.log().partition("Traceback")
            assert not found, f"{process.name}: {before[-500:]}{found}{after[:4000]}"


@pytest.fixture
def processes(request: pytest.FixtureRequest) -> Iterator[list[Running]]:
    """Whatever a test starts."""
    if request.node.get_closest_marker("lasting"):
        yield request.getfixturevalue("lasting")[1]
    else:
        yield from watched()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[Running]]]:
    """A server with two contributors for all tests of a module, and the list for what they start."""
    for processes in watched():
        folder = tmp_path_factory.mktemp("lasting")
        processes.append(server := Server(folder))
        server.ready()
        processes += [Contributor(server.url, name, folder) for name in ("ann", "bob")]
        until(lambda: set(server.present()) == {"ann", "bob"}, "ann and bob are at the server")
        yield server, processes


@pytest.fixture
def server(tmp_path: Path, processes: list[Running], request: pytest.FixtureRequest) -> Server:
    """A server that is ready; `@pytest.mark.lease(seconds)` where a slow machine must not cost a life,
    `@pytest.mark.lasting` for one that all tests of a module share."""
    if request.node.get_closest_marker("lasting"):
        lasting: Server = request.getfixturevalue("lasting")[0]
        return lasting
    lease = request.node.get_closest_marker("lease")
    server = Server(tmp_path, LEASE_S=str(lease.args[0])) if lease else Server(tmp_path)
    processes.append(server)
    return server.ready()


@pytest.fixture
def start_contributor(server: Server, tmp_path: Path, processes: list[Running]) -> Callable[..., Contributor]:
    """start_contributor(name, exit_when_idle=3) starts one and does not wait for it."""

    def start(name: str, **options: Any) -> Contributor:
        flags = [
            word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", str(value))
        ]
        contributor = Contributor(server.url, name, tmp_path, *flags)
        processes.append(contributor)
        return contributor

    return start


@pytest.fixture
def contributor(server: Server, start_contributor: Callable[..., Contributor]) -> Callable[..., Contributor]:
    """contributor(name) starts one and waits until the server sees it."""

    def join(name: str, **options: Any) -> Contributor:
        one = start_contributor(name, **options)
        until(lambda: not one.alive or name in server.present(), f"{name} is at the server")
        assert one.alive, one.tail()
        return one

    return join


@pytest.fixture
def two(server: Server, start_contributor: Callable[..., Contributor]) -> tuple[Contributor, Contributor]:
    """Two contributors, ann and bob, whom the server sees; they start side by side."""
    ann, bob = start_contributor("ann"), start_contributor("bob")
    until(lambda: set(server.present()) == {"ann", "bob"}, "ann and bob are at the server")
    return ann, bob


@pytest.fixture
def script(server: Server, tmp_path: Path, processes: list[Running]) -> Callable[..., Script]:
    """script(text or path) starts a developer's script against the server, or as its environment says."""

    def start(source: str | Path, *args: str, **environment: str) -> Script:
        name = f"script-{sum(isinstance(p, Script) for p in processes) + 1}"
        path = source
        if isinstance(source, str):
            path = tmp_path / f"{name}.py"
            path.write_text(textwrap.dedent(source))
        one = Script(name, Path(path), tmp_path, server.url, *args, **environment)
        processes.append(one)
        return one

    return start
