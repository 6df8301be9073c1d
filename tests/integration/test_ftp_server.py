"""ravftp as clients see it: Python's ftplib, and our own on top of it."""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import io
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ftpserver import FtpServer, transfer

from ravspec.errors import ConfigError, ServerUnreachable, TransferError
from ravspec.shapes import ArrayType

UP = "0f" * 16
BODY = bytes(range(256)) * 20_000
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def ftpd(tmp_path: Path) -> Iterator[FtpServer]:
    server = FtpServer(tmp_path / "data")
    yield server
    server.stop()
    assert not list(server.folder.glob("partial-*")), "nothing unfinished is left"


@pytest.fixture
def ann(ftpd: FtpServer) -> Iterator[ftplib.FTP]:
    ftpd.grant("ann")
    with ftpd.login() as ftp:
        yield ftp


def refused(call: object, *args: object) -> str:
    """The server's answer to what it does not do."""
    with pytest.raises(ftplib.Error) as error:
        call(*args)  # type: ignore[operator]
    return str(error.value)


def test_an_upload_becomes_an_array_by_its_sha256(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    # Given an upload, which nobody takes for an array
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY))
    assert ann.size(f"/up/{UP}") == len(BODY)
    assert ann.nlst("/up") == [UP]
    assert not (ftpd.folder / DIGEST).exists()
    # When it is renamed to its digest
    assert DIGEST in ann.rename(f"/up/{UP}", f"/{DIGEST}")
    # Then it is an array, which its sender can read
    assert (ftpd.folder / DIGEST).read_bytes() == BODY
    got = io.BytesIO()
    ann.retrbinary(f"RETR /{DIGEST}", got.write)
    assert got.getvalue() == BODY
    assert ann.nlst("/up") == [] and DIGEST in ann.nlst("/")


def test_an_upload_with_another_sha256_is_deleted(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY[:-1]))
    assert f"not {DIGEST}" in refused(ann.rename, f"/up/{UP}", f"/{DIGEST}")
    assert not list(ftpd.folder.iterdir())
    assert ann.nlst("/up") == []


def test_a_user_sees_only_what_it_may_read(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    # Given two arrays, of which ann may read one
    mine, other = ftpd.put(b"mine"), ftpd.put(b"another's")
    ftpd.call(lambda: ftpd.server.grants.allow("ann", [mine]))
    # Then the other is not even told to exist
    assert ann.nlst("/") == [mine, "up"]
    assert ann.size(f"/{mine}") == 4
    absent = "c" * 64
    for ask in (lambda path: ann.size(path), lambda path: ann.retrbinary(f"RETR {path}", print)):
        told = refused(ask, f"/{other}")
        assert told == refused(ask, f"/{absent}").replace(absent, other)
    # And what was allowed may be taken back
    ftpd.call(lambda: ftpd.server.grants.disallow("ann", [mine]))
    assert "550" in refused(ann.size, f"/{mine}")


def test_uploads_of_others_are_out_of_reach(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    ftpd.grant("bob")
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY))
    with ftpd.login("bob") as bob:
        assert bob.nlst("/up") == []
        assert "550" in refused(bob.size, f"/up/{UP}")
        assert "550" in refused(bob.rename, f"/up/{UP}", f"/{DIGEST}")
        assert "550" in refused(bob.delete, f"/up/{UP}")
        bob.storbinary(f"STOR /up/{UP}", io.BytesIO(b"bob's own, of the same name"))
    assert ann.size(f"/up/{UP}") == len(BODY)


def test_a_link_in_the_data_folder_is_not_followed(ftpd: FtpServer, ann: ftplib.FTP, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the machine")
    (ftpd.folder / DIGEST).symlink_to(secret)
    ftpd.call(lambda: ftpd.server.grants.allow("ann", [DIGEST]))
    assert "550" in refused(ann.retrbinary, f"RETR /{DIGEST}", print)


@pytest.mark.parametrize(
    "command",
    [
        "PORT 127,0,0,1,200,200", "EPRT |1|127.0.0.1|50000|", "MKD /x", "RMD /up", "STOR /x", "STOU",
        f"STOR /{DIGEST}", f"STOR /up/{DIGEST}", "STOR /up/../../x", f"APPE /{DIGEST}", "RNFR /up",
        f"DELE /{DIGEST}", "CWD /etc", "RETR /up", f"RETR /{DIGEST}", f"MFMT 20200101000000 /{DIGEST}",
        "SITE CHMOD 777 /up", "DELE /up",
    ],
)  # fmt: skip
def test_what_arrays_do_not_need_is_refused(ftpd: FtpServer, ann: ftplib.FTP, command: str) -> None:
    code = refused(ann.sendcmd, command)[:3]
    assert code in ("500", "550", "553")
    assert not list(ftpd.folder.iterdir())
    assert ann.voidcmd("NOOP").startswith("200")


@pytest.mark.parametrize("how", ["REST", "APPE"])
def test_a_broken_upload_goes_on_where_it_stopped(ftpd: FtpServer, ann: ftplib.FTP, how: str) -> None:
    # Given a part, sent over a connection that broke
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY[:1_000_000]))
    ann.close()
    # When the rest is sent by another
    with ftpd.login() as again:
        at = again.size(f"/up/{UP}")
        assert at == 1_000_000
        if how == "REST":
            again.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY[at:]), rest=at)
        else:
            again.storbinary(f"APPE /up/{UP}", io.BytesIO(BODY[at:]))
        # Then the whole is right
        again.rename(f"/up/{UP}", f"/{DIGEST}")
    assert (ftpd.folder / DIGEST).read_bytes() == BODY


def test_going_on_from_an_earlier_byte_cuts_what_was_behind_it(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY[:70_000] + b"x" * 5_000_000))
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY[70_000:]), rest=70_000)
    ann.rename(f"/up/{UP}", f"/{DIGEST}")
    assert (ftpd.folder / DIGEST).read_bytes() == BODY


def test_sending_an_upload_again_replaces_it(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(b"x" * 9_000_000))
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY))
    ann.rename(f"/up/{UP}", f"/{DIGEST}")
    assert (ftpd.folder / DIGEST).read_bytes() == BODY


def test_going_on_behind_the_end_is_refused(ann: ftplib.FTP) -> None:
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(b"1234"))
    assert "554" in refused(lambda: ann.storbinary(f"STOR /up/{UP}", io.BytesIO(b"x"), rest=5))
    assert "550" in refused(lambda: ann.storbinary(f"STOR /up/{'1' * 32}", io.BytesIO(b"x"), rest=5))


def test_the_newer_of_two_writers_wins(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    # Given a connection that has sent a part, and then stands still: its client has lost it
    ann.voidcmd("TYPE I")
    stuck = ann.transfercmd(f"STOR /up/{UP}")
    stuck.sendall(BODY[:100_000])
    with ftpd.login() as again:
        # When the client comes back
        again.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY))
        # Then what the old one sends yet does no harm
        stuck.sendall(b"more of it")
        stuck.close()
        assert "another connection" in refused(ann.voidresp)
        again.rename(f"/up/{UP}", f"/{DIGEST}")
    assert (ftpd.folder / DIGEST).read_bytes() == BODY


def test_more_than_the_quota_ends_the_transfer_and_leaves_nothing(ftpd: FtpServer) -> None:
    ftpd.grant("ann", quota_bytes=2_000_000)
    with ftpd.login() as ann:
        try:
            told = refused(ann.storbinary, f"STOR /up/{UP}", io.BytesIO(BODY))
        except ConnectionError:  # the server closed the connection before all was sent
            told = refused(ann.voidresp)
        assert told.startswith("552") and "quota is 2000000" in told
        assert ann.nlst("/up") == [] and not list(ftpd.folder.iterdir())
        # and there is room for what fits
        ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY[:1_000_000]))


def test_text_mode_is_refused_because_it_would_change_bytes(ann: ftplib.FTP) -> None:
    ann.voidcmd("TYPE A")
    assert "TYPE I" in refused(ann.sendcmd, f"STOR /up/{UP}")
    assert "TYPE I" in refused(ann.sendcmd, f"RETR /{DIGEST}")


def test_nobody_logs_in_without_a_grant(ftpd: FtpServer) -> None:
    ftpd.grant("ann")
    for user, password in (("ann", "wrong"), ("bob", "x"), ("anonymous", ""), ("root", "root")):
        assert refused(ftpd.login, user, password).startswith("530")
    with ftplib.FTP(timeout=5) as ftp:
        ftp.connect("127.0.0.1", ftpd.port)
        for command in ("LIST", "PASV", f"RETR /{DIGEST}", f"SIZE /{DIGEST}", f"STOR /up/{UP}", "STAT /"):
            assert refused(ftp.sendcmd, command).startswith("530")


def test_who_does_not_log_in_soon_is_sent_away(tmp_path: Path) -> None:
    server = FtpServer(tmp_path / "data", login_s=0.2)
    server.grant("ann")
    with ftplib.FTP(timeout=5) as nobody, server.login() as ann:
        nobody.connect("127.0.0.1", server.port)
        assert refused(nobody.getresp).startswith("421")
        nobody.close()
        assert ann.voidcmd("NOOP"), "who has logged in stays"
    server.stop()


def test_a_transfer_that_stands_still_is_ended_and_what_came_is_kept(tmp_path: Path) -> None:
    server = FtpServer(tmp_path / "data", stall_s=0.2)
    server.grant("ann")
    with server.login() as ann:
        ann.voidcmd("TYPE I")
        with ann.transfercmd(f"STOR /up/{UP}") as stuck:
            stuck.sendall(BODY[:1000])
            assert refused(ann.voidresp).startswith("421")
        ann.close()
    with server.login() as again:
        assert again.size(f"/up/{UP}") == 1000
    server.stop()


def test_a_revoked_grant_ends_connections_and_uploads(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    ann.storbinary(f"STOR /up/{UP}", io.BytesIO(BODY))
    ftpd.call(lambda: ftpd.server.revoke("ann"))
    with pytest.raises((EOFError, ConnectionError)):
        ann.voidcmd("NOOP")
    assert not list(ftpd.folder.iterdir())
    assert refused(ftpd.login).startswith("530")


def test_a_grant_ends_when_its_user_is_idle(ftpd: FtpServer) -> None:
    told: list[str] = []
    ended = threading.Event()
    ftpd.server.expired = lambda user: (told.append(user), ended.set())  # type: ignore[func-returns-value]
    ftpd.grant("ann", idle_s=0.2)
    assert ended.wait(5) and told == ["ann"]
    assert refused(ftpd.login).startswith("530")


def test_data_connections_are_where_the_settings_say(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        ports = [one.getsockname()[1] for one in taken]
    for port in ports:
        server = FtpServer(tmp_path / "data", passive_ports=(port, port), masquerade="192.0.2.7")
        server.grant("ann")
        with server.login() as ann:
            told = ann.sendcmd("PASV")
            assert f"(192,0,2,7,{port // 256},{port % 256})" in told
            assert f"|{port}|" in ann.sendcmd("EPSV")
            assert ann.nlst("/") == ["up"], "ftplib takes the server's own address"
        server.stop()


def test_a_masquerade_that_is_no_address_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no IPv4 address"):
        FtpServer(tmp_path, masquerade="no such name.invalid")


def test_an_upload_that_is_deleted_while_it_comes_is_ended(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    ann.voidcmd("TYPE I")
    with ann.transfercmd(f"STOR /up/{UP}") as stuck:
        stuck.sendall(BODY[:100_000])
        with ftpd.login() as other:
            other.delete(f"/up/{UP}")
            stuck.sendall(b"more of it")
            assert "deleted meanwhile" in refused(ann.voidresp)
            assert other.nlst("/up") == []


def test_before_an_array_is_said_not_to_be_there_the_pipe_is_read(ftpd: FtpServer, ann: ftplib.FTP) -> None:
    digest = ftpd.put(b"just allowed")
    told = ftpd.server.grants
    ftpd.server.handler.catch_up = staticmethod(lambda: told.allow("ann", [digest]))
    assert ann.size(f"/{digest}") == 12


def test_a_transfer_under_way_keeps_its_grant(ftpd: FtpServer) -> None:
    ended = threading.Event()
    ftpd.server.expired = lambda user: ended.set()
    ftpd.grant("ann", idle_s=0.3)
    with ftpd.login() as ann:
        ann.voidcmd("TYPE I")
        with ann.transfercmd(f"STOR /up/{UP}") as slow:
            assert not ended.wait(0.8), "it is not idle while bytes may come"
            slow.sendall(BODY)
        ann.voidresp()
        assert ended.wait(5)
        ann.close()


def test_leftovers_of_a_process_before_are_swept(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / f"partial-ftp-ann-{UP}").write_bytes(b"half")
    (folder / f"partial-{UP}").write_bytes(b"an upload by HTTP, under way")
    server = FtpServer(folder)
    server.stop()
    assert [f.name for f in folder.iterdir()] == [f"partial-{UP}"]


# --- our own client -------------------------------------------------------------------------------------


def test_arrays_come_back_as_they_went(ftpd: FtpServer) -> None:
    client = transfer(ftpd.grant("ann"))
    for value in (
        np.arange(600_000.0).reshape(3, -1),
        np.array([True, False]),
        np.zeros((2, 0)),
        np.array(3 + 4j),
    ):
        digest = client.put(value)
        back = client.get(digest, ArrayType(value.shape, value.dtype))
        assert back.dtype == value.dtype and np.array_equal(back, value)
    client.close()


def test_an_array_of_another_size_or_none_is_an_error(ftpd: FtpServer) -> None:
    client = transfer(ftpd.grant("ann"))
    digest = client.put(np.zeros(1000))
    for n in (999, 1001):
        with pytest.raises(TransferError, match=f"not {8 * n}|more than {8 * n}"):
            client.get(digest, ArrayType((n,), np.dtype(float)))
    with pytest.raises(TransferError, match="may read"):
        client.get("a" * 64, ArrayType((1,), np.dtype(float)))
    client.close()


def test_a_file_that_was_changed_at_the_server_is_noticed(ftpd: FtpServer) -> None:
    client = transfer(ftpd.grant("ann"))
    digest = client.put(np.zeros(1000))
    with open(ftpd.folder / digest, "r+b") as file:
        file.write(b"x")
    with pytest.raises(TransferError, match="other bytes"):
        client.get(digest, ArrayType((1000,), np.dtype(float)))
    client.close()


def test_a_closed_port_is_said_at_once_without_patience(ftpd: FtpServer) -> None:
    account = ftpd.grant("ann")
    client = transfer(type(account)("127.0.0.1", 1, "ann", "x"))
    with pytest.raises(ServerUnreachable, match="cannot be reached"):
        client.put(np.zeros(10))


def test_the_disk_is_full(ftpd: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = transfer(ftpd.grant("ann"))
    real, room = os.write, 3_000_000

    def write(file: int, block: memoryview) -> int:
        nonlocal room
        if len(block) < 100:
            return real(file, block)  # the loop's own wake-ups
        if not room:
            raise OSError(28, "No space left on device")
        n = real(file, block[:room])
        room -= n
        return n

    monkeypatch.setattr("os.write", write)
    with pytest.raises(TransferError, match="No space left on device"):
        client.put(np.zeros(1_000_000))
    assert not list(ftpd.folder.iterdir())
    room = 1 << 40
    client.put(np.zeros(1_000_000))
    client.close()
