"""A network cable between tabs and a server, for somebody to stumble over."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Cable:
    """Forwards connections to a port of this machine. Pulled, nothing passes and no end is told, as between
    machines; cut, both ends are told at once."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._passes = threading.Event()
        self._passes.set()
        self._lock = threading.Lock()
        self._ahead = 0
        self._accident: Callable[[], None] = self.plug
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stumble(self, after_bytes: int, accident: Callable[[], None]) -> None:
        """Let it happen when so many bytes more have passed."""
        self._ahead, self._accident = after_bytes, accident

    def pull(self) -> None:
        """From now on nothing passes."""
        self._passes.clear()

    def plug(self) -> None:
        """What waited passes, and all that follows."""
        self._passes.set()

    def reroute(self) -> None:
        """As when a telephone leaves the WLAN: what is open stays silent for good; new connections pass."""
        self._passes.clear()
        self._passes = threading.Event()
        self._passes.set()

    def cut(self) -> None:
        """Reset whatever is open."""
        with self._lock:
            torn, self._open = self._open, []
        for one in torn:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        """The end of it, for all that are connected too."""
        self._listener.close()
        self.cut()
        self._passes.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                here, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(here, self._passes), daemon=True).start()

    def _connect(self, here: socket.socket, passes: threading.Event) -> None:
        passes.wait()
        with contextlib.suppress(OSError):  # the server is away: so is this end
            there = socket.create_connection(("127.0.0.1", self._target))
            with self._lock:
                self._open += [here, there]
            threading.Thread(target=self._pump, args=(there, here, passes), daemon=True).start()
            self._pump(here, there, passes)
            return
        here.close()

    def _pump(self, source: socket.socket, sink: socket.socket, passes: threading.Event) -> None:
        with contextlib.suppress(OSError):  # cut
            while block := source.recv(1 << 16):
                self._count(len(block))
                passes.wait()
                sink.sendall(block)
            passes.wait()
            sink.shutdown(socket.SHUT_WR)

    def _count(self, moved: int) -> None:
        with self._lock:
            due = 0 < self._ahead <= moved
            self._ahead = max(0, self._ahead - moved)
        if due:
            self._accident()
