"""Put and get an array by key, for developers and contributors: by FTP where that goes, else by HTTP.

A broken connection costs time only: the transfer goes on where it stopped, as long as the server comes
back within `patience_s` of the last byte that moved.
"""

from __future__ import annotations

import random
import ssl
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Literal

from numpy.typing import NDArray

from ravftp.ftp import Account, Closed, FtpWay, GrantOver, NotThere
from ravftp.http import HttpWay, message_of
from ravftp.moving import Receiving, Sending, Way
from ravspec.errors import ServerUnreachable, TransferError
from ravspec.shapes import ArrayType
from ravspec.trust import client_context

__all__ = ["KINDS", "Account", "Kind", "Transfer", "account_from", "message_of"]

Kind = Literal["auto", "ftp", "http"]
KINDS: tuple[Kind, ...] = ("auto", "ftp", "http")

#: first and longest wait before a broken transfer goes on; each is varied by half at random
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
#: after falling back to HTTP, FTP is tried again when so much time has passed
FTP_AGAIN_S = 60.0

#: asks the server for an account, None where it has no FTP
Grant = Callable[[], Account | None]


def account_from(grant: Mapping[str, Any] | None, url: str) -> Account | None:
    """The account in a server's answer or Welcome; None if there is none. `url` is the server's."""
    if grant is None:
        return None
    host = grant.get("host") or urllib.parse.urlsplit(url).hostname or ""
    return Account(host, grant["port"], grant["user"], grant["password"], grant.get("tls", False))


def no_grant() -> None:
    """For servers that are known to have no FTP."""


class Transfer:
    """Arrays to and from one server. Any thread may use it.

    life: a contributor's. grant: gives an account for FTP. `say` is told once if FTP does not go.
    patience_s: how long a server that is away may take to come back; one that was never there gets no
    second try, unless it was `met` by others. context: whom to trust in TLS, else ravspec.trust's.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        life: str | None = None,
        kind: Kind = "http",
        grant: Grant = no_grant,
        say: Callable[[str], None] = lambda text: None,
        patience_s: float = 0.0,
        met: bool = False,
        timeout_s: float = 40.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._kind, self._grant, self._say = kind, grant, say
        self._context, self._timeout_s = context, timeout_s
        self._http = HttpWay(url, token, life, self._tls() if url.startswith("https") else None, timeout_s)
        self._ftp: FtpWay | None = None
        self._no_ftp_until = float("inf") if kind == "http" else 0.0
        self._told = False
        self.patience_s, self._met = patience_s, met

    def put(self, value: NDArray[Any]) -> str:
        """Send an array's bytes; gives the SHA-256 under which they can be fetched."""
        sending = Sending(value)
        self._move(lambda way: way.send(sending), lambda: sending.moved)
        return sending.digest()

    def get(self, digest: str, t: ArrayType) -> NDArray[Any]:
        """The array with that SHA-256, of that type; a TransferError if other bytes come."""
        receiving = Receiving(digest, t)
        try:
            self._move(lambda way: way.receive(receiving), lambda: receiving.moved)
        except BaseException:
            receiving.give_up()
            raise
        return receiving.value()

    def close(self) -> None:
        """Close connections; they are opened again when needed."""
        if self._ftp is not None:
            self._ftp.close()

    def _move(self, move: Callable[[Way], None], moved: Callable[[], int]) -> None:
        """Try, by whichever way goes, until it is done or the patience is over."""
        since, before, wait_s, renewed = time.monotonic(), moved(), FIRST_WAIT_S, False
        while True:
            try:
                move(self._way())
                self._met = True
                return
            except NotThere:
                if self._kind != "auto":
                    raise
                return move(self._http)  # which knows better what may be read, and says what is wrong
            except (Closed, GrantOver) as error:
                # a server that was started anew has other accounts, and may have another port
                again = not renewed and (self._met or isinstance(error, GrantOver))
                self.close()
                self._ftp, renewed = None, True
                if again:
                    continue
                if self._kind == "auto":
                    self._fall_back(str(error))
                    continue
                lost: Exception = error
            except ServerUnreachable as error:
                lost = error
            if moved() > before:
                since, before, wait_s, self._met = time.monotonic(), moved(), FIRST_WAIT_S, True
            if not self._met or time.monotonic() - since >= self.patience_s:
                raise lost
            time.sleep(wait_s * random.uniform(0.5, 1.5))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _way(self) -> Way:
        if time.monotonic() < self._no_ftp_until:
            return self._http
        if self._ftp is None:
            account = self._grant()
            if account is not None:
                self._ftp = FtpWay(account, self._tls() if account.tls else None, self._timeout_s)
            elif self._kind == "ftp":
                raise TransferError("this server has no FTP; take the transport auto or http")
            else:
                self._fall_back("the server has no FTP")
        return self._ftp or self._http

    def _tls(self) -> ssl.SSLContext:
        self._context = self._context or client_context()
        return self._context

    def _fall_back(self, reason: str) -> None:
        self._no_ftp_until = time.monotonic() + FTP_AGAIN_S
        if not self._told:
            self._told = True
            self._say(f"arrays go by HTTP: {reason}")
