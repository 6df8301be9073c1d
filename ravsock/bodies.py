"""Reading what requests bring: not more than may come, and not slower than it may.

A peer that sends a byte now and then would hold a connection and its buffers for days, so a body must arrive
at RAVSOCK_MIN_BPS on the whole, after a grace of RAVSOCK_REQUEST_S.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

from ravsock.config import Config
from ravsock.limits import Limit, too_many
from ravspec.codec import Buffer

#: bytes of JSON that anything may have
JSON_BYTES = 64 << 10


class Pace:
    """How long the rest may take, given how much has come."""

    #: seconds between two looks at the clock
    LOOK_S = 1.0

    def __init__(self, timeout: asyncio.Timeout, grace_s: float, min_bps: float) -> None:
        self._timeout, self._loop = timeout, asyncio.get_running_loop()
        self._ends_at = self._loop.time() + grace_s
        self._min_bps, self._came, self._looked_at = min_bps, 0, 0.0
        timeout.reschedule(self._ends_at if min_bps else None)

    def came(self, n: int) -> None:
        """That many bytes more."""
        self._came += n
        now = self._loop.time()
        if self._min_bps and now - self._looked_at >= self.LOOK_S:
            self._looked_at = now
            self._timeout.reschedule(self._ends_at + self._came / self._min_bps)


@contextlib.asynccontextmanager
async def arriving(config: Config) -> AsyncIterator[Pace]:
    """While a body is under way; a Limit if it dawdles."""
    try:
        async with asyncio.timeout(None) as timeout:
            yield Pace(timeout, config.request_s, config.min_bps)
    except TimeoutError:
        raise Limit(
            f"too slow: after {config.request_s:g} s (RAVSOCK_REQUEST_S) a request must move at "
            f"{config.min_bps:g} bytes/s at least (RAVSOCK_MIN_BPS)",
            408,
        ) from None


async def blocks(request: web.Request, config: Config) -> AsyncGenerator[bytes, None]:
    """The blocks of a large body, as they come."""
    content = request.content
    async with arriving(config) as pace:
        while block := await content.readany():
            pace.came(len(block))
            yield block


class PatientFile(web.FileResponse):
    """A file as an answer; a peer that does not take it at the least rate loses its connection."""

    def __init__(self, path: Path, config: Config, **more: Any) -> None:
        super().__init__(path, **more)
        size = path.stat().st_size
        self._patience_s = config.request_s + size / config.min_bps if config.min_bps else None

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Send it, all of it."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await super().prepare(request)
        except TimeoutError:
            raise ConnectionResetError(f"not taken within {self._patience_s:g} s") from None


async def body_of(request: web.Request, config: Config, most: int, setting: str) -> Buffer:
    """The body of a request, of so many bytes at most."""
    announced = request.content_length
    if announced is not None and most and announced > most:
        raise too_many(f"a message of {announced:,} bytes", setting, most, "send less at a time")
    content = request.content
    if content.is_eof():  # the usual case: it came in one piece with the head
        return content.read_nowait() if not content.at_eof() else b""
    body = bytearray()
    async with arriving(config) as pace:
        while block := await content.readany():
            body += block
            pace.came(len(block))
            if most and len(body) > most:
                raise too_many(f"a message of over {most:,} bytes", setting, most, "send less at a time")
    return body
