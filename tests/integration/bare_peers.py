"""A bare Socket.IO peer that says exactly what it is told, for those who would not play by the rules."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Any

import socketio
from socketio.exceptions import ConnectionError as NotConnected
from socketio.exceptions import SocketIOError

from ravspec import messages


class Peer:
    """One connection, in a thread. `errors`: what the server refused; `dropped`: it closed the connection."""

    def __init__(self, url: str, token: str | None = None, **options: Any) -> None:
        self.errors: list[messages.Error] = []
        self.refusal: Any = None
        self.dropped = threading.Event()
        self._came = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._connect(url, token, options))

    @property
    def connected(self) -> bool:
        return bool(self._sio.connected)

    def send(self, event: str, *parts: Any, lenient: bool = False, timeout: float = 10) -> Any:
        """Send an event; the acknowledgement. Lenient: none may come, as the connection may be closed."""
        try:
            data = parts if len(parts) != 1 else parts[0]
            return self._run(self._call(event, data, timeout))
        except (SocketIOError, TimeoutError):
            if not lenient:
                raise
            return None

    async def _call(self, event: str, data: Any, timeout: float) -> Any:
        """The acknowledgement; a TimeoutError once the connection is closed, when the library waits on."""
        call = asyncio.ensure_future(self._sio.call(event, data, timeout=timeout))
        end = asyncio.ensure_future(self._ended.wait())
        await asyncio.wait({call, end}, return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        if not call.done():
            call.cancel()
            raise TimeoutError("the connection was closed before an answer came")
        return call.result()

    def emit(self, event: str, *parts: Any) -> None:
        """Send and do not wait."""
        with contextlib.suppress(SocketIOError):
            self._run(self._sio.emit(event, parts if len(parts) != 1 else parts[0]))

    def raw(self, packet: str | bytes) -> None:
        """Send bytes or text of no form as one websocket message."""
        with contextlib.suppress(Exception):
            ws = self._sio.eio.ws
            self._run(ws.send_bytes(packet) if isinstance(packet, bytes) else ws.send_str(packet))

    def eio_closed(self, patience_s: float) -> bool:
        """Is the websocket closed by the server in that time?"""
        give_up_at = time.monotonic() + patience_s
        while self._sio.eio.state == "connected":
            if time.monotonic() > give_up_at:
                return False
            self._run(self._sio.sleep(0.01))
        return True

    def error(self) -> messages.Error:
        """The server's last error, once there is one."""
        assert self._came.wait(5), "no error came"
        return self.errors[-1]

    def close(self) -> None:
        if self._loop.is_running():
            self._run(self._sio.disconnect())
            self._run(self._sio.shutdown())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _connect(self, url: str, token: str | None, options: dict[str, Any]) -> None:
        self._sio = socketio.AsyncClient(reconnection=False)
        self._sio.on("error", self._on_error)
        self._sio.on("connect_error", self._on_refused)
        self._ended = asyncio.Event()
        self._sio.on("disconnect", self._on_disconnect)
        auth = {"token": token} if token else None
        with contextlib.suppress(NotConnected):
            await self._sio.connect(url, **{"auth": auth, "transports": ["websocket"], **options})

    async def _on_disconnect(self, reason: Any = None) -> None:
        self.dropped.set()
        self._ended.set()

    async def _on_error(self, frame: bytes) -> None:
        self.errors.append(messages.decode(frame, messages.ToContributor)[0])
        self._came.set()

    async def _on_refused(self, reason: Any = None) -> None:
        self.refusal = reason
