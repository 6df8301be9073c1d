"""What pyftpdlib does for one connection, narrowed to what arrays need.

A control connection is a Session, a data connection a Receiving; each also in TLS. Class attributes
that pyftpdlib and the server set, `make_server` gives to a subclass, so that two servers in one process
do not share them.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from pyftpdlib.exceptions import _RetryError
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.log import logger

from ravftp.filesystem import Jail
from ravftp.grants import Grants
from ravftp.mailbox import Mailbox
from ravftp.places import Kind, place_of
from ravftp.uploads import NotTaken, Upload, Uploads

#: bytes that one read takes from a data connection, and one sendfile sends: pyftpdlib's 64 KiB halve the
#: rate (docs/performance.md)
BLOCK_BYTES = 1 << 20

#: the commands that there are. Not among them: active mode (PORT, EPRT: the server would connect to
#: whatever address it is told), folders, times and modes (MKD, RMD, MFMT, SITE CHMOD), names that the
#: server invents (STOU)
COMMANDS = frozenset({
    "USER", "PASS", "AUTH", "PBSZ", "PROT", "QUIT", "REIN", "FEAT", "HELP", "NOOP", "OPTS", "SYST", "STAT",
    "TYPE", "MODE", "STRU", "PASV", "EPSV", "ALLO", "ABOR", "REST", "RETR", "STOR", "APPE", "DELE", "RNFR",
    "RNTO", "SIZE", "MDTM", "MLST", "MLSD", "LIST", "NLST", "CWD", "XCWD", "CDUP", "XCUP", "PWD", "XPWD",
})  # fmt: skip


#: the most that a record of TLS holds
RECORD_BYTES = 1 << 14

#: FTP's numbers for a full disk and an exceeded quota
NO_ROOM = (452, 552)


class Receiving(DTPHandler):  # type: ignore[misc]
    """A data connection in the clear. All take turns to read into one buffer: it stays in the cache."""

    ac_in_buffer_size = BLOCK_BYTES
    ac_out_buffer_size = BLOCK_BYTES
    buffer = memoryview(bytearray(BLOCK_BYTES))

    def handle_read(self) -> None:
        """A block has come, or the end."""
        try:
            block = self._block()
        except (BlockingIOError, InterruptedError, _RetryError):
            return
        except OSError:
            self.handle_close_broken()
            return
        if not block:
            self.handle_close()
            return
        self.tot_bytes_received += len(block)
        try:
            self.file_obj.write(block)
        except NotTaken as error:
            self.fail(error)

    handle_read_event = handle_read

    def _block(self) -> memoryview | bytes:
        return self.buffer[: self.socket.recv_into(self.buffer)]

    def fail(self, error: NotTaken) -> None:
        """End the transfer with a reason."""
        if error.code in NO_ROOM:
            self.cmd_channel.no_room(self.cmd_channel.username, str(error))
        self._resp = (f"{error.code} {error}; the transfer is ended.", logger.warning)
        self.close()

    def handle_close_broken(self) -> None:
        """The connection broke: what came is kept, to go on from."""
        self.fail(NotTaken(426, f"the connection broke after {self.tot_bytes_received} bytes"))


class ReceivingTls(TLS_DTPHandler):  # type: ignore[misc]
    """A data connection in TLS. It gives a record at a time, for which pyOpenSSL makes room for as much as
    is asked for; a turn takes what has come, up to a block."""

    ac_in_buffer_size = RECORD_BYTES
    ac_out_buffer_size = BLOCK_BYTES
    fail = Receiving.fail

    def handle_read(self) -> None:
        """Records have come, or the end."""
        taken = 0
        while taken < BLOCK_BYTES:
            try:
                block = self.recv(self.ac_in_buffer_size)
            except _RetryError:
                return
            if not block:
                return  # recv has closed it
            taken += len(block)
            self.tot_bytes_received += len(block)
            try:
                self.file_obj.write(block)
            except NotTaken as error:
                self.fail(error)
                return


class Session(FTPHandler):  # type: ignore[misc]
    """A control connection in the clear."""

    grants: ClassVar[Grants]
    uploads: ClassVar[Uploads]
    mailbox: ClassVar[Mailbox]
    #: told (user, digest, size, answer): calls `answer` when the array may be spoken of
    stored: ClassVar[Any]
    #: told (user, reason) when an upload did not fit
    no_room: ClassVar[Any]
    #: called before an array is said not to be there: what ravsock has sent meanwhile may allow it
    catch_up: ClassVar[Any]
    #: user -> its connections
    sessions: ClassVar[dict[str, set[Any]]]

    abstracted_fs = Jail
    dtp_handler = Receiving
    banner = "ravftp ready."
    proto_cmds: ClassVar[dict[str, Any]] = {
        name: row for name, row in FTPHandler.proto_cmds.items() if name in COMMANDS
    }
    #: secrets of 256 bits are not guessed: a short pause is enough, and does not hold up an honest client
    #: whose grant is over
    auth_failed_timeout = 0.2
    #: seconds that a login may take
    login_s = 20.0
    use_gmt_times = True

    def on_connect(self) -> None:
        """Whoever does not log in soon takes a place that others want."""
        self.call_later(self.login_s, self._nobody_yet)

    def _nobody_yet(self) -> None:
        if not self.authenticated:
            self.respond(f"421 No login within {self.login_s:g} s.")
            self.close_when_done()

    def on_login(self, username: str) -> None:
        """Remember it, so that a revoked grant ends it."""
        self.sessions.setdefault(username, set()).add(self)
        self._current_type = "i"  # arrays are binary, whatever a client forgets to say

    def on_logout(self, username: str) -> None:
        """Forget it."""
        self._leave(username)

    def on_disconnect(self) -> None:
        """Forget it."""
        self._leave(self.username)

    def flush_account(self) -> None:
        """Another login begins: files of transfers that wait for their data connection are closed."""
        waiting = self._out_dtp_queue[2] if self._out_dtp_queue else None
        for file in (waiting, self._in_dtp_queue[0] if self._in_dtp_queue else None):
            if file is not None:
                file.close()
        super().flush_account()

    def _leave(self, username: str) -> None:
        of_user = self.sessions.get(username, set())
        of_user.discard(self)
        if not of_user:
            self.sessions.pop(username, None)

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """Any command is a sign of its user."""
        if self.authenticated:
            self.grants.seen(self.username, time.monotonic())
        super().pre_process_command(line, cmd, arg)

    def ftp_RETR(self, file: str) -> Any:
        """Send an array."""
        self._look_again(file)
        return None if self._refuses_text() else super().ftp_RETR(file)

    def ftp_STOR(self, file: str, mode: str = "w") -> Any:
        """Receive an upload; APPE comes here too."""
        return None if self._refuses_text() else super().ftp_STOR(file, mode)

    def _refuses_text(self) -> bool:
        text: bool = self._current_type == "a"
        if text:
            self.respond("550 Arrays are binary; say TYPE I before.")
        return text

    def ftp_SIZE(self, path: str) -> Any:
        """Bytes of an array, or of an upload so far; in text mode too, for no bytes change in any."""
        self._look_again(path)
        mode, self._current_type = self._current_type, "i"
        try:
            return super().ftp_SIZE(path)
        finally:
            self._current_type = mode

    def _look_again(self, path: str) -> None:
        if not self.fs.lexists(path):
            self.catch_up()

    def ftp_RNFR(self, path: str) -> None:
        """Which upload is whole."""
        place = place_of(path)
        if place is None or place.kind is not Kind.UPLOAD or not self.fs.lexists(path):
            self.respond("550 There is no such upload; RNFR takes /up/<32 hex digits>.")
            return
        self._rnfr: str | None = path
        self.respond("350 Now RNTO /<SHA-256 of the bytes, 64 hex digits>.")

    def ftp_RNTO(self, path: str) -> None:
        """The end of an upload: it is renamed to the SHA-256 that it must have.

        The answer comes when it is hashed; until then no command is read.
        """
        source, self._rnfr = self._rnfr, None
        if source is None:
            self.respond("503 RNFR comes before RNTO.")
            return
        upload, array = place_of(source), place_of(path)
        if upload is None or array is None or array.kind is not Kind.ARRAY:
            self.respond("553 Rename /up/<32 hex digits> to /<SHA-256 of the bytes, 64 hex digits>.")
            return
        wanted = array.name

        def found(upload: Upload, digest: str) -> None:
            self.mailbox.post(lambda: self._hashed(upload, digest, wanted))

        try:
            self.uploads.check(self.username, upload.name, found)
        except NotTaken as error:
            self.respond(f"{error.code} {error}.")
            return
        self._wait()

    def _wait(self) -> None:
        """Read no more commands until the answer is given."""
        if self._idler is not None and not self._idler.cancelled:
            self._idler.cancel()
        self.del_channel()

    def _hashed(self, upload: Upload, digest: str, wanted: str) -> None:
        if digest != wanted:
            reason = f"has SHA-256 {digest}, not {wanted}" if digest else "cannot be read any more"
            self.uploads.drop(upload)
            self._answer(f"550 Upload {upload.name} of {upload.size} bytes {reason}; it is deleted.")
            return
        try:
            self.uploads.commit(upload, digest)
        except NotTaken as error:
            self._answer(f"{error.code} {error}.")
        except OSError as error:
            self._answer(f"451 The server cannot store it: {error.strerror}.")
        else:
            told = f"250 {digest} is stored, {upload.size} bytes."
            self.stored(
                upload.user,
                digest,
                upload.size,
                lambda trouble: self._answer(f"451 {trouble}." if trouble else told),
            )

    def _answer(self, response: str) -> None:
        if self._closed:
            return
        self.add_channel()
        if self.timeout:
            self._idler = self.ioloop.call_later(
                self.timeout, self.handle_timeout, _errback=self.handle_error
            )
        self.respond(response)


class SessionTls(Session, TLS_FTPHandler):  # type: ignore[misc]
    """A control connection that must turn to TLS before it logs in, and have its data in TLS too."""

    dtp_handler = ReceivingTls
    proto_cmds: ClassVar[dict[str, Any]] = {
        name: row for name, row in TLS_FTPHandler.proto_cmds.items() if name in COMMANDS
    }
    tls_control_required = True
    tls_data_required = True
