"""Socket.IO for contributors: one handler a message, each only reads it and hands it on.

A connection is not a life: it may break and come back within the lease. `_lives` says which life speaks
on which connection, and `_who` with which token it came; a message for another life is refused, and so is
one after the token was revoked.
"""

from __future__ import annotations

import logging
from typing import Any

import socketio
from aiohttp import web

from ravsock.dispatcher import Dispatcher
from ravsock.doorkeeper import Doorkeeper
from ravsock.gate import connection_of
from ravsock.guards import bearer
from ravsock.roles import EVENTS, Principal
from ravsock.scheduler import events
from ravspec import messages
from ravspec.errors import AccessError, ProtocolError, RavError, TokenError
from ravspec.packet import Joined, joined

log = logging.getLogger(__name__)


class Contributors(socketio.AsyncNamespace):  # type: ignore[misc]
    """The namespace of contributors."""

    def __init__(self, dispatcher: Dispatcher, door: Doorkeeper) -> None:
        super().__init__("/")
        self._dispatcher, self._door = dispatcher, door
        self._who: dict[str, Principal] = {}  #: connection -> who came with it
        self._lives: dict[str, str] = {}  #: connection -> life
        self._connections: dict[str, str] = {}  #: life -> connection
        self._joining: set[str] = set()  #: connections that said hello in one packet (ravspec.packet)
        dispatcher.emit = self._emit_to

    def _emit_to(self, life: str, name: str, frame: bytes) -> None:
        """Send to a life, if it is connected; what it misses it is sent again when it is back."""
        sid = self._connections.get(life)
        if sid is not None:
            self._dispatcher.spawn(self.emit(name, joined(frame) if sid in self._joining else frame, to=sid))

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """A message goes to its handler, if its sender may use it. Errors go back to the sender, in words."""
        sid = args[0]
        if event == "connect" and is_handshake(args):
            return self._admit(*args)
        if event == "disconnect":
            return self._gone(sid)
        try:
            if event not in EVENTS or len(args) != 2:
                raise ProtocolError(f"there is no message {event!r:.40} of {len(args) - 1} parts")
            self._demand(sid, event)
            return await super().trigger_event(event, *args)
        except RavError as error:
            log.warning("action=message_refused event=%s reason=%s", event, error)
            reply = messages.Error(str(error), type(error).__name__)
            await self.emit("error", messages.encode(reply), to=sid)
            if isinstance(error, TokenError):
                self._dispatcher.leave(self._lives.get(sid, ""))
                await self.disconnect(sid)
            return "refused"

    def _admit(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """A connection begins, if its token opens the server: the one in its auth, or else of its headers."""
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str):
            token = bearer(environ["aiohttp.request"].headers)
        try:
            principal = self._door.admit(token)
            principal.demand(EVENTS["connect"], "taking part in the computing")
        except AccessError as error:
            log.warning("action=connection_refused reason=%s", error)
            kind = {"kind": type(error).__name__}
            raise socketio.exceptions.ConnectionRefusedError(str(error), kind) from None
        self._who[sid] = principal
        connection = connection_of(environ["aiohttp.request"])
        if connection is not None:
            connection.admit()

    def _demand(self, sid: str, event: str) -> None:
        """The token is still good, and its role may send that."""
        principal = self._who.get(sid)
        if principal is None:
            raise AccessError("this connection has not been admitted; connect again")
        principal = self._who[sid] = self._door.still(principal)
        principal.demand(EVENTS[event], f"the message {event!r}")

    def _read(self, sid: str, frame: Any, kind: type[Any]) -> Any:
        """The message of a life that said hello on this connection; (message, buffers)."""
        message, buffers = read(frame, kind)
        if self._lives.get(sid) != message.life:
            raise ProtocolError(f"life {message.life!r:.40} has not said hello on this connection")
        return message, buffers

    def _gone(self, sid: str) -> None:
        """The connection broke; whether the life is lost, its lease decides."""
        self._who.pop(sid, None)
        self._joining.discard(sid)
        life = self._lives.pop(sid, None)
        if life is not None and self._connections.get(life) == sid:
            del self._connections[life]

    async def on_hello(self, sid: str, frame: Any) -> None:
        """A life begins, or is back."""
        hello, _ = read(frame, messages.Hello)
        token = self._who[sid].token
        if hello.life in self._dispatcher.present and self._dispatcher.tokens.get(hello.life, 0) != token:
            raise AccessError(f"life {hello.life!r:.40} came with another token; make a new one")
        before = self._lives.get(sid)
        if before not in (None, hello.life):
            self._dispatcher.leave(before)  # a connection has one life at a time
        self._lives[sid] = hello.life
        self._connections[hello.life] = sid
        if isinstance(frame, Joined):
            self._joining.add(sid)
        config = self._dispatcher.config
        fresh = hello.life not in self._dispatcher.present
        ftp = self._dispatcher.ftp.for_life(hello.life)
        welcome = messages.Welcome(fresh, config.lease_s, config.heartbeat_s, config.inline_bytes, ftp)
        await self.emit("welcome", messages.encode(welcome), to=sid)
        self._dispatcher.join(hello, token)

    async def on_heartbeat(self, sid: str, frame: Any) -> None:
        """The life is there."""
        message, _ = read(frame, messages.Heartbeat)
        if message.life not in self._dispatcher.present:
            unknown = messages.Unknown(message.life, "its lease ran out, or the server was restarted")
            await self.emit("unknown", messages.encode(unknown), to=sid)
        else:
            self._dispatcher.feed(events.Heard(message.life))

    async def on_result(self, sid: str, frame: Any) -> str:
        """An assignment is computed. The acknowledgement comes when it is committed or known useless."""
        message, buffers = self._read(sid, frame, messages.Result)
        await self._dispatcher.result(message, buffers)
        return "taken"

    async def on_refuse(self, sid: str, frame: Any) -> str:
        """An assignment cannot be computed there."""
        message, _ = self._read(sid, frame, messages.Refuse)
        self._dispatcher.refused(message.life, message.assignment, tuple(message.missing), message.reason)
        return "taken"

    async def on_crash(self, sid: str, frame: Any) -> str:
        """The computing process of a contributor died."""
        message, _ = self._read(sid, frame, messages.Crash)
        self._dispatcher.feed(events.Crash(message.life, message.reason))
        return "taken"

    async def on_watch(self, sid: str, frame: Any) -> None:
        """The life shows people what is going on."""
        message, _ = self._read(sid, frame, messages.Watch)
        self._dispatcher.news.watch(message.life, message.tab)

    async def on_bye(self, sid: str, frame: Any) -> str:
        """The life ends."""
        message, _ = self._read(sid, frame, messages.Bye)
        # it is closing its connection: a frame of which it reads one half only would trouble its library
        self._connections.pop(message.life, None)
        self._dispatcher.leave(message.life)
        return "taken"


def read(frame: Any, kind: type[Any]) -> tuple[Any, list[memoryview]]:
    """A frame as a message of that kind."""
    if not isinstance(frame, bytes | bytearray):
        raise ProtocolError(f"a message is one binary frame, not {type(frame).__name__}")
    message, buffers = messages.decode(frame, messages.FromContributor)
    if not isinstance(message, kind):
        raise ProtocolError(f"a {type(message).__name__} message came as a {kind.__name__}")
    return message, buffers


def is_handshake(args: tuple[Any, ...]) -> bool:
    """Does `connect` come from the library? A peer may send an event of that name, but not with a request."""
    return (
        len(args) > 1
        and isinstance(args[1], dict)
        and isinstance(args[1].get("aiohttp.request"), web.Request)
    )
