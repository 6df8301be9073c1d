"""Put and get an array by key, over HTTP, for developers and contributors. Standard library and NumPy.

The sender hashes in a thread while it sends and compares with the digest that the server computed of
what arrived; the receiver reads straight into the array it returns. Neither holds an array twice.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import threading
import urllib.parse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravspec.codec import Buffer, array_bytes
from ravspec.errors import ServerUnreachable, TransferError
from ravspec.shapes import ArrayType

#: bytes a read or write moves at once
BLOCK_BYTES = 1 << 20


class HttpTransfer:
    """Arrays to and from a server's data folder. It has no state but the address: any thread may use it."""

    def __init__(self, url: str, token: str | None = None, timeout_s: float = 40.0) -> None:
        self._url = urllib.parse.urlsplit(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout_s = timeout_s

    def put(self, value: NDArray[Any]) -> str:
        """Send an array's bytes; gives the SHA-256 under which they can be fetched."""
        body = array_bytes(value)
        digest = Digest(body)
        upload = secrets.token_hex(16)
        status, reply = self._request("PUT", f"/v1/data/{upload}", body)
        if status != 201 or reply.get("sha256") != digest.result():
            raise TransferError(
                f"an array of {len(body)} bytes did not arrive whole at {self._url.geturl()}: "
                f"{reply.get('message') or reply}"
            )
        return digest.result()

    def get(self, digest: str, t: ArrayType) -> NDArray[Any]:
        """The array with that SHA-256, of that type; a TransferError if other bytes come."""
        value = np.empty(t.shape or (), t.dtype)
        view = memoryview(value.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        connection = self._connect()
        try:
            connection.request("GET", f"/v1/data/{digest}", headers=self._headers)
            response = connection.getresponse()
            if response.status != 200:
                raise TransferError(f"array {digest[:12]} cannot be fetched: {message_of(response.read())}")
            if response.length != len(view):
                raise TransferError(f"array {digest[:12]} has {response.length} bytes, not {len(view)}")
            found = read_hashing(response, view)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from error
        finally:
            connection.close()
        if found != digest:
            raise TransferError(f"array {digest[:12]} came with other bytes than were stored: {found[:12]}")
        return value

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=self._timeout_s)

    def _request(self, method: str, path: str, body: Buffer) -> tuple[int, dict[str, Any]]:
        connection = self._connect()
        try:
            headers = {**self._headers, "Content-Length": str(len(body))}
            connection.request(method, path, body=memoryview(body), headers=headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from error
        except ValueError as error:
            raise TransferError(f"{self._url.geturl()} gave no answer that can be read: {error}") from error
        finally:
            connection.close()

    def _lost(self, error: Exception) -> ServerUnreachable | TransferError:
        if isinstance(error, TransferError):
            return error
        return ServerUnreachable(f"{self._url.geturl()} was lost while an array was moving: {error}")


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


def read_hashing(response: http.client.HTTPResponse, view: memoryview) -> str:
    """Read a response into `view`; the SHA-256 of it, hashed beside the reading."""
    follower, at = Follower(view), 0
    try:
        while at < len(view):
            n = response.readinto(view[at : at + BLOCK_BYTES])
            if not n:
                raise TransferError(f"an array broke off after {at} of {len(view)} bytes")
            at += n
            follower.filled(at)
    finally:
        digest = follower.result()
    return digest


def message_of(body: bytes) -> str:
    """The message in a JSON error body, or the body."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]
