"""Connections that break in the middle of a transfer cost time, and nothing else."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contributors import ScriptedContributor
from ftpserver import FtpServer, transfer
from proxy import Cutter

import ravop as R
from ravftp.client import Transfer
from ravftp.ftp import FtpWay, Lost
from ravop import engine
from ravsock.config import Config
from ravspec.errors import TransferError
from ravspec.shapes import ArrayType

VALUE = np.random.default_rng(0).random(2_000_000)
TYPE = ArrayType(VALUE.shape, VALUE.dtype)


@pytest.fixture
def cutter() -> Iterator[Callable[..., Cutter]]:
    made: list[Cutter] = []

    def make(*args: Any, **more: Any) -> Cutter:
        made.append(Cutter(*args, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def ftpd(tmp_path: Path) -> Iterator[FtpServer]:
    server = FtpServer(tmp_path / "ftp")
    yield server
    server.stop()


def test_by_ftp_both_ways_go_on_where_they_stopped(ftpd: FtpServer, cutter: Callable[..., Cutter]) -> None:
    # Given a proxy that drops the first connections that move 5 of 16 MB
    account = ftpd.grant("ann")
    for way in ("up", "down"):
        proxy = cutter(ftpd.port, 5_000_000, cuts=2, ftp=True)
        client = transfer(dataclasses.replace(account, port=proxy.port), patience_s=20)
        if way == "up":
            digest = client.put(VALUE)
        else:
            assert np.array_equal(client.get(digest, TYPE), VALUE)
        client.close()
        # Then the array is whole, and hardly a byte went twice (what was under way went)
        assert proxy.cuts == 2
        assert proxy.moved < 1.6 * VALUE.nbytes


def test_by_http_a_download_goes_on_and_an_upload_begins_anew(
    server: Any, cutter: Callable[..., Cutter]
) -> None:
    up = cutter(server.port, 5_000_000, cuts=2)
    client = Transfer(f"http://127.0.0.1:{up.port}", patience_s=20, met=True)
    digest = client.put(VALUE)
    assert up.cuts == 2
    down = cutter(server.port, 5_000_000, cuts=2)
    client = Transfer(f"http://127.0.0.1:{down.port}", patience_s=20, met=True)
    assert np.array_equal(client.get(digest, TYPE), VALUE)
    assert down.cuts == 2
    assert down.moved < 1.5 * VALUE.nbytes  # anew each time it would be 1.6, on the way are a few blocks


def test_a_server_that_does_not_come_back_is_given_up(ftpd: FtpServer, cutter: Callable[..., Cutter]) -> None:
    proxy = cutter(ftpd.port, 3_000_000, cuts=1000, ftp=True)
    client = transfer(dataclasses.replace(ftpd.grant("ann"), port=proxy.port), patience_s=0.0)
    with pytest.raises(Lost, match=r"lost while an array was moving|before the connection broke"):
        client.put(VALUE)
    assert proxy.cuts == 1


def test_an_upload_whose_last_answer_was_lost_is_not_sent_again(
    ftpd: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a server that dies right after it has stored the array
    account = ftpd.grant("ann")
    client = transfer(account, patience_s=20)
    stored, lost = ftpd.server.handler.stored, threading.Event()

    def lose_the_answer(user: str, digest: str, size: int, answer: Callable[[str], None]) -> None:
        ftpd.server.handler.stored = staticmethod(stored)
        for session in list(ftpd.server._sessions[user]):
            session.close()
        lost.set()

    ftpd.server.handler.stored = staticmethod(lose_the_answer)
    # When the client comes back
    digest = client.put(VALUE)
    # Then it finds it there
    assert lost.is_set()
    assert np.array_equal(client.get(digest, TYPE), VALUE)
    client.close()


def test_an_upload_that_looked_ended_to_the_server_goes_on(
    ftpd: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a connection that ends in order after one half, as when a proxy in the middle closes it
    store, halves = FtpWay._store, [VALUE.nbytes // 2]

    def half(way: FtpWay, ftp: Any, path: str, sending: Any, at: int) -> None:
        whole = sending.body
        sending.body = whole[: halves.pop()] if halves else whole
        store(way, ftp, path, sending, at)
        sending.body = whole

    monkeypatch.setattr(FtpWay, "_store", half)
    client = transfer(ftpd.grant("ann"), patience_s=20)
    # Then the other half follows, and the array is whole
    assert np.array_equal(client.get(client.put(VALUE), TYPE), VALUE)
    client.close()


def test_a_value_that_does_not_fit_is_told_and_not_tried_again(ftpd: FtpServer) -> None:
    client = transfer(ftpd.grant("ann", quota_bytes=1_000_000), patience_s=20)
    with pytest.raises(TransferError, match="quota is 1000000"):
        client.put(VALUE)
    client.close()


@pytest.mark.parametrize("closed", ["control", "data"])
def test_closed_ports_are_said_once_and_http_goes(
    server: Any, ftpd: FtpServer, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    account = ftpd.grant("ann")
    if closed == "control":
        account = dataclasses.replace(account, port=1)
    else:
        monkeypatch.setattr("ftplib.FTP.makepasv", lambda ftp: ("127.0.0.1", 1))
    client = Transfer(server.url, kind="auto", grant=lambda: account, say=said.append)
    for _ in range(2):
        assert np.array_equal(client.get(client.put(VALUE), TYPE), VALUE)
        client._no_ftp_until = 0.0  # as if so much time had passed that FTP is tried again
    assert len(said) == 1 and "arrays go by HTTP" in said[0] and "cannot be reached" in said[0]
    client.close()


@pytest.mark.parametrize("kind", ["ftp", "http"])
def test_a_graph_over_connections_that_break_has_the_same_values(
    config: Config, serve: Callable[..., Any], cutter: Callable[..., Cutter], kind: Any
) -> None:
    # Given a developer and a contributor, all of whose large arrays go through proxies that cut
    server = serve(dataclasses.replace(config, ftp=True, ftp_port=0, lease_s=10.0))
    ftp = cutter(server.dispatcher.ftp._port, 5_000_000, cuts=3, ftp=True)
    http = cutter(server.port, 5_000_000, cuts=3)
    server.dispatcher.ftp._port = ftp.port
    one = ScriptedContributor(server.url, "c", {}, kind=kind)
    one.transfer = Transfer(
        f"http://127.0.0.1:{http.port}", life=one.life, kind=kind, grant=lambda: one.account, met=True
    )
    one.transfer.patience_s = 20
    one._executor._fetch, one._executor._put = one.transfer.get, one.transfer.put
    one.join()
    client: Any = engine.current_engine()
    client._transfer = Transfer(
        f"http://127.0.0.1:{http.port}", kind=kind, grant=client._granting(), patience_s=20, met=True
    )
    # When a graph moves arrays there and back
    with R.Graph():
        x, y = R.t(VALUE), R.t(VALUE[::-1].copy())
        got = (x * y)()
    # Then only time was lost
    assert np.array_equal(got, VALUE * VALUE[::-1])
    assert (ftp if kind == "ftp" else http).cuts == 3
    assert len(one.received) == 1, "the assignment was tried once"
    client._transfer.close()
    one.close()
