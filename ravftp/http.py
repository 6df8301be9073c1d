"""Arrays by HTTP: what there is without FTP. Standard library alone.

A download goes on where it broke off (Range); an upload begins anew.
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from typing import Any

from ravftp.ftp import Lost
from ravftp.moving import BLOCK_BYTES, Receiving, Sending
from ravspec.errors import TransferError

BROKEN = (OSError, http.client.HTTPException)
#: answers that say that another try may help
AGAIN = {429, 500, 502, 503, 504}


class HttpWay:
    """Arrays to and from a server's data folder. It has no state but the address: any thread may use it."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        life: str | None = None,
        context: ssl.SSLContext | None = None,
        timeout_s: float = 40.0,
    ) -> None:
        self._url = urllib.parse.urlsplit(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        if life:
            self._headers["Rdf-Life"] = life
        self._context, self._timeout_s = context, timeout_s

    def send(self, sending: Sending) -> None:
        """Send an array's bytes; the server says which SHA-256 arrived."""
        connection = self._connect()
        headers = {**self._headers, "Content-Length": str(len(sending.body))}
        try:
            try:
                connection.request("PUT", f"/v1/data/{sending.upload}", body=sending.body, headers=headers)
            except ConnectionError:
                if connection.sock is None:
                    raise
                # a server that refuses an upload says why, and may not read it to the end
            response = connection.getresponse()
            status, body = response.status, response.read()
        except BROKEN as error:
            raise self._lost(error) from error
        finally:
            connection.close()
        if status in AGAIN:
            raise self._lost(Exception(f"HTTP {status}, {message_of(body)}"))
        if status != 201 or digest_of(body) != sending.digest():
            raise TransferError(
                f"an array of {len(sending.body)} bytes did not arrive whole at {self._url.geturl()}: "
                f"{message_of(body)}"
            )
        sending.moved = len(sending.body)

    def receive(self, receiving: Receiving) -> None:
        """Fill an array, from where an earlier try stopped."""
        connection = self._connect()
        at, size = receiving.moved, len(receiving.view)
        headers = {**self._headers, **({"Range": f"bytes={at}-"} if at else {})}
        try:
            connection.request("GET", f"/v1/data/{receiving.digest}", headers=headers)
            response = connection.getresponse()
            if response.status in AGAIN:
                raise self._lost(Exception(f"HTTP {response.status}, {message_of(response.read())}"))
            if response.status != (206 if at else 200):
                raise TransferError(
                    f"array {receiving.digest[:12]} cannot be fetched: {message_of(response.read())}"
                )
            if response.length != size - at:
                raise TransferError(
                    f"array {receiving.digest[:12]} has {at + (response.length or 0)} bytes, not {size}"
                )
            while receiving.moved < size:
                n = response.readinto(receiving.view[receiving.moved : receiving.moved + BLOCK_BYTES])
                if not n:
                    raise self._lost(Exception(f"it ended after {receiving.moved} of {size} bytes"))
                receiving.filled(n)
        except BROKEN as error:
            raise self._lost(error) from error
        finally:
            connection.close()

    def close(self) -> None:
        """There is nothing to close."""

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)

    def _lost(self, error: Exception) -> Exception:
        if isinstance(error, TransferError | Lost):
            return error
        return Lost(
            f"{self._url.geturl()} was lost while an array was moving: {error or type(error).__name__}"
        )


def digest_of(body: bytes) -> Any:
    """The digest in the answer to an upload."""
    try:
        return json.loads(body).get("sha256")
    except (ValueError, AttributeError):
        return None


def message_of(body: bytes) -> str:
    """The message in a JSON error body, or the body."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]
