"""A proxy in front of a server that drops connections in the middle of a transfer."""

from __future__ import annotations

import contextlib
import re
import socket
import threading

PASSIVE = re.compile(rb"227 [^(]*\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)")


class Cutter:
    """Forwards connections to a port of this machine. The first `cuts` that move more than `after_bytes`
    in one direction are dropped there. With `ftp`, data connections go through it too."""

    def __init__(self, port: int, after_bytes: int, cuts: int, ftp: bool = False) -> None:
        self._target, self._after, self._ftp = port, after_bytes, ftp
        self._left = cuts
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self.cuts = 0
        self.moved = 0  #: bytes that went through, both ways
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener, port), daemon=True).start()

    def close(self) -> None:
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener: socket.socket, port: int, once: bool = False) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(("127.0.0.1", port))
                self._open += [here, there]
                control = self._ftp and port == self._target
                for pair in ((here, there, False), (there, here, control)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()
                if once:
                    listener.close()
                    return

    def _pump(self, source: socket.socket, sink: socket.socket, control: bool) -> None:
        moved = 0
        with contextlib.suppress(OSError):
            while block := source.recv(1 << 16):
                moved += len(block)
                with self._lock:
                    self.moved += len(block)
                    cut = self._left > 0 and moved > self._after
                    self._left -= cut
                    self.cuts += cut
                if cut:
                    self._drop(source, sink)
                    return
                sink.sendall(self._through_us(block) if control else block)
            sink.shutdown(socket.SHUT_WR)

    def _drop(self, *ends: socket.socket) -> None:
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # as a reset, at once
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _through_us(self, answer: bytes) -> bytes:
        """A passive port in an answer is replaced by one of ours that leads there."""
        found = PASSIVE.search(answer)
        if found is None:
            return answer
        high, low = int(found[5]), int(found[6])
        listener = socket.create_server(("127.0.0.1", 0))
        self._open.append(listener)
        ours = listener.getsockname()[1]
        data = (listener, 256 * high + low, True)
        threading.Thread(target=self._accept, args=data, daemon=True).start()
        return b"227 Entering passive mode (127,0,0,1,%d,%d).\r\n" % divmod(ours, 256)
