"""The server in this process, in a thread of its own, and contributors that do as a script says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contributors import ScriptedContributor

import ravop as R
from ravop import engine, graph
from ravsock.app import listen, make_app
from ravsock.config import Config
from ravsock.routes import DISPATCHER


class LoopThread:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Any, timeout: float = 30) -> Any:
        """Run a coroutine there; its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def close(self) -> None:
        self.run(cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def cancel_all() -> None:
    """Cancel every other task of the loop, and see them end."""
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Server:
    """ravsock on a free port; `restart` starts it anew on the same database and port."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._start(config)
        self.url = f"http://127.0.0.1:{self.port}"

    def _start(self, config: Config) -> None:
        self._thread = LoopThread()
        self._thread.run(self._serve(config))

    async def _serve(self, config: Config) -> None:
        self.app = make_app(config)
        self._runner, _ = await listen(self.app)
        self.port = self._runner.addresses[0][1]

    @property
    def dispatcher(self) -> Any:
        return self.app[DISPATCHER]

    def call(self, function: Callable[[Any], Any]) -> Any:
        """What a function of the dispatcher gives, called in the server's loop."""

        async def inside() -> Any:
            return function(self.dispatcher)

        return self._thread.run(inside())

    def run(self, future: Any) -> Any:
        """The result of a future of the server's loop."""

        async def inside() -> Any:
            return await future

        return self._thread.run(inside())

    def check(self) -> None:
        """Assert the scheduler's invariants."""
        self.call(lambda d: d.scheduler.check())

    def stop(self) -> None:
        self._thread.run(self._runner.cleanup())
        self._thread.close()

    def restart(self) -> None:
        self.stop()
        self._start(Config(**{**_fields(self.config), "port": self.port}))


def _fields(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__dataclass_fields__}


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
