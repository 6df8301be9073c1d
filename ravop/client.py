"""Talking to the server over HTTP: the only module of ravop that does.

A tiny POST on a kept connection by http.client takes 0.25 ms, a quarter of what larger clients take
(docs/performance.md), and the answer's frames are read from the same response as they come.
"""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import threading
import time
import urllib.parse
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

from ravftp.client import Account, Transfer, account_from, message_of
from ravop.config import Config
from ravop.connection import OneWrite, OneWriteTls
from ravop.refusal import refused
from ravspec.codec import PREFIX, Buffer, total_length
from ravspec.errors import RavError, ServerUnreachable, Timeout
from ravspec.messages import Done, Error, Message, Submit, ToDeveloper, decode, encode
from ravspec.shapes import ArrayType
from ravspec.trust import advice, client_context

log = logging.getLogger(__name__)

#: while a graph waits, a server that went away may come back for so long
COME_BACK_S = 20.0
RETRY_S = 0.5
LOST = (OSError, http.client.HTTPException)

#: a message of an answer, and its buffers
Reply = tuple[Message, list[memoryview]]


class Client:
    """One server, for one process; connections are kept, one a thread."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._url = urllib.parse.urlsplit(config.url)
        self._context = client_context() if self._url.scheme == "https" else None
        self._headers = {"Content-Type": "application/octet-stream"}
        if config.token:
            self._headers["Authorization"] = f"Bearer {config.token}"
        self._transfer = Transfer(
            config.url,
            config.token,
            kind=config.transport,
            grant=self._granting(),
            say=log.warning,
            patience_s=COME_BACK_S,
            timeout_s=config.silence_s,
            context=self._context,
        )
        self._met = False  #: it has answered, and was not away for long since
        self._local = threading.local()
        self._open: set[http.client.HTTPConnection] = set()
        weakref.finalize(self, close_all, self._open)  # when no graph uses this server any more
        weakref.finalize(self, self._transfer.close)

    # --- the engine's verbs --------------------------------------------------------------------------

    def open_graph(self, name: str | None, algorithm: str | None, approach: str, priority: int = 0) -> int:
        """Make a graph; its number."""
        body = {"name": name, "algorithm": algorithm, "approach": approach, "priority": priority}
        body |= {"developer": self.config.username}
        return int(self._json("POST", "/v1/graphs", json.dumps(body).encode())["id"])

    def submit(
        self, graph: int, message: Submit, buffers: list[Buffer], timeout: float | None
    ) -> Iterator[Reply]:
        """Send ops and a question; yields the answer's messages.

        If the connection breaks, the same request goes again: the server knows repeated ops, and a
        question may be asked twice. Values that came before the break may come again.
        """
        return self._answers(graph, encode(message, buffers), timeout)

    def send_ahead(self, graph: int, message: Submit, buffers: list[Buffer]) -> Iterator[Reply]:
        """Send ops now; their answer is there to be read later. What cannot be sent now is sent then."""
        frame = encode(message, buffers)
        connection: http.client.HTTPConnection | None = self._take(self.config.silence_s)
        assert connection is not None
        try:
            connection.request("POST", ops_path(graph), frame, self._headers)
        except LOST:
            self._drop(connection)
            connection = None
        return self._answers(graph, frame, None, connection)

    def _answers(
        self,
        graph: int,
        frame: bytes,
        timeout: float | None,
        sent: http.client.HTTPConnection | None = None,
    ) -> Iterator[Reply]:
        """The answer's messages; `sent` is a connection that has the request already."""
        deadline = None if timeout is None else time.monotonic() + timeout
        # a server that was never there gets no second try
        patience = time.monotonic() + (COME_BACK_S if self._met else 0)
        while True:
            try:
                if sent is None:
                    exchange = self._exchange("POST", ops_path(graph), frame, self._patience_s(deadline))
                else:
                    exchange = sent, self._head(sent)
                for reply, parts in self._stream(*exchange, deadline):
                    patience = time.monotonic() + COME_BACK_S
                    yield reply, parts
                return
            except RavError:  # the server's word; some of ours are errors of the system too
                raise
            except TimeoutError as error:
                raise self._late(graph, timeout, deadline) from error
            except LOST as error:
                if time.monotonic() > patience:
                    self._met = False
                    raise self._unreachable(error, graph) from error
                time.sleep(RETRY_S)
                sent = None

    def put(self, value: NDArray[Any]) -> str:
        """Send a large array ahead; its SHA-256."""
        return self._transfer.put(value)

    def get(self, digest: str, t: ArrayType) -> NDArray[Any]:
        """A large array by its SHA-256."""
        return self._transfer.get(digest, t)

    def _granting(self) -> Callable[[], Account | None]:
        """Asks for an account, as long as this client is used: what asks must not keep it."""
        reference = weakref.ref(self)

        def grant() -> Account | None:
            client = reference()
            return client._account() if client is not None else None

        return grant

    def _account(self) -> Account | None:
        """An account for arrays by FTP, if the server has FTP. An answer may be under way on the kept
        connection of this thread, so this has its own."""
        connection = self._connect()
        try:
            connection.request("POST", "/v1/transfer", b"", self._headers)
            response = connection.getresponse()
            text = response.read()
        except LOST as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()
        if response.status >= 400:
            log.info("action=no_ftp reason=%s", message_of(text))
            return None
        return account_from(json.loads(text)["ftp"], self.config.url)

    def graph(self, graph: int) -> dict[str, Any]:
        """State and counts of a graph."""
        info: dict[str, Any] = self._json("GET", f"/v1/graphs/{graph}")
        return info

    def graphs(self) -> list[dict[str, Any]]:
        """State of every graph that the server shows, oldest first."""
        return list(self._json("GET", "/v1/graphs")["graphs"])

    def ops(self, graph: int, name: str | None = None, first: int = 0) -> list[dict[str, Any]]:
        """The ops of a graph from `first` on, or those whose name contains `name`."""
        ops: list[dict[str, Any]] = []
        following: int | None = first
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

    def origins(self, graph: int, op: int, most: int) -> list[dict[str, Any]]:
        """An op and those that it is computed from, the nearest first."""
        return list(self._json("GET", f"/v1/graphs/{graph}/ops?of={op}&limit={most}")["ops"])

    def explain(self, graph: int, op: int) -> str:
        """Why an op is not computed."""
        return str(self.op(graph, op)["waits_for"])

    def history(self, graph: int, op: int | None = None) -> list[dict[str, Any]]:
        """What happened to a graph, or to an op of it, in order."""
        rows: list[dict[str, Any]] = []
        while True:
            query = {"after": rows[-1]["id"] if rows else 0, **({"op": op} if op is not None else {})}
            path = f"/v1/graphs/{graph}/history?{urllib.parse.urlencode(query)}"
            page = self._json("GET", path)["events"]
            if not page:
                return rows
            rows += page

    def cancel(self, graph: int) -> None:
        """Compute nothing more of a graph."""
        self._json("POST", f"/v1/graphs/{graph}/cancel")

    def delete(self, graph: int) -> None:
        """Delete a graph and all that is its."""
        self._json("DELETE", f"/v1/graphs/{graph}")

    def flush(self) -> list[int]:
        """Delete one's own graphs; their numbers."""
        return list(self._json("DELETE", f"/v1/graphs?{self._whose()}")["deleted"])

    def _whose(self) -> str:
        """Who asks, where no tokens are asked for, as a query."""
        return urllib.parse.urlencode({"developer": self.config.username or ""})

    def persisted(self, name: str) -> tuple[int, int]:
        """(graph, op) of a persisted name."""
        found = self._json("GET", f"/v1/persisted/{urllib.parse.quote(name, safe='')}?{self._whose()}")
        return int(found["graph"]), int(found["op"])

    def address(self) -> tuple[str, int, ssl.SSLContext | None, dict[str, str]]:
        """Host, port, TLS and the headers of requests, for who asks by the event loop."""
        tls = self._context is not None
        return self._url.hostname or "", self._url.port or (443 if tls else 80), self._context, self._headers

    # --- HTTP ----------------------------------------------------------------------------------------

    def _take(self, timeout_s: float) -> http.client.HTTPConnection:
        """A connection that is nobody else's until it is kept again: this thread's, or a new one."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is None:
            connection = self._connect()
            self._open.add(connection)
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        return connection

    def _connect(self) -> http.client.HTTPConnection:
        host, port, timeout_s = self._url.hostname or "", self._url.port, self.config.silence_s
        if self._context is None:
            return OneWrite(host, port, timeout=timeout_s)
        return OneWriteTls(host, port, timeout=timeout_s, context=self._context)

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        """Its answer is read to the end: this thread may use it again."""
        if getattr(self._local, "connection", None) is None:
            self._local.connection = connection
        else:
            self._drop(connection)

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        connection.close()
        self._open.discard(connection)

    def close(self) -> None:
        """Close every connection; a later request opens a new one."""
        self._transfer.close()
        close_all(self._open)

    def _exchange(
        self, method: str, path: str, body: bytes | None, timeout_s: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """One request, and the head of its answer; a connection that the server has closed is renewed."""
        for last in (False, True):
            connection = self._take(timeout_s)
            kept = connection.sock is not None
            try:
                connection.request(method, path, body, self._headers)
                response = connection.getresponse()
                self._met = True
                return connection, response
            except LOST as error:
                self._drop(connection)
                if last or not kept or not isinstance(error, ConnectionError):
                    raise
        raise AssertionError("unreachable")

    def _head(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        """The head of the answer to a request that was sent."""
        try:
            return connection.getresponse()
        except LOST:
            self._drop(connection)
            raise

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            connection, response = self._exchange(method, path, body, self.config.silence_s)
            text = self._read_all(connection, response)
        except LOST as error:
            raise self._unreachable(error) from error
        if response.status >= 400:
            raise refused(response.status, text)
        return json.loads(text)

    def _read_all(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> bytes:
        """The rest of an answer."""
        try:
            text = response.read()
        except LOST:
            self._drop(connection)
            raise
        self._keep(connection)
        return text

    def _stream(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        deadline: float | None,
    ) -> Iterator[Reply]:
        if response.status >= 400:
            raise refused(response.status, self._read_all(connection, response))
        last = False
        try:
            while not last:
                frame = self._read_frame(connection, response, deadline)
                reply, parts = decode(frame, ToDeveloper)
                last = isinstance(reply, Done | Error)
                if last:  # to the very end, so that the connection can be used again
                    self._read_all(connection, response)
                yield reply, parts
        finally:
            if not last:
                self._drop(connection)

    def _read_frame(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        deadline: float | None,
    ) -> bytearray:
        prefix = bytearray(PREFIX.size)
        self._fill(connection, response, memoryview(prefix), deadline)
        frame = bytearray(total_length(prefix))
        frame[: len(prefix)] = prefix
        self._fill(connection, response, memoryview(frame)[len(prefix) :], deadline)
        return frame

    def _fill(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        view: memoryview,
        deadline: float | None,
    ) -> None:
        while view:
            if connection.sock is not None and deadline is not None:
                connection.sock.settimeout(self._patience_s(deadline))
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
            advice(self.config.url, error)
            or f"no server answers at {self.config.url} ({error or type(error).__name__}). Start one with "
            f"`python run_ravsock.py`, or name another by RAVSOCK_URL or R.initialize(url=...).{kept}"
        )


def ops_path(graph: int) -> str:
    """Where a graph takes ops and questions."""
    return f"/v1/graphs/{graph}/ops"


def close_all(connections: set[http.client.HTTPConnection]) -> None:
    """Close them."""
    for connection in list(connections):
        connection.close()
