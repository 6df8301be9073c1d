"""The child process as the shell sees it: start, give a frame, get an answer, notice its death."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from ravpy.config import Config
from ravspec.codec import PREFIX, pack, total_length
from ravspec.messages import FtpGrant, to_json

#: where the child finds its life's account for FTP, in its environment
FTP_GRANT = "RAV_FTP_GRANT"
#: how the header of a frame begins that gives it another
ACCOUNT = b'{"type":"account"'


class Child:
    """One computing process. `answered` gets its answers, `died` the reason if it ends by itself, `said`
    each line that it writes to standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ending = False
        self._watching: list[asyncio.Task[None]] = []

    @classmethod
    async def start(
        cls,
        config: Config,
        life: str,
        ftp: FtpGrant | None,
        *,
        answered: Callable[[bytes], None],
        died: Callable[[str], None],
        said: Callable[[str], None],
    ) -> Child:
        """Start one for a life, with its account for FTP."""
        environment = {**os.environ, "RAV_TRANSPORT": config.transport, FTP_GRANT: to_json(ftp)}
        if config.token:
            environment["RAV_TOKEN"] = config.token
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ravpy.worker", life, config.url, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the parent, who lets the piece finish
        )  # fmt: skip
        child = cls(process)
        child._watching = [
            asyncio.create_task(child._listen(said)),
            asyncio.create_task(child._read(answered, died)),
        ]
        return child

    def give(self, frame: bytes) -> None:
        """An assignment to compute."""
        assert self._process.stdin is not None
        self._process.stdin.write(frame)

    async def _read(self, answered: Callable[[bytes], None], died: Callable[[str], None]) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            while True:
                prefix = await stream.readexactly(PREFIX.size)
                answered(prefix + await stream.readexactly(total_length(prefix) - len(prefix)))
        except asyncio.IncompleteReadError:
            code = await self._process.wait()
            if not self._ending:
                died(death(code))

    async def _listen(self, said: Callable[[str], None]) -> None:
        stream, rest = self._process.stderr, b""
        assert stream is not None
        while part := await stream.read(1 << 16):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                said(line.decode(errors="replace"))

    async def end(self) -> None:
        """End it: close its input, and kill it if it computes on."""
        self._ending = True
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._watching)


def account_frame(ftp: FtpGrant | None) -> bytes:
    """Among the frames for the child: its account for FTP is this from now on."""
    return pack(to_json({"type": "account", "ftp": ftp}).encode(), ())


def death(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"it exited with code {code}"
    name = signal.Signals(-code).name
    return f"it was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
