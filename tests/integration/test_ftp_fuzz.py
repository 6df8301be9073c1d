"""Whatever is said to ravftp, it answers in FTP, touches its places only, and serves the next client."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftpserver import PASSWORD, FtpServer

from ravftp.sessions import COMMANDS

#: lines that are said in all, and lines after which an honest client comes by
CASES, BATCH = 20_000, 1_000

UP = "0f" * 16
BODY = b"an honest array"
DIGEST = hashlib.sha256(BODY).hexdigest()

PARTS = [
    "..", ".", "", "up", "UP", UP, DIGEST, DIGEST.upper(), "etc", "passwd", "secret", "~", "~root", "C:",
    "\0", "\\..\\..", "%2e%2e", "....//", "\r", "\n", "\x7f", "é", "\u202e", "*", "?", "[a-z]", "-R", "nul",
    "data", "partial-x", f"partial-ftp-ann-{UP}", " ", "\t", "x" * 300, "../" * 200,
]  # fmt: skip
WORDS = ["", "-1", "0", "9" * 20, "1e3", "I", "A", "P", "C", "TLS", "F", "S", "ALL", "1", "2", "nan"]
OTHERS = ["PORT", "EPRT", "MKD", "SITE CHMOD", "MFMT", "STOU", "XYZ", "", "\0"]
NAMES = [*sorted(COMMANDS - {"QUIT", "PASS"}), *OTHERS]


def line(rng: random.Random) -> bytes:
    """Something to say."""
    kind = rng.random()
    if kind < 0.1:
        return rng.randbytes(rng.choice((1, 10, 100, 3000))).replace(b"\r\n", b"")
    if kind < 0.25:
        argument = rng.choice(WORDS)
    elif kind < 0.35:
        argument = ",".join(str(rng.randint(-1, 300)) for _ in range(rng.randint(1, 7)))
    else:
        lead = rng.choice(("", "/", "//", "./"))
        argument = lead + "/".join(rng.choice(PARTS) for _ in range(rng.randint(1, 6)))
    return f"{rng.choice(NAMES)} {argument}".encode(errors="surrogatepass").replace(b"\r\n", b"")


class Talk:
    """A control connection that says lines and reads what comes, whatever it is."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")
        self._file.readline()
        self.said = b""
        self.login()

    def login(self) -> None:
        self._socket.sendall(f"USER ann\r\nPASS {PASSWORD}\r\n".encode())
        assert self._until(b"230 ")

    def say(self, line: bytes) -> bytes:
        """A line; the answers up to that to a NOOP behind it."""
        self.said = line
        self._socket.sendall(line + b"\r\nNOOP\r\n")
        return self._until(b"200 I successfully did nothing")

    def _until(self, end: bytes) -> bytes:
        answers = b""
        while True:
            got = self._file.readline()
            assert got, f"the connection ended after {self.said!r:.200}"
            answers += got
            if got.startswith(end):
                return answers

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture
def ftpd(tmp_path: Path) -> Iterator[FtpServer]:
    (tmp_path / "secret").write_text("of the machine")
    server = FtpServer(tmp_path / "data")
    server.grant("ann")
    yield server
    server.stop()


def tree(folder: Path) -> dict[str, bytes]:
    """All files below, and what is in them."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_whatever_is_said_is_answered_and_touches_nothing_else(
    ftpd: FtpServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(20)
    another = ftpd.put(b"another developer's")
    for batch in range(CASES // BATCH):
        with contextlib.closing(Talk(ftpd.port)) as talk:
            for _ in range(BATCH):
                answers = talk.say(line(rng))
                assert b"Traceback" not in answers and str(tmp_path).encode() not in answers, talk.said
                assert b"of the machine" not in answers and b"another developer's" not in answers, talk.said
                assert b"213 19" not in answers, f"{talk.said!r} told the size of another's array"
                if b"230 Ready for new user" in answers or b"331 " in answers:
                    talk.login()
        # the next honest client is served
        with ftpd.login() as honest:
            honest.storbinary(f"STOR /up/{'ab' * 16}", io.BytesIO(BODY))
            honest.rename(f"/up/{'ab' * 16}", f"/{DIGEST}")
            assert honest.size(f"/{DIGEST}") == len(BODY), f"batch {batch}"
    found = tree(tmp_path)
    assert found.pop("secret") == b"of the machine"
    assert found.pop(f"data/{another}") == b"another developer's"
    assert found.pop(f"data/{DIGEST}") == BODY
    assert all(name.startswith("data/partial-ftp-ann-") for name in found), "uploads that were begun"
    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert not errors, errors[0].getMessage()


@pytest.mark.parametrize(
    "part", [b"US", b"USER ann\r\nPA", b"\xff\xf4\xff\xf2ABOR\r\n", b"\r\n" * 2000, b"A" * 100_000]
)
def test_half_a_line_and_then_nothing_does_no_harm(ftpd: FtpServer, part: bytes) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", ftpd.port), timeout=10) as connection:
            connection.sendall(part)
    with ftpd.login() as honest:
        assert honest.voidcmd("NOOP")


def test_data_connections_that_nobody_uses_do_no_harm(ftpd: FtpServer) -> None:
    with ftpd.login() as ftp:
        for _ in range(20):
            with socket.create_connection(ftp.makepasv(), timeout=10):
                pass
        ftp.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY))
