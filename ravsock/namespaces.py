"""Socket.IO for contributors: one handler a message, each only reads it and hands it on.

A connection is not a life: it may break and come back within the lease. `_lives` says which life speaks
on which connection; a message for another life is refused.
"""

from __future__ import annotations

import logging
from typing import Any

import socketio

from ravsock.dispatcher import Dispatcher
from ravsock.scheduler import events
from ravspec import messages
from ravspec.errors import ProtocolError, RavError

log = logging.getLogger(__name__)


class Contributors(socketio.AsyncNamespace):  # type: ignore[misc]
    """The namespace of contributors."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__("/")
        self._dispatcher = dispatcher
        self._lives: dict[str, str] = {}  #: connection -> life
        self._connections: dict[str, str] = {}  #: life -> connection
        dispatcher.emit = self._emit_to

    def _emit_to(self, life: str, name: str, frame: bytes) -> None:
        """Send to a life, if it is connected; what it misses it is sent again when it is back."""
        sid = self._connections.get(life)
        if sid is not None:
            self._dispatcher.spawn(self.emit(name, frame, to=sid))

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Errors of a message go back to its sender, in words."""
        try:
            return await super().trigger_event(event, *args)
        except RavError as error:
            log.warning("action=message_refused event=%s reason=%s", event, error)
            reply = messages.Error(str(error), type(error).__name__)
            await self.emit("error", messages.encode(reply), to=args[0])
            return "refused"

    def _read(self, sid: str, frame: Any, kind: type[Any]) -> Any:
        """The message of a life that said hello on this connection; (message, buffers)."""
        message, buffers = read(frame, kind)
        if self._lives.get(sid) != message.life:
            raise ProtocolError(f"life {message.life!r:.40} has not said hello on this connection")
        return message, buffers

    async def on_disconnect(self, sid: str, reason: Any = None) -> None:
        """The connection broke; whether the life is lost, its lease decides."""
        life = self._lives.pop(sid, None)
        if life is not None and self._connections.get(life) == sid:
            del self._connections[life]

    async def on_hello(self, sid: str, frame: Any) -> None:
        """A life begins, or is back."""
        hello, _ = read(frame, messages.Hello)
        self._lives[sid] = hello.life
        self._connections[hello.life] = sid
        config = self._dispatcher.config
        fresh = hello.life not in self._dispatcher.present
        welcome = messages.Welcome(fresh, config.lease_s, config.heartbeat_s, config.inline_bytes)
        await self.emit("welcome", messages.encode(welcome), to=sid)
        self._dispatcher.join(hello)

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
