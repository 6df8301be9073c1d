"""A question's answer as it comes, for the event loop: one POST, whose answer is in chunks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ravop.client import Client, Reply, ops_path
from ravop.refusal import refused
from ravspec.codec import PREFIX, Buffer, total_length
from ravspec.messages import Done, Submit, ToDeveloper, decode, encode

if TYPE_CHECKING:
    from ravop.engine import Engine


async def stream(engine: Engine, graph: int, message: Submit, buffers: list[Buffer]) -> AsyncIterator[Reply]:
    """The messages of the answer to a question. A lost connection is an OSError or IncompleteReadError."""
    if not isinstance(engine, Client):  # `local:` computes here and now
        for reply in engine.submit(graph, message, buffers, None):
            yield reply
        return
    host, port, context, headers = engine.address()
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        body = encode(message, buffers)
        lines = [f"POST {ops_path(graph)} HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
        lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        async with asyncio.timeout(engine.config.silence_s):
            status = int((await reader.readline()).split()[1])
            while (await reader.readline()).strip():
                pass
        if status >= 400:
            raise refused(status, await reader.read())
        chunks, last = Chunks(reader, engine.config.silence_s), False
        while not last:
            length = total_length(await chunks.first(PREFIX.size))
            frame = await chunks.first(length)
            chunks.drop(length)
            reply, parts = decode(frame, ToDeveloper)
            last = isinstance(reply, Done)
            yield reply, parts
    finally:
        writer.close()


class Chunks:
    """A body in chunks; one that ends too soon is an IncompleteReadError, silence a TimeoutError."""

    def __init__(self, reader: asyncio.StreamReader, silence_s: float) -> None:
        self._reader, self._silence_s = reader, silence_s
        self._come = bytearray()

    async def first(self, n: int) -> bytearray:
        """The next n bytes, which stay."""
        while len(self._come) < n:
            async with asyncio.timeout(self._silence_s):
                size = int((await self._reader.readline()).split(b";")[0] or b"0", 16)
                if not size:
                    raise asyncio.IncompleteReadError(bytes(self._come), n)
                self._come += (await self._reader.readexactly(size + 2))[:size]
        return self._come[:n]

    def drop(self, n: int) -> None:
        """They are read."""
        del self._come[:n]
