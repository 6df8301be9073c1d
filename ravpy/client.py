"""The socket shell: carries out what the core decides. Connects, reconnects, sends, beats, shows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from typing import Any
from urllib.parse import urlsplit

import socketio
from socketio.exceptions import ConnectionError as NotConnected
from socketio.exceptions import SocketIOError

from ravpy.child import Child, account_frame
from ravpy.config import Config
from ravpy.core import (
    Acknowledged,
    Action,
    Beat,
    ChildDied,
    Compute,
    Computed,
    Connected,
    Core,
    Event,
    Finish,
    Heartbeats,
    NewChild,
    Received,
    Renew,
    Send,
    Stop,
    Tell,
)
from ravpy.status import Status
from ravspec.errors import AccessError, ServerUnreachable
from ravspec.messages import FtpGrant, Hello
from ravspec.packet import joined, joining
from ravspec.trust import advice, client_context

log = logging.getLogger(__name__)

#: first and longest wait before the next try to connect, in seconds; each is varied by half at random
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
#: how long the goodbye may take
GOODBYE_S = 2.0

FROM_SERVER = ("welcome", "assign", "void", "unknown", "error")


class Contributor:
    """One contributor, from joining to leaving. Made inside a running event loop."""

    def __init__(self, config: Config, hello: Hello, status: Status) -> None:
        self._config, self._status = config, status
        self._core = Core(hello)
        self._child: Child | None = None
        self._stopped = asyncio.Event()
        self._changing: asyncio.Task[None] | None = None
        self._late: asyncio.TimerHandle | None = None
        self._queued: list[bytes] = []
        self._beats: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle_since = time.monotonic()
        self._sio = socketio.AsyncClient(
            serializer=joining(socketio.packet.Packet),
            handle_sigint=False,  # Ctrl-C finishes the piece first, see _listen_to_signals
            reconnection=True,
            reconnection_delay=FIRST_WAIT_S,
            reconnection_delay_max=LONGEST_WAIT_S,
            randomization_factor=0.5,
            websocket_extra_options=websocket_options(config.url),
        )
        self._refused = ""  #: why the server does not let us take part
        self._sio.on("connect", self._on_connect)
        self._sio.on("connect_error", self._on_refused)
        self._sio.on("disconnect", self._on_disconnect)
        for name in FROM_SERVER:
            self._sio.on(name, self._on_frame)

    async def run(self) -> None:
        """Take part until told to stop, by the user or by --exit-when-idle; AccessError if we may not."""
        self._listen_to_signals()
        watch = asyncio.create_task(self._leave_when_idle())
        try:
            await self._connect()
            await self._stopped.wait()
        finally:
            watch.cancel()
            self._watch(None)
            if self._beats is not None:
                self._beats.cancel()
            if self._sio.connected:
                await self._sio.disconnect()
            await self._sio.shutdown()
            if self._sio.eio.http is not None:  # a first connection that never came about leaves it open
                await self._sio.eio.http.close()
            if self._changing is not None:
                await self._changing
            if self._child is not None:
                await self._child.end()
        if self._refused:
            raise AccessError(f"{self._config.url} refuses: {self._refused}")

    def leave_now(self) -> None:
        """Stop at once; the server notices by the lease."""
        self._stopped.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        pressed = 0

        def interrupt() -> None:
            nonlocal pressed
            pressed += 1
            if pressed == 1 and self._sio.connected:
                self._status.note("leaving after this piece; press Ctrl-C again to leave at once")
                self._feed(Finish())
            else:
                self.leave_now()

        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: KeyboardInterrupt ends it there
                loop.add_signal_handler(name, interrupt)

    async def _connect(self) -> None:
        """The first connection; tries until a server answers."""
        wait_s, told = FIRST_WAIT_S, False
        while not self._stopped.is_set():
            try:
                auth = {"token": self._config.token} if self._config.token else None
                await self._sio.connect(self._config.url, auth=auth, transports=["websocket"])
                return
            except NotConnected as error:
                if not told and not self._refused:
                    await self._explain(error)
                    self._status.note(f"no server answers at {self._config.url} yet; trying on", warning=True)
                    log.info("action=connect_failed url=%s reason=%s", self._config.url, error)
                    told = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _explain(self, error: Exception) -> None:
        """If it is about TLS, trying on is of no use: a ServerUnreachable says what is."""
        text = await asyncio.to_thread(advice, self._config.url, error)
        if text:
            raise ServerUnreachable(text) from error

    async def _leave_when_idle(self) -> None:
        limit = self._config.exit_when_idle_s
        if limit is None:
            return
        while True:
            left = self._idle_since + limit - time.monotonic()
            if left <= 0 and self._core.idle:
                self._status.note(f"no work for {limit:g} s: leaving")
                if self._sio.connected:
                    self._feed(Finish())
                else:
                    self.leave_now()
                return
            await asyncio.sleep(left if left > 0 else limit)

    # --- events in -----------------------------------------------------------------------------------

    async def _on_connect(self) -> None:
        self._status.connected(self._config.url)
        self._feed(Connected())

    async def _on_refused(self, reason: object = None) -> None:
        """The connection did not come about. A server that refuses says so; then trying on is of no use."""
        if isinstance(reason, dict) and reason.get("message"):
            self._refused = str(reason["message"])
            self._stopped.set()

    async def _on_disconnect(self, reason: str = "") -> None:
        if not self._stopped.is_set():
            self._status.disconnected()

    async def _on_frame(self, frame: bytes) -> None:
        self._feed(Received(frame))

    def _feed(self, event: Event) -> None:
        """Tell the core; do what it says."""
        for action in self._core.handle(event):
            self._carry_out(action)
        if not self._core.idle:
            self._idle_since = time.monotonic()
        self._status.show(self._core.tally)

    # --- actions out ---------------------------------------------------------------------------------

    def _carry_out(self, action: Action) -> None:
        match action:
            case Send():
                self._spawn(self._send(action))
            case Compute(frame, patience_s):
                self._give(frame)
                self._watch(patience_s)
            case Renew(ftp):
                self._give(account_frame(ftp))
            case NewChild(life, ftp):
                self._watch(None)
                self._changing = asyncio.create_task(self._change_child(life, ftp, self._changing))
            case Heartbeats(every_s):
                if self._beats is not None:
                    self._beats.cancel()
                self._beats = asyncio.create_task(self._beat(every_s))
            case Tell(text, warning):
                self._status.note(text, warning=warning)
            case Stop(refused):
                self._refused = refused
                self._spawn(self._stop())

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, send: Send) -> None:
        """Send, if connected: what must arrive is sent again by the core when the connection is back."""
        acknowledge = None
        if send.assignment is not None:
            number = send.assignment

            def acknowledge(*reply: object) -> None:
                self._feed(Acknowledged(number))

        with contextlib.suppress(SocketIOError):
            await self._sio.emit(send.name, joined(send.frame), callback=acknowledge)

    def _give(self, frame: bytes) -> None:
        if self._child is not None and (self._changing is None or self._changing.done()):
            self._child.give(frame)
        else:
            self._queued.append(frame)  # the child is being started

    def _watch(self, patience_s: float | None) -> None:
        """Replace the child if it has not answered by then; None: there is nothing to wait for any more."""
        if self._late is not None:
            self._late.cancel()
        hung = ChildDied("it did not answer in time")
        loop = asyncio.get_running_loop()
        self._late = loop.call_later(patience_s, self._feed, hung) if patience_s is not None else None

    def _answered(self, frame: bytes) -> None:
        self._watch(None)
        self._feed(Computed(frame))

    async def _change_child(self, life: str, ftp: FtpGrant | None, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        self._queued.clear()
        if self._child is not None:
            old, self._child = self._child, None
            await old.end()
        child = await Child.start(
            self._config,
            life,
            ftp,
            answered=self._answered,
            died=lambda reason: self._feed(ChildDied(reason)),
            said=lambda text: self._status.note(text, warning=True),
        )
        self._child = child
        queued, self._queued = self._queued, []
        for frame in queued:
            child.give(frame)

    async def _beat(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            self._feed(Beat())

    async def _stop(self) -> None:
        """Let the goodbye go out, then end."""
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        if others:
            await asyncio.wait(others, timeout=GOODBYE_S)
        self._stopped.set()


def websocket_options(url: str) -> dict[str, Any]:
    """How aiohttp is to open websockets: frames of any size (it drops the connection at 4 MB), our trust."""
    options: dict[str, Any] = {"max_msg_size": 0}
    if urlsplit(url).scheme == "https":
        options["ssl"] = client_context()
    return options
