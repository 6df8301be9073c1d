"""Contributors that fail on purpose: a script says, by the number of the assignment, what goes wrong.

They are the real contributor core and executor on a real socket; only the child process is left out.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import socketio

from ravftp.client import Account, Kind, Transfer, account_from
from ravspec import messages
from ravspec.codec import split
from ravspec.executor import Executor

#: what may go wrong with an answer: (contributor, frame of the right answer) -> what is done instead
Fault = Callable[["ScriptedContributor", bytes], Any]


def hello(life: str, name: str, **more: Any) -> messages.Hello:
    """A hello with ordinary figures."""
    figures = {
        "speed": 1.0, "memory_bytes": 1 << 30, "cores": 1, "down_bps": 1e9, "up_bps": 1e9,
        "latency_s": 0.001, "numeric_class": "test", "versions": {},
    }  # fmt: skip
    return messages.Hello(life=life, name=name, **{**figures, **more})


class ScriptedContributor:
    """One life in a thread. `script`: {number of the assignment it gets, from 0: fault}.

    beats: it sends heartbeats, as it should.
    """

    def __init__(
        self,
        url: str,
        name: str,
        script: dict[int, Fault],
        beats: bool = True,
        token: str | None = None,
        kind: Kind = "auto",
        **more: Any,
    ) -> None:
        self._beats, self._token = beats, token
        self.life = secrets.token_hex(8)
        self.hello = hello(self.life, name, **more)
        self.received: list[messages.Assign] = []
        self.errors: list[str] = []
        self.unknown = threading.Event()
        self.assigned = threading.Event()
        self.told = threading.Event()  #: of an error
        self.voided: list[int] = []
        self.acknowledged: list[Any] = []
        self._url, self._script = url, script
        self.account: Account | None = None
        self.said: list[str] = []
        transfer = self.transfer = Transfer(
            url, token, life=self.life, kind=kind, grant=lambda: self.account, say=self.said.append
        )
        self._executor = Executor(self.life, transfer.get, transfer.put)
        self._joined = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Connect and say hello; returns when the server has welcomed."""
        self._run(self._connect())
        assert self._joined.wait(10), "no welcome came"

    def close(self) -> None:
        self.transfer.close()
        if self._loop.is_running():
            self._run(self._sio.disconnect())
            self._run(self._sio.shutdown())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def send(self, name: str, message: Any, buffers: Any = (), raw: bytes | None = None) -> Any:
        """Send anything; the server's acknowledgement."""
        frame = raw if raw is not None else messages.encode(message, list(buffers))
        return self._run(self._sio.call(name, frame, timeout=10))

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _connect(self) -> None:
        self._sio = socketio.AsyncClient(reconnection=False)
        for name in ("welcome", "assign", "void", "unknown", "error"):
            self._sio.on(name, getattr(self, f"_on_{name}"))
        auth = {"token": self._token} if self._token else None
        await self._sio.connect(self._url, auth=auth, transports=["websocket"])
        await self._sio.emit("hello", messages.encode(self.hello))

    async def _on_welcome(self, frame: bytes) -> None:
        welcome, _ = messages.decode(frame, messages.ToContributor)
        self.account = account_from(msgspec.to_builtins(welcome.ftp), self._url)
        self._joined.set()
        while self._beats and self._sio.connected:
            await self._sio.emit("heartbeat", messages.encode(messages.Heartbeat(self.life)))
            await self._sio.sleep(welcome.heartbeat_s)

    async def _on_void(self, frame: bytes) -> None:
        self.voided.append(messages.decode(frame, messages.ToContributor)[0].assignment)

    async def _on_unknown(self, frame: bytes) -> None:
        self.unknown.set()

    async def _on_error(self, frame: bytes) -> None:
        self.errors.append(messages.decode(frame, messages.ToContributor)[0].message)
        self.told.set()

    async def _on_assign(self, frame: bytes) -> None:
        fault = self._script.get(len(self.received))
        self.received.append(messages.decode(frame, messages.ToContributor)[0])
        self.assigned.set()
        answer = await asyncio.to_thread(self._executor.execute, frame)
        if fault is not None:
            answer = await asyncio.to_thread(fault, self, answer)
        if answer is not None:
            await self.answer(answer)

    async def answer(self, frame: bytes) -> None:
        """Send a result or a refusal."""
        header = messages.decode_header(split(frame)[0], messages.FromContributor)
        name = type(header).__name__.lower()
        await self._sio.emit(name, frame, callback=lambda *reply: self.acknowledged.append(reply))


# --- faults -----------------------------------------------------------------------------------------


def silent(contributor: ScriptedContributor, frame: bytes) -> None:
    """Never answer."""


def twice(contributor: ScriptedContributor, frame: bytes) -> bytes:
    """Answer two times."""
    asyncio.run_coroutine_threadsafe(contributor.answer(frame), contributor._loop).result(10)
    return frame


def changed(**fields: Any) -> Fault:
    """Answer with other fields in the header."""

    def fault(contributor: ScriptedContributor, frame: bytes) -> bytes:
        message, buffers = messages.decode(frame, messages.FromContributor)
        return messages.encode(messages.replace(message, **fields), list(buffers))

    return fault


def refusing(reason: str, missing: tuple[int, ...] = ()) -> Fault:
    """Refuse."""

    def fault(contributor: ScriptedContributor, frame: bytes) -> bytes:
        number = contributor.received[-1].assignment
        return messages.encode(messages.Refuse(contributor.life, number, reason, list(missing)))

    return fault
