"""Connections as they come in: how many from one address, and how much before anybody knows who it is.

Every connection has a `Connection` between its transport and aiohttp. A websocket is opened before its peer
can say who it is (a browser cannot send a header there), so until it is admitted it may send a few bytes
within a few seconds and no more. Requests that dawdle are aiohttp's business (keepalive_timeout: a
connection on which no whole head arrives) and ravsock.bodies'.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ravsock.config import is_loopback

log = logging.getLogger(__name__)

#: what a websocket may send before it is admitted, and how long it may take
HANDSHAKE_BYTES = 16 << 10
HANDSHAKE_S = 10.0


class Gate:
    """Counts connections by address. Addresses of this machine are not counted: a proxy has one of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.connections: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """May one more come in from there?"""
        if self._most and not is_loopback(address):
            if self.connections[address] >= self._most:
                return False
            self.connections[address] += 1
        return True

    def leave(self, address: str) -> None:
        """One that was let in is gone."""
        if address in self.connections:
            self.connections[address] -= 1
            if not self.connections[address]:
                del self.connections[address]


class Connection(asyncio.Protocol):
    """One connection: passes on what comes, unless the gate is closed."""

    __slots__ = ("_address", "_gate", "_handler", "_in", "_left", "_timer", "_transport")

    def __init__(self, handler: asyncio.Protocol, gate: Gate) -> None:
        self._handler, self._gate = handler, gate
        self._in = False
        self._left: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else "127.0.0.1"
        self._in = self._gate.enter(self._address)
        if not self._in:
            log.warning("action=connection_refused address=%s reason=too_many", self._address)
            transport.abort()
            return
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                self._throw_out("too_much_before_admission")
                return
        if self._in:
            self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received() if self._in else None

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._in:
            self._in = False
            self._gate.leave(self._address)
            self._handler.connection_lost(error)

    def hold(self) -> None:
        """A websocket is opened: little and soon, until it is admitted."""
        self._left = HANDSHAKE_BYTES
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(HANDSHAKE_S, self._throw_out, "not_admitted_in_time")

    def admit(self) -> None:
        """It is known who that is."""
        self._left = None
        if self._timer is not None:
            self._timer.cancel()

    def _throw_out(self, reason: str) -> None:
        log.warning("action=connection_closed address=%s reason=%s", self._address, reason)
        self._transport.abort()


def connection_of(request: web.BaseRequest) -> Connection | None:
    """The connection on which a request came; None if it has been lost meanwhile."""
    protocol = request.transport.get_protocol() if request.transport is not None else None
    return protocol if isinstance(protocol, Connection) else None


class HeldWebSocket(web.WebSocketResponse):
    """A websocket that is held until it is admitted."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Answer the handshake."""
        writer = await super().prepare(request)
        connection = connection_of(request)
        if connection is not None:
            connection.hold()
        return writer


class Site(web.TCPSite):
    """aiohttp's listening socket, with a gate in front."""

    __slots__ = ("_gate",)

    def __init__(self, runner: web.AppRunner, most: int, *args: Any, **more: Any) -> None:
        super().__init__(runner, *args, **more)
        self._gate = Gate(most)

    async def start(self) -> None:
        """Listen."""
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None
        make: Callable[[], Connection] = lambda: Connection(server(), self._gate)  # noqa: E731
        self._server = await asyncio.get_running_loop().create_server(
            make, self._host, self._port, ssl=self._ssl_context, backlog=self._backlog
        )
