"""Arrays by FTP: the client's side. Standard library alone.

Uploads go to /up/<32 hex digits> and are renamed to their SHA-256, which the server checks. After a
broken connection the server is asked how much it has (SIZE), and the rest is sent (REST).
"""

from __future__ import annotations

import contextlib
import ftplib
import select
import socket
import ssl
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from ravftp.moving import BLOCK_BYTES, Receiving, Sending
from ravspec.errors import ServerUnreachable, TransferError

#: how long a connection may take to come about; a firewall that swallows packets never answers
CONNECT_S = 5.0
#: how long to wait for the server's reason after it has closed a data connection
REASON_S = 5.0
#: the server's hashing is at least so quick, bytes a second: the answer to RNTO waits for it
HASH_BPS = 50e6

#: bytes given to the system at once
SEND_BYTES = 4 << 20
KERNEL_WATCHES = sys.platform.startswith("linux")
#: a read comes back with a whole block
WHOLE = socket.MSG_WAITALL if KERNEL_WATCHES else 0

LOST = (OSError, EOFError, ftplib.Error)

#: answers that say that another try may help: going away, no data connection, broken, busy, local error
AGAIN = {"421", "425", "426", "450", "451"}


class Lost(ServerUnreachable):
    """The connection broke; what was moved stays moved."""


class Closed(ServerUnreachable):
    """There is no way: ports that nobody listens on, or that a firewall keeps closed."""


class GrantOver(TransferError):
    """The server does not know the user and password any more."""


class NotThere(TransferError):
    """The server has no such array, or none that this grant may read."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where an FTP server is, and what ravsock gave to log in there."""

    host: str
    port: int
    user: str
    password: str
    tls: bool = False


class FtpWay:
    """Arrays to and from one FTP server. Connections are kept; any thread may use it."""

    def __init__(
        self, account: Account, context: ssl.SSLContext | None = None, timeout_s: float = 40.0
    ) -> None:
        self.account, self._context, self._timeout_s = account, context, timeout_s
        self._idle: list[ftplib.FTP] = []

    def send(self, sending: Sending) -> None:
        """Send an array; the server has the part that an earlier try left there."""
        path, size = f"/up/{sending.upload}", len(sending.body)
        sending.tries += 1
        with self._connection() as ftp:
            there = 0
            if sending.tries > 1:
                there = size_of(ftp, path)
                if there < 0 and size_of(ftp, f"/{sending.digest()}") == size:
                    return  # only the answer was lost
            if there < 0 or there > size:
                there = 0
            if there < size or sending.tries == 1:
                self._store(ftp, path, sending, there)
                # a connection that broke on the way can look at the server like one that ended
                there = size_of(ftp, path)
                if there != size:
                    raise Lost(f"{there} of {size} bytes arrived before the connection broke")
            ftp.sendcmd(f"RNFR {path}")
            digest = sending.digest()
            with patience(ftp, self._timeout_s + size / HASH_BPS):
                ftp.sendcmd(f"RNTO /{digest}")

    def _store(self, ftp: ftplib.FTP, path: str, sending: Sending, at: int) -> None:
        with self._data(ftp, f"STOR {path}", at) as connection:
            try:
                while at < len(sending.body):
                    n = connection.send(sending.body[at : at + SEND_BYTES])
                    at += n
                    sending.moved = max(sending.moved, at)
                end(connection)
            except OSError:
                # the server closed it: its reason is on the other connection
                with patience(ftp, REASON_S):
                    ftp.voidresp()
                raise
        ftp.voidresp()

    def receive(self, receiving: Receiving) -> None:
        """Fill an array, from where an earlier try stopped."""
        view, missing = receiving.view, ""
        with self._connection() as ftp:
            with self._data(ftp, f"RETR /{receiving.digest}", receiving.moved) as connection:
                flags = 0 if isinstance(connection, ssl.SSLSocket) else WHOLE
                while receiving.moved < len(view):
                    n = connection.recv_into(view[receiving.moved : receiving.moved + BLOCK_BYTES], 0, flags)
                    if not n:
                        missing = f"has {receiving.moved} bytes, not {len(view)}"
                        break
                    receiving.filled(n)
                if not missing and connection.recv(1):
                    missing = f"has more than {len(view)} bytes"
            if missing.startswith("has more"):
                raise TransferError(f"array {receiving.digest[:12]} {missing}")
            ftp.voidresp()  # says so if it broke off
            if missing and size_of(ftp, f"/{receiving.digest}") == len(view):
                raise Lost(f"{receiving.moved} of {len(view)} bytes came before the connection broke")
            if missing:
                raise TransferError(f"array {receiving.digest[:12]} {missing}")

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    # --- connections ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _connection(self) -> Iterator[ftplib.FTP]:
        """A logged-in connection, kept for the next if all goes well; errors become ours."""
        ftp = None
        try:
            ftp = self._kept() or self._connect()
            yield ftp
        except LOST as error:
            if ftp is not None:
                ftp.close()
            raise self._told(error) from error
        except BaseException:
            if ftp is not None:
                ftp.close()
            raise
        self._idle.append(ftp)

    def _kept(self) -> ftplib.FTP | None:
        while self._idle:
            ftp = self._idle.pop()
            if ftp.sock is not None and not select.select([ftp.sock], [], [], 0)[0]:
                return ftp
            ftp.close()  # something to read where nothing was asked: the server has closed it
        return None

    def _connect(self) -> ftplib.FTP:
        account = self.account
        ftp = ftplib.FTP_TLS(context=self._context) if account.tls else ftplib.FTP()
        try:
            ftp.connect(account.host, account.port, timeout=CONNECT_S)
        except OSError as error:
            ftp.close()
            raise Closed(f"ftp://{account.host}:{account.port} cannot be reached: {error}") from error
        assert ftp.sock is not None
        ftp.timeout = int(self._timeout_s)
        ftp.sock.settimeout(self._timeout_s)
        try:
            ftp.login(account.user, account.password)
            if isinstance(ftp, ftplib.FTP_TLS):
                ftp.prot_p()
            ftp.voidcmd("TYPE I")
        except BaseException:
            ftp.close()
            raise
        return ftp

    @contextlib.contextmanager
    def _data(self, ftp: ftplib.FTP, command: str, at: int) -> Iterator[socket.socket]:
        """A data connection on which a transfer from byte `at` on has begun."""
        address = ftp.makepasv()
        try:
            connection = socket.create_connection(address, timeout=CONNECT_S)
        except OSError as error:
            raise Closed(f"the data port {address[0]}:{address[1]} cannot be reached: {error}") from error
        try:
            if at:
                ftp.sendcmd(f"REST {at}")
            ftp.sendcmd(command)
            if isinstance(ftp, ftplib.FTP_TLS):
                connection.settimeout(self._timeout_s)
                session = getattr(ftp.sock, "session", None)
                connection = ftp.context.wrap_socket(connection, server_hostname=ftp.host, session=session)
            else:
                limit(connection, self._timeout_s)
            yield connection
        finally:
            connection.close()

    def _told(self, error: Exception) -> Exception:
        """An error of ftplib or of a socket as ours."""
        if isinstance(error, Lost | Closed | TransferError):
            return error
        where = f"ftp://{self.account.host}:{self.account.port}"
        code, text = str(error)[:3], str(error)
        if isinstance(error, BlockingIOError | TimeoutError):
            return Lost(f"{where} has neither taken nor sent a byte for a while")
        if isinstance(error, ssl.SSLCertVerificationError):
            return Closed(f"{where} has a certificate that is not trusted here: {error.verify_message}")
        if not isinstance(error, ftplib.Error) or code in AGAIN:
            return Lost(f"{where} was lost while an array was moving: {text or type(error).__name__}")
        if code == "530":
            return GrantOver(f"{where}: {text}")
        if code == "550" and "may read" in text:
            return NotThere(f"{where}: {text}")
        return TransferError(f"{where}: {text}")


def limit(connection: socket.socket, timeout_s: float) -> None:
    """Let no call last longer without a byte. On Linux the kernel watches that: Python would do it by
    calls that return at once with a few bytes each, which takes twice the time (docs/performance.md)."""
    if not KERNEL_WATCHES:
        connection.settimeout(timeout_s)
        return
    connection.settimeout(None)
    interval = struct.pack("ll", int(timeout_s), int(timeout_s % 1 * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)


def size_of(ftp: ftplib.FTP, path: str) -> int:
    """Bytes of a file; -1 if it is not there."""
    try:
        return ftp.size(path) or 0
    except ftplib.error_perm:
        return -1


def end(connection: socket.socket) -> None:
    """All is sent: say so, and leave the closing to the server."""
    if isinstance(connection, ssl.SSLSocket):
        with contextlib.suppress(OSError):  # a server that closes without a goodbye has all the same
            connection.unwrap()
    else:
        connection.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def patience(ftp: ftplib.FTP, timeout_s: float) -> Iterator[None]:
    """Another limit for answers."""
    assert ftp.sock is not None
    usual = ftp.sock.gettimeout()
    ftp.sock.settimeout(timeout_s)
    try:
        yield
    finally:
        if ftp.sock is not None:
            ftp.sock.settimeout(usual)
