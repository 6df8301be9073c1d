"""Somebody on the line: forwards connections to a port of this machine, and keeps the bytes both ways."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Call:
    """One connection: what its client sent, and what came back."""

    sent: bytearray = field(default_factory=bytearray)
    came: bytearray = field(default_factory=bytearray)

    def request(self) -> tuple[str, dict[str, str], bytes]:
        """The first line, the headers in lower case, and the body of the one request of a connection."""
        head, _, body = bytes(self.sent).partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        return first, {name.lower(): value for name, _, value in pairs}, body


class Wiretap:
    """All calls, in the order in which they were made."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.calls: list[Call] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Nobody calls any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                here, _ = self._listener.accept()
                self.calls.append(Call())
                threading.Thread(target=self._carry, args=(here, self.calls[-1]), daemon=True).start()

    def _carry(self, here: socket.socket, call: Call) -> None:
        with here, socket.create_connection(("127.0.0.1", self._target)) as there:
            back = threading.Thread(target=pump, args=(there, here, call.came), daemon=True)
            back.start()
            pump(here, there, call.sent)
            back.join()


def pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    """Carry bytes from one end to the other, and keep them first."""
    with contextlib.suppress(OSError):
        while block := source.recv(1 << 16):
            kept += block
            sink.sendall(block)
        sink.shutdown(socket.SHUT_WR)
