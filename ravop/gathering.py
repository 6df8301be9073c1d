"""Talking to the server about federated graphs: the second module of ravop that does, JSON only."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from ravop.client import COME_BACK_S, LOST, RETRY_S
from ravop.config import LOCAL, Config
from ravop.refusal import refused
from ravspec.errors import ConfigError, ServerUnreachable, Timeout
from ravspec.trust import advice, client_context

#: seconds without a sign of life (there is one every 15 s) after which the server counts as lost
SILENCE_S = 40.0


class Gathering:
    """The federated graphs of one server."""

    def __init__(self, config: Config) -> None:
        if config.url == LOCAL:
            raise ConfigError(
                "a federated graph needs a server, where contributors find it; local: has none. Name one by "
                "RAVSOCK_URL or R.initialize(url=...)"
            )
        self._config = config
        self.url = config.url

    def open(self, name: str | None, algorithm: str | None) -> dict[str, Any]:
        """Make a graph."""
        body = {"name": name, "algorithm": algorithm, "approach": "federated"}
        return self._json("POST", "graphs", {**body, "developer": self._config.username})

    def view(self, graph: int) -> dict[str, Any]:
        """A graph as it stands."""
        return self._json("GET", f"federated/{graph}")

    def freeze(self, graph: int, spec: bytes) -> str:
        """Put the question; the fingerprint that the server has."""
        return str(self._json("PUT", f"federated/{graph}/spec", spec)["fingerprint"])

    def end(self, graph: int) -> dict[str, Any]:
        """Nothing more is wanted of it."""
        return self._json("POST", f"federated/{graph}/end", b"{}")

    def news(self, graph: int, timeout: float | None) -> Iterator[dict[str, Any]]:
        """How the gathering gets on, to its end; a server that goes away for a while may come back."""
        deadline = None if timeout is None else time.monotonic() + timeout
        patience = time.monotonic() + COME_BACK_S
        while True:
            try:
                for line in self._lines(f"federated/{graph}/total", deadline):
                    patience = time.monotonic() + COME_BACK_S
                    if line.strip():
                        yield json.loads(line)
            except LOST as error:
                late = deadline is not None and time.monotonic() >= deadline
                if not late and time.monotonic() > patience:
                    raise self._unreachable(error) from error
            if deadline is not None and time.monotonic() >= deadline:
                raise Timeout(
                    f"graph {graph} has not all its contributions after {timeout:g} s; it goes on asking. "
                    f"Come back with R.Graph(id={graph})"
                )
            time.sleep(RETRY_S)  # the server closes an answer before its end when it stops

    def _lines(self, path: str, deadline: float | None) -> Iterator[bytes]:
        with self._open("GET", path, None, deadline) as response:
            while line := response.readline():
                yield line
                if deadline is not None and time.monotonic() >= deadline:
                    return

    def _open(self, method: str, path: str, body: bytes | None, deadline: float | None = None) -> Any:
        patience_s = SILENCE_S if deadline is None else max(0.01, min(SILENCE_S, deadline - time.monotonic()))
        request = urllib.request.Request(f"{self.url}/v1/{path}", data=body, method=method)
        request.add_header("Content-Type", "application/json")
        if self._config.token:
            request.add_header("Authorization", f"Bearer {self._config.token}")
        context = client_context() if self.url.startswith("https") else None
        try:
            return urllib.request.urlopen(request, timeout=patience_s, context=context)
        except urllib.error.HTTPError as error:
            with error:
                raise refused(error.code, error.read()) from None

    def _json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            with self._open(method, path, data) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except (*LOST, ValueError, http.client.HTTPException) as error:
            if isinstance(error, ServerUnreachable):
                raise
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        return ServerUnreachable(
            advice(self.url, error)
            or f"no server answers at {self.url} ({reason}). Start one with `python run_ravsock.py`, or name "
            "another by RAVSOCK_URL or R.initialize(url=...)"
        )
