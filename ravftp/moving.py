"""An array on its way, whichever way it goes: what to send, or where to put what comes, and its SHA-256.

The sender's digest is computed in a thread beside the sending, the receiver's in a thread behind the
filling. Neither holds an array twice, and both survive a broken connection: what was moved stays moved.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ravspec.codec import Buffer, array_bytes
from ravspec.errors import TransferError
from ravspec.shapes import ArrayType

#: bytes a read or write moves at once
BLOCK_BYTES = 1 << 20


class Sending:
    """An array to be sent. `moved`: bytes of it that were sent so far, for those who count progress."""

    def __init__(self, value: NDArray[Any]) -> None:
        self.body = memoryview(array_bytes(value))
        self.upload = secrets.token_hex(16)
        self.moved = 0
        self.tries = 0
        self._digest = Digest(self.body)

    def digest(self) -> str:
        """The SHA-256 of the whole, once it is there."""
        return self._digest.result()


class Receiving:
    """An array to be received: an empty one that is filled from its beginning."""

    def __init__(self, digest: str, t: ArrayType) -> None:
        self.digest = digest
        self._value = np.empty(t.shape or (), t.dtype)
        self.view = memoryview(self._value.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        self.moved = 0
        self._follower = Follower(self.view)

    def filled(self, n: int) -> None:
        """The next n bytes are there."""
        self.moved += n
        self._follower.filled(self.moved)

    def value(self) -> NDArray[Any]:
        """The whole array; a TransferError if other bytes came."""
        found = self._follower.result()
        if found != self.digest:
            raise TransferError(
                f"array {self.digest[:12]} came with other bytes than were stored: {found[:12]}"
            )
        return self._value

    def give_up(self) -> None:
        """It will not be whole."""
        self._follower.result()


class Way(Protocol):
    """A way for arrays. A `Lost` may be tried again: it goes on where it stopped, if the way can do that."""

    def send(self, sending: Sending) -> None:
        """Send an array, until it is stored under its digest."""
        ...

    def receive(self, receiving: Receiving) -> None:
        """Fill what is to be received."""
        ...

    def close(self) -> None:
        """Close connections that are kept."""
        ...


class Digest:
    """The SHA-256 of a buffer, computed in a thread of its own."""

    def __init__(self, body: Buffer) -> None:
        self._hash = hashlib.sha256()
        self._thread = threading.Thread(target=self._hash.update, args=(body,), daemon=True)
        self._thread.start()

    def result(self) -> str:
        """The digest in hex, once it is there."""
        self._thread.join()
        return self._hash.hexdigest()


class Follower:
    """The SHA-256 of a buffer that is being filled, hashed in a thread behind the filling."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._hash = hashlib.sha256()
        self._changed = threading.Condition()
        self._filled = self._hashed = 0
        self._ended = False
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def filled(self, n: int) -> None:
        """The first n bytes are there."""
        with self._changed:
            self._filled = n
            self._changed.notify()

    def result(self) -> str:
        """No more bytes come; the digest in hex of those that did."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()
        return self._hash.hexdigest()

    def _follow(self) -> None:
        ended = False
        while not ended:
            with self._changed:
                self._changed.wait_for(lambda: self._filled > self._hashed or self._ended)
                upto, ended = self._filled, self._ended
            self._hash.update(self._view[self._hashed : upto])
            self._hashed = upto
