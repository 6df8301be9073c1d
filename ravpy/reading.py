"""How far a file has been read, on a terminal, for files that take a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

#: nothing is shown of what is done sooner, and then so often
FIRST_S, EVERY_S = 1.0, 0.5


class Reading:
    """Called with the share that has been read; nothing is written where nobody looks."""

    def __init__(
        self, name: str, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name, self._out, self._clock = name, out or sys.stderr, clock
        self._next = clock() + FIRST_S
        self._shown = ""

    def __call__(self, share: float) -> None:
        """Show it, if it is time to."""
        now = self._clock()
        if now >= self._next and self._out.isatty():
            self._next = now + EVERY_S
            self._write(f"reading {self._name}: {min(share, 1):.0%}")

    def done(self) -> None:
        """Leave an empty line behind."""
        if self._shown:
            self._write("")
            self._out.write("\r")
            self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write("\r" + text.ljust(len(self._shown)))
        self._out.flush()
        self._shown = text
