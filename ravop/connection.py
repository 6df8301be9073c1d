"""A connection that sends a small request in one piece."""

from __future__ import annotations

import http.client
from typing import Any

#: a larger body is not worth copying behind its head
ONE_WRITE_BYTES = 1 << 18


class OneWrite(http.client.HTTPConnection):
    """Sends a small request in one piece: http.client writes head and body apart, which wakes the server
    twice."""

    _held: list[bytes] | None = None

    def send(self, data: Any) -> None:
        """Send, or keep what `request` is putting together."""
        if self._held is not None and isinstance(data, bytes) and len(data) <= ONE_WRITE_BYTES:
            self._held.append(data)
        else:
            self._release()
            super().send(data)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Put a request together, then send it."""
        self._held = []
        try:
            super().request(*args, **kwargs)
            self._release()
        finally:
            self._held = None

    def _release(self) -> None:
        if self._held:
            held, self._held = self._held, None
            super().send(b"".join(held))


class OneWriteTls(OneWrite, http.client.HTTPSConnection):
    """The same over TLS."""
