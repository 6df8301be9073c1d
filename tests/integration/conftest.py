"""The server in this process, in a thread of its own, and contributors that do as a script says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contributors import ScriptedContributor
from fedpeople import Owner, three_owners
from serving import Server

import ravop as R
from ravop import engine, federated, graph
from ravsock.config import Config


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    return Config(database=database, data_dir=tmp_path / "data", port=0, lease_s=2.0, ftp=False)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers of any configuration; serve(config, token) makes ravop a developer of it."""
    started: list[Server] = []

    def start(config: Config, token: str | None = None) -> Server:
        started.append(server := Server(config))
        graph._graphs.clear()
        graph._current.set(None)
        engine.initialize(token, url=server.url)
        return server

    yield start
    graph._graphs.clear()
    engine.current_engine().close()
    for server in started:
        server.check()
        server.stop()


@pytest.fixture
def server(config: Config, serve: Callable[..., Server]) -> Server:
    """One server; ravop is a developer of it."""
    return serve(config)


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of federated graphs go below the test's folder; no graph is left over from another test."""
    monkeypatch.setenv("RDF_STATE_DIR", str(tmp_path / "developer"))
    federated._current.set(None)


@pytest.fixture
def owners(at_home: None, server: Server, tmp_path: Path) -> list[Owner]:
    """Three owners of forty people each."""
    return three_owners(server.url, tmp_path)


@pytest.fixture
def contributor(server: Server) -> Iterator[Callable[..., ScriptedContributor]]:
    """Makes contributors: contributor(name, script) joins the server."""
    made: list[ScriptedContributor] = []

    def make(name: str = "c", script: Any = None, **more: Any) -> ScriptedContributor:
        one = ScriptedContributor(server.url, name, script or {}, **more)
        made.append(one)
        one.join()
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def g(server: Server) -> R.Graph:
    return R.Graph(name="test")
