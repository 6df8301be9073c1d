"""The SHA-256 of a file that grows: a thread reads behind the writing.

It reads from the page cache, which costs a copy but needs no memory, however far it lags behind.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

#: bytes read at once
BLOCK_BYTES = 1 << 20

#: no links are followed, whoever made them
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class FileHash:
    """One file. The thread lives while bytes come, and a little longer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._hash = hashlib.sha256()
        self._hashed = self._size = 0
        self._running = self._more = self._gone = False
        self._tell: Callable[[str], None] | None = None

    def grown(self, size: int) -> None:
        """The file has so many bytes, and more will come."""
        with self._changed:
            self._size, self._more = size, True
            if self._due():
                self._run()

    def paused(self) -> None:
        """Nothing comes for now: the thread may end when it has caught up."""
        with self._changed:
            self._more = False
            self._changed.notify()

    def finish(self, tell: Callable[[str], None]) -> None:
        """Nothing more comes: `tell` the digest, from the thread, once all is hashed; "" if it cannot be."""
        with self._changed:
            self._tell, self._more = tell, False
            self._run()

    def forget(self) -> None:
        """The file is cut or gone: whoever waits for the digest is told ""."""
        with self._changed:
            self._gone, self._more, self._size = True, False, 0
            self._changed.notify()

    def _run(self) -> None:
        if not self._running:
            self._running = True
            threading.Thread(target=self._follow, daemon=True).start()
        self._changed.notify()

    def _follow(self) -> None:
        try:
            file = os.open(self._path, os.O_RDONLY | NOFOLLOW)
            try:
                tell = self._read(file)
            finally:
                os.close(file)
            digest = "" if self._gone or tell is None else self._hash.hexdigest()
        except OSError as error:
            with self._changed:
                tell, digest = self._stop(), ""
                if not self._gone:
                    log.error("action=hashing_failed file=%s error=%s", self._path.name, error)
        if tell is not None:
            tell(digest)

    def _read(self, file: int) -> Callable[[str], None] | None:
        block = memoryview(bytearray(BLOCK_BYTES))
        while True:
            with self._changed:
                self._changed.wait_for(self._due)
                if self._size <= self._hashed:
                    return self._stop()
                upto = min(self._size, self._hashed + len(block))
            n = os.preadv(file, [block[: upto - self._hashed]], self._hashed)
            if not n and not self._gone:
                raise OSError(f"it ends after {self._hashed} bytes")
            self._hash.update(block[:n])
            self._hashed += n

    def _due(self) -> bool:
        """Is there a block to hash, or the rest? To wake for less costs the loop more than the hashing."""
        return self._size - self._hashed >= BLOCK_BYTES or not self._more

    def _stop(self) -> Callable[[str], None] | None:
        self._running = False
        tell, self._tell = self._tell, None
        return tell
