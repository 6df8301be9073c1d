"""Talking to the server over HTTP: the only module of ravop that does.

A tiny POST on a kept connection by http.client takes 0.25 ms, a quarter of what larger clients take
(docs/performance.md), and the answer's frames are read from the same response as they come.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.parse
import weakref
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from ravftp.client import Transfer, message_of
from ravop.config import Config
from ravspec import errors
from ravspec.codec import PREFIX, Buffer, total_length
from ravspec.errors import ProtocolError, RavError, ServerUnreachable, Timeout
from ravspec.messages import Done, Error, Message, Submit, ToDeveloper, decode, encode
from ravspec.shapes import ArrayType

#: while a graph waits, a server that went away may come back for so long
COME_BACK_S = 20.0
RETRY_S = 0.5

#: a larger body is not worth copying behind its head
ONE_WRITE_BYTES = 1 << 18

LOST = (OSError, http.client.HTTPException)


class OneWrite(http.client.HTTPConnection):
    """Sends a small request in one piece: http.client writes head and body apart, which wakes the server
    twice."""

    _held: list[bytes] | None = None

    def send(self, data: Any) -> None:
        """Send, or keep what `request` is putting together."""
        if self._held is not None and isinstance(data, bytes) and len(data) <= ONE_WRITE_BYTES:
            self._held.append(data)
        else:
            self._release()
            super().send(data)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Put a request together, then send it."""
        self._held = []
        try:
            super().request(*args, **kwargs)
            self._release()
        finally:
            self._held = None

    def _release(self) -> None:
        if self._held:
            held, self._held = self._held, None
            super().send(b"".join(held))


class OneWriteTls(OneWrite, http.client.HTTPSConnection):
    """The same over TLS."""


class Client:
    """One server, for one process; connections are kept, one a thread."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._url = urllib.parse.urlsplit(config.url)
        self._headers = {"Content-Type": "application/octet-stream"}
        if config.token:
            self._headers["Authorization"] = f"Bearer {config.token}"
        self._transfer = Transfer(config.url, config.token, timeout_s=config.silence_s)
        self._local = threading.local()
        self._open: set[http.client.HTTPConnection] = set()
        weakref.finalize(self, close_all, self._open)  # when no graph uses this server any more

    # --- the engine's verbs --------------------------------------------------------------------------

    def open_graph(self, name: str | None, algorithm: str | None, approach: str) -> int:
        """Make a graph; its number."""
        body = {"name": name, "algorithm": algorithm, "approach": approach, "developer": self.config.username}
        return int(self._json("POST", "/v1/graphs", json.dumps(body).encode())["id"])

    def submit(
        self, graph: int, message: Submit, buffers: list[Buffer], timeout: float | None
    ) -> Iterator[tuple[Message, list[memoryview]]]:
        """Send ops and a question; yields the answer's messages.

        If the connection breaks, the same request goes again: the server knows repeated ops, and a
        question may be asked twice. Values that came before the break may come again.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        frame = encode(message, buffers)
        patience = time.monotonic()  # a server that was never there gets no second try
        while True:
            try:
                for reply, parts in self._stream(f"/v1/graphs/{graph}/ops", frame, deadline):
                    patience = time.monotonic() + COME_BACK_S
                    yield reply, parts
                return
            except TimeoutError as error:
                self._drop()
                raise self._late(graph, timeout, deadline) from error
            except LOST as error:
                self._drop()
                if time.monotonic() > patience:
                    raise self._unreachable(error, graph) from error
                time.sleep(RETRY_S)

    def put(self, value: NDArray[Any]) -> str:
        """Send a large array ahead; its SHA-256."""
        return self._transfer.put(value)

    def get(self, digest: str, t: ArrayType) -> NDArray[Any]:
        """A large array by its SHA-256."""
        return self._transfer.get(digest, t)

    def graph(self, graph: int) -> dict[str, Any]:
        """State and counts of a graph."""
        info: dict[str, Any] = self._json("GET", f"/v1/graphs/{graph}")
        return info

    def ops(self, graph: int, name: str | None = None) -> list[dict[str, Any]]:
        """The ops of a graph, or those whose name contains `name`."""
        ops: list[dict[str, Any]] = []
        following: int | None = 0
        while following is not None:
            query = {"from": following, **({"name": name} if name is not None else {})}
            page = self._json("GET", f"/v1/graphs/{graph}/ops?{urllib.parse.urlencode(query)}")
            ops += page["ops"]
            following = page["next"]
        return ops

    def op(self, graph: int, op: int) -> dict[str, Any]:
        """One op."""
        view: dict[str, Any] = self._json("GET", f"/v1/graphs/{graph}/ops/{op}")
        return view

    def persisted(self, name: str) -> tuple[int, int]:
        """(graph, op) of a persisted name."""
        path = f"/v1/persisted/{urllib.parse.quote(name, safe='')}"
        whose = urllib.parse.urlencode({"developer": self.config.username or ""})
        found = self._json("GET", f"{path}?{whose}")
        return int(found["graph"]), int(found["op"])

    # --- HTTP ----------------------------------------------------------------------------------------

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            kind = OneWriteTls if self._url.scheme == "https" else OneWrite
            connection = self._local.connection = kind(
                self._url.hostname or "", self._url.port, timeout=self.config.silence_s
            )
            self._open.add(connection)
        return connection

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._open.discard(connection)
            self._local.connection = None

    def close(self) -> None:
        """Close every connection; a later request opens a new one."""
        close_all(self._open)

    def _send(self, method: str, path: str, body: bytes | None, timeout_s: float) -> http.client.HTTPResponse:
        """One request on the kept connection; a connection that the server closed meanwhile is renewed."""
        for last in (False, True):
            connection = self._connection()
            kept = connection.sock is not None
            connection.timeout = timeout_s
            if kept:
                connection.sock.settimeout(timeout_s)
            try:
                connection.request(method, path, body, self._headers)
                return connection.getresponse()
            except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
                self._drop()
                if last or not kept:
                    raise
        raise AssertionError("unreachable")

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            response = self._send(method, path, body, self.config.silence_s)
            text = response.read()
        except LOST as error:
            self._drop()
            raise self._unreachable(error) from error
        if response.status >= 400:
            raise refused(response.status, text)
        return json.loads(text)

    def _stream(
        self, path: str, frame: bytes, deadline: float | None
    ) -> Iterator[tuple[Message, list[memoryview]]]:
        response = self._send("POST", path, frame, self._patience_s(deadline))
        if response.status >= 400:
            raise refused(response.status, response.read())
        last = False
        try:
            while not last:
                reply, parts = decode(self._read_frame(response, deadline), ToDeveloper)
                last = isinstance(reply, Done | Error)
                if last:
                    response.read()  # to the very end, so that the connection can be used again
                yield reply, parts
        finally:
            if not last:
                self._drop()

    def _read_frame(self, response: http.client.HTTPResponse, deadline: float | None) -> bytearray:
        prefix = bytearray(PREFIX.size)
        self._fill(response, memoryview(prefix), deadline)
        frame = bytearray(total_length(prefix))
        frame[: len(prefix)] = prefix
        self._fill(response, memoryview(frame)[len(prefix) :], deadline)
        return frame

    def _fill(self, response: http.client.HTTPResponse, view: memoryview, deadline: float | None) -> None:
        sock = self._connection().sock
        while view:
            if sock is not None and deadline is not None:
                sock.settimeout(self._patience_s(deadline))
            n = response.readinto(view)
            if not n:
                raise http.client.IncompleteRead(b"", len(view))
            view = view[n:]

    def _patience_s(self, deadline: float | None) -> float:
        if deadline is None:
            return self.config.silence_s
        return max(0.001, min(self.config.silence_s, deadline - time.monotonic()))

    def _late(self, graph: int, timeout: float | None, deadline: float | None) -> RavError:
        if timeout is None or deadline is None or time.monotonic() < deadline:
            return ServerUnreachable(
                f"{self.config.url} has said nothing for {self.config.silence_s:g} s; the graph is kept "
                f"there: R.Graph(id={graph}) re-attaches to it"
            )
        return Timeout(
            f"graph {graph} is not there after {timeout:g} s; it goes on at the server. Ask again, "
            f"or come back later with R.Graph(id={graph}). Its `status` and `progress` say how far it is"
        )

    def _unreachable(self, error: Exception, graph: int | None = None) -> ServerUnreachable:
        kept = f" What was stored of graph {graph} is kept: R.Graph(id={graph}) re-attaches." if graph else ""
        return ServerUnreachable(
            f"no server answers at {self.config.url} ({error or type(error).__name__}). Start one with "
            f"`python run_ravsock.py`, or name another by RAVSOCK_URL or R.initialize(url=...).{kept}"
        )


def close_all(connections: set[http.client.HTTPConnection]) -> None:
    """Close them."""
    for connection in list(connections):
        connection.close()


def refused(status: int, body: bytes) -> RavError:
    """The exception for an HTTP error: the class that the server names, with its message."""
    try:
        kind = getattr(errors, json.loads(body).get("kind", ""), None)
    except (ValueError, AttributeError):
        kind = None
    if not (isinstance(kind, type) and issubclass(kind, RavError)):
        kind = ProtocolError if status == 400 else RavError
    return kind(message_of(body))
