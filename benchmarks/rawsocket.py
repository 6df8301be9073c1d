"""A bare TCP connection to another process of this machine: what any transfer is measured against."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from work import Array

#: a request: b"u" (size bytes follow) or b"d" (send them back)
REQUEST = struct.Struct(">cQ")
STORED = b"k"


class RawSocket:
    """The side that only moves bytes, without a checksum."""

    def __enter__(self) -> RawSocket:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
            self._process = subprocess.Popen([sys.executable, __file__, port], start_new_session=True)
            listener.settimeout(30)
            self._connection, _ = listener.accept()
        self._connection.settimeout(60)
        return self

    def __exit__(self, *details: object) -> None:
        self._connection.close()
        self._process.wait()

    def graph(self) -> AbstractContextManager[object]:
        return nullcontext()

    def up(self, array: Array) -> Any:
        self._connection.sendall(REQUEST.pack(b"u", array.nbytes))
        self._connection.sendall(memoryview(array).cast("B"))
        receive(self._connection, memoryview(bytearray(len(STORED))))
        return array.dtype, array.size

    def down(self, handle: Any) -> Array:
        dtype, size = handle
        array = np.empty(size, dtype)
        self._connection.sendall(REQUEST.pack(b"d", array.nbytes))
        receive(self._connection, memoryview(array).cast("B"))
        return array


def receive(connection: socket.socket, view: memoryview) -> None:
    """Fill the view; EOFError if the other end closes before."""
    while view:
        n = connection.recv_into(view)
        if not n:
            raise EOFError
        view = view[n:]


def keep(port: int) -> None:
    """The other process: keeps what it is sent and sends it back, until the connection closes."""
    kept = np.empty(0, np.uint8)
    head = bytearray(REQUEST.size)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while True:
            try:
                receive(connection, memoryview(head))
            except (EOFError, ConnectionError):
                return
            what, size = REQUEST.unpack(head)
            if what == b"u":
                kept = np.empty(size, np.uint8)
                receive(connection, memoryview(kept))
                connection.sendall(STORED)
            else:
                connection.sendall(memoryview(kept))


if __name__ == "__main__":
    keep(int(sys.argv[1]))
