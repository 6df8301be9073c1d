"""Where ops go: an Engine is the developer's view of a server, or of this very process (`local:`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from ravop.client import Client
from ravop.config import LOCAL, Config, from_environment
from ravop.local import LocalEngine
from ravspec.address import checked_url
from ravspec.codec import Buffer
from ravspec.messages import Message, Submit
from ravspec.shapes import ArrayType


class Engine(Protocol):
    """What a graph needs of the other side."""

    config: Config

    def open_graph(self, name: str | None, algorithm: str | None, approach: str, priority: int = 0) -> int:
        """Make a graph; its number."""
        ...

    def submit(
        self, graph: int, message: Submit, buffers: list[Buffer], timeout: float | None
    ) -> Iterator[tuple[Message, list[memoryview]]]:
        """Send ops and a question; yields the answer's messages as they come."""
        ...

    def send_ahead(
        self, graph: int, message: Submit, buffers: list[Buffer]
    ) -> Iterator[tuple[Message, list[memoryview]]]:
        """Send ops without waiting; the answer is read later, before anything else is sent of the graph."""
        ...

    def put(self, value: NDArray[Any]) -> str:
        """Send a large array ahead; its SHA-256."""
        ...

    def get(self, digest: str, t: ArrayType) -> NDArray[Any]:
        """A large array by its SHA-256."""
        ...

    def graph(self, graph: int) -> dict[str, Any]:
        """State and counts of a graph."""
        ...

    def graphs(self) -> list[dict[str, Any]]:
        """State of every graph that is shown, oldest first."""
        ...

    def ops(self, graph: int, name: str | None = None, first: int = 0) -> list[dict[str, Any]]:
        """The ops of a graph from `first` on, or those whose name contains `name`."""
        ...

    def origins(self, graph: int, op: int, most: int) -> list[dict[str, Any]]:
        """An op and those that it is computed from, the nearest first, `most` at most."""
        ...

    def op(self, graph: int, op: int) -> dict[str, Any]:
        """One op."""
        ...

    def explain(self, graph: int, op: int) -> str:
        """Why an op is not computed."""
        ...

    def history(self, graph: int, op: int | None = None) -> list[dict[str, Any]]:
        """What happened to a graph, or to an op of it, in order."""
        ...

    def cancel(self, graph: int) -> None:
        """Compute nothing more of a graph."""
        ...

    def delete(self, graph: int) -> None:
        """Delete a graph and all that is its."""
        ...

    def flush(self) -> list[int]:
        """Delete one's own graphs; their numbers."""
        ...

    def persisted(self, name: str) -> tuple[int, int]:
        """(graph, op) of a persisted name."""
        ...

    def close(self) -> None:
        """Let go of connections; they are opened again when needed."""
        ...


_engine: Engine | None = None


def initialize(
    token: str | None = None,
    username: str | None = None,
    *,
    url: str | None = None,
    ravenverse_token: str | None = None,
) -> None:
    """Choose the server; optional for one on this machine. `url="local:"` computes in this process.

    token and username default to RAV_TOKEN and none, url to RAVSOCK_URL or http://127.0.0.1:9999.
    `ravenverse_token` is RDF's name for token. Graphs made before keep the server they have.
    """
    global _engine
    config = from_environment()
    _engine = make_engine(
        dataclasses.replace(
            config,
            token=token or ravenverse_token or config.token,
            username=username or config.username,
            url=url or config.url,
        )
    )


def make_engine(config: Config) -> Engine:
    """The engine of a configuration."""
    if config.url == LOCAL:
        return LocalEngine(config)
    return Client(dataclasses.replace(config, url=checked_url(config.url)))


def current_engine() -> Engine:
    """The engine for new graphs; the environment's where `initialize` was not called."""
    if _engine is None:
        initialize()
    assert _engine is not None
    return _engine
