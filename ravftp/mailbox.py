"""How other threads, and ravsock through a pipe, reach pyftpdlib's loop: things that it can poll."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Callable
from typing import Any


class Polled:
    """A file descriptor in the loop's map, in the form that it expects of its members."""

    def __init__(self, loop: Any, file: int) -> None:
        self._loop, self._fileno = loop, file
        self.closed = False
        os.set_blocking(file, False)
        loop.register(file, self, loop.READ)

    def readable(self) -> bool:
        """Always."""
        return True

    def writable(self) -> bool:
        """Never."""
        return False

    def handle_read_event(self) -> None:
        """There is something to read."""
        raise NotImplementedError

    def handle_close(self) -> None:
        """The other end is closed: what is left is read, then the end of it."""
        self.handle_read_event()

    def handle_error(self) -> None:
        """An error in reading ends the loop: raise it."""
        raise

    def close(self) -> None:
        """Leave the loop."""
        if not self.closed:
            self.closed = True
            self._loop.unregister(self._fileno)
            os.close(self._fileno)


class Mailbox(Polled):
    """Calls from other threads, made in the loop."""

    def __init__(self, loop: Any) -> None:
        read, self._write = os.pipe()
        super().__init__(loop, read)
        os.set_blocking(self._write, False)
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._hears_signals = False

    def post(self, call: Callable[[], None]) -> None:
        """Have a call made by the loop. From any thread."""
        self._calls.put(call)
        try:
            os.write(self._write, b"\0")
        except BlockingIOError:
            pass  # the pipe is full of wake-ups already
        except OSError:
            if not self.closed:
                raise

    def hear_signals(self) -> None:
        """Have every signal wake the loop. Python calls a handler between two of its own steps, so one that
        comes just before the loop waits, or to another thread, would else be noticed after the waiting."""
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._hears_signals = True

    def handle_read_event(self) -> None:
        """Make the calls."""
        os.read(self._fileno, 4096)
        while not self._calls.empty():
            self._calls.get()()

    def close(self) -> None:
        """Leave the loop; what is posted from now on is dropped."""
        if not self.closed:
            super().close()
            if self._hears_signals:
                signal.set_wakeup_fd(-1)
            os.close(self._write)
