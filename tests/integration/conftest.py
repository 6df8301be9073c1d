"""The server in this process, in a thread of its own, and contributors that do as a script says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contributors import ScriptedContributor
from serving import Server

import ravop as R
from ravop import engine, graph
from ravsock.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    data = tmp_path / "data"
    return Config(database=f"sqlite:///{tmp_path}/rdf.db", data_dir=data, port=0, lease_s=2.0, ftp=False)


@pytest.fixture
def server(config: Config) -> Iterator[Server]:
    server = Server(config)
    engine.initialize(url=server.url)
    graph._graphs.clear()
    graph._current.set(None)
    yield server
    graph._graphs.clear()
    engine.current_engine().close()
    server.check()
    server.stop()


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
