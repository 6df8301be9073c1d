"""ravftp as ravsock's child: arrays go by it, its accounts follow what may be read, and it may die."""

from __future__ import annotations

import contextlib
import dataclasses
import ftplib
import hashlib
import json
import logging
import os
import resource
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from contributors import ScriptedContributor, changed, silent
from door import make_token

import ravop as R
from ravftp.client import Account, account_from
from ravop import engine
from ravsock.config import Config
from ravspec import messages
from ravspec.shapes import ArrayType

#: elements of an array that travels by itself
N = 300_000


@pytest.fixture
def config(tmp_path: Path) -> Config:
    data = tmp_path / "data"
    return Config(database=f"sqlite:///{tmp_path}/rdf.db", data_dir=data, port=0, lease_s=2.0, ftp_port=0)


@pytest.fixture
def over_http(server: Any) -> list[str]:
    """The arrays that were sent over HTTP, though FTP is there."""
    went: list[str] = []
    receive = server.dispatcher.folder.receive

    async def noted(*args: Any, **more: Any) -> Any:
        went.append("PUT")
        return await receive(*args, **more)

    server.dispatcher.folder.receive = noted
    return went


def until(condition: Callable[[], Any], what: str) -> Any:
    """The first true answer."""
    give_up_at = time.monotonic() + 20
    while not (answer := condition()):
        assert time.monotonic() < give_up_at, what
        time.sleep(0.01)
    return answer


def post_transfer(server: Any, token: str = "") -> Account | None:
    """What a developer is given."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"{server.url}/v1/transfer", b"", headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        return account_from(json.load(response)["ftp"], server.url)


@contextlib.contextmanager
def login(account: Account | None) -> Iterator[ftplib.FTP]:
    assert account is not None
    with ftplib.FTP(timeout=10) as ftp:
        ftp.connect(account.host, account.port)
        ftp.login(account.user, account.password)
        yield ftp


def is_refused(account: Account) -> bool:
    try:
        with login(account):
            return False
    except ftplib.error_perm as error:
        return str(error).startswith("530")


def test_large_operands_and_results_go_by_ftp(
    contributor: Callable[..., ScriptedContributor], g: R.Graph, over_http: list[str]
) -> None:
    one = contributor("c", kind="ftp")
    a = np.random.default_rng(0).random(N)
    assert np.array_equal((R.t(a) * 2)(), a * 2)
    assert one.said == [] and over_http == []


def test_without_ftp_arrays_go_by_http_and_it_is_said_once(
    config: Config, serve: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(dataclasses.replace(config, ftp=False))
    one = ScriptedContributor(server.url, "c", {})
    one.join()
    with caplog.at_level(logging.WARNING, logger="ravop"), R.Graph():
        a = np.random.default_rng(0).random(N)
        assert np.array_equal((R.t(a) * 2)(), a * 2)
        assert np.array_equal((R.t(a + 1) * 2)(), (a + 1) * 2)
    told = [r.getMessage() for r in caplog.records if "HTTP" in r.getMessage()]
    assert told == ["arrays go by HTTP: the server has no FTP"]
    assert one.said == told
    one.close()


def test_a_life_reads_the_operands_of_its_assignments_only_while_they_are_live(
    server: Any, contributor: Callable[..., ScriptedContributor], g: R.Graph
) -> None:
    # Given an assignment with a large operand, which a contributor keeps to itself
    one = contributor("c", {0: silent})
    a = np.random.default_rng(0).random(N)
    other = R.t(a + 1)
    y = R.t(a) * 2
    with pytest.raises(R.Timeout):
        y(timeout=0.5)
    assert other.graph is g
    assert one.assigned.wait(10)
    (digest,) = one.received[0].stored.values()
    # Then its account shows that array, beside what it has sent itself, and no other
    with login(one.account) as ftp:
        shown = set(ftp.nlst("/"))
        assert digest in shown and hashlib.sha256(a + 1).hexdigest() not in shown
    # And when the assignment is taken back, that one no longer
    number = one.received[0].assignment
    live = server.dispatcher.live[number]
    server.call(lambda d: d.access.give_back(live.life, number))
    with login(one.account) as ftp:
        assert set(ftp.nlst("/")) == shown - {digest}


def test_the_account_of_a_life_ends_with_it(contributor: Callable[..., ScriptedContributor]) -> None:
    one = contributor("c")
    assert one.account is not None and not is_refused(one.account)
    one.send("bye", messages.Bye(one.life))
    until(lambda: is_refused(one.account), "the account ends")


def test_each_life_has_an_account_of_its_own_and_keeps_it(
    contributor: Callable[..., ScriptedContributor],
) -> None:
    one, two = contributor("one"), contributor("two")
    assert one.account is not None and two.account is not None
    assert one.account.user != two.account.user and one.account.password != two.account.password
    before = one.account
    one._joined.clear()
    one.close()
    again = ScriptedContributor(one._url, "one", {})
    again.life, again.hello = one.life, one.hello
    again.join()
    assert again.account == before
    again.close()


def test_a_result_may_name_what_its_life_sent_by_ftp_and_nothing_else(
    server: Any, contributor: Callable[..., ScriptedContributor], g: R.Graph
) -> None:
    contributor("liar", {0: changed(stored={0: "0" * 64})})
    contributor("honest")
    a = np.random.default_rng(0).random(N)
    assert np.array_equal((R.t(a) + 1)(), a + 1)


def test_developers_read_their_own_by_ftp_and_not_each_other_s(
    config: Config, serve: Callable[..., Any]
) -> None:
    # Given two developers, of whom one has an account before her graph has any array, and another after
    anna, ben = (make_token(config, "developer", name) for name in ("anna", "ben"))
    server = serve(config, anna)
    one = ScriptedContributor(server.url, "c", {}, token=make_token(config, "contributor", "c"), kind="ftp")
    one.join()
    before = post_transfer(server, anna)
    with R.Graph():
        a = np.random.default_rng(0).random(N)
        assert np.array_equal((R.t(a) * 2)(), a * 2)
    sent = {f.name for f in config.data_dir.iterdir()}
    assert len(sent) == 2, "an operand and a result"
    # Then both accounts show what is hers, and the other developer's nothing
    for account in (before, post_transfer(server, anna)):
        with login(account) as ftp:
            assert set(ftp.nlst("/")) == {*sent, "up"}
    with login(post_transfer(server, ben)) as ftp:
        assert ftp.nlst("/") == ["up"]
        for digest in sent:
            with pytest.raises(ftplib.error_perm, match="550"):
                ftp.size(f"/{digest}")
    one.close()


def test_a_developer_may_send_by_ftp_as_much_as_is_left_to_it(
    config: Config, serve: Callable[..., Any]
) -> None:
    # Given a developer who may have two arrays and a half
    size = 8 * N
    serve(dataclasses.replace(config, developer_bytes=5 * size // 2), make_token(config, "developer", "anna"))
    client: Any = engine.current_engine()
    for seed in range(2):
        client.put(np.random.default_rng(seed).random(N))
    # Then the third is refused, by the account of before and by a new one
    for _ in range(2):
        with pytest.raises(R.TransferError, match=f"552.*{size // 2}"):
            client.put(np.random.default_rng(2).random(N))
        client._transfer.close()
        client._transfer._ftp = None
    assert len(list(config.data_dir.iterdir())) == 2


def test_what_results_use_counts_no_longer_against_a_life_s_quota(
    config: Config, serve: Callable[..., Any]
) -> None:
    # Given lives that may have two arrays and a half that nobody uses
    server = serve(dataclasses.replace(config, ftp_quota_bytes=5 * 8 * N // 2))
    one = ScriptedContributor(server.url, "c", {}, kind="ftp")
    one.join()
    # When one sends more than that, result by result
    with R.Graph():
        a = np.random.default_rng(0).random(N)
        x = R.t(a)
        for k in range(2, 6):
            assert np.array_equal((x * k)(timeout=20), a * k)
    # Then it was never refused
    assert len(one.received) == 4
    one.close()


def test_a_child_that_is_killed_is_replaced_with_the_same_accounts(
    server: Any, contributor: Callable[..., ScriptedContributor], g: R.Graph, over_http: list[str]
) -> None:
    # Given a life and a developer that have used their accounts
    one = contributor("c", kind="ftp")
    one.transfer.patience_s = 20
    a = np.random.default_rng(0).random(N)
    assert np.array_equal((R.t(a) * 2)(), a * 2)
    # When the child is killed
    first = server.dispatcher.ftp.pid
    os.kill(first, signal.SIGKILL)
    # Then another takes its place, on the same port, and the same accounts go on
    until(lambda: server.dispatcher.ftp.pid not in (None, first), "there is another child")
    until(lambda: server.call(lambda d: d.ftp.for_life(one.life)), "it serves")
    assert one.account is not None and not is_refused(one.account)
    assert np.array_equal((R.t(a + 1) * 2)(), (a + 1) * 2)
    assert over_http == []


def test_no_child_is_left_when_the_server_stops(config: Config, serve: Callable[..., Any]) -> None:
    server = serve(config)
    child = psutil.Process(server.dispatcher.ftp.pid)
    server.restart()
    assert not child.is_running()
    assert server.dispatcher.ftp.pid != child.pid


def test_a_busy_port_leaves_the_server_with_http(
    config: Config, serve: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = serve(dataclasses.replace(config, ftp_port=port))
        assert post_transfer(server) is None
    told = [r.getMessage() for r in caplog.records if "no_ftp" in r.getMessage()]
    assert len(told) == 1 and str(port) in told[0]


def test_an_account_that_was_not_used_ends_and_another_is_asked_for(
    config: Config, serve: Callable[..., Any]
) -> None:
    server = serve(dataclasses.replace(config, ftp_idle_s=0.3))
    client: Any = engine.current_engine()
    a = np.random.default_rng(0).random(N)
    digest = client.put(a)
    account = client._transfer._ftp.account
    until(lambda: account.user not in server.dispatcher.ftp._accounts, "the account ends")
    assert is_refused(account)
    assert np.array_equal(client.get(digest, ArrayType(a.shape, a.dtype)), a)
    assert client._transfer._ftp.account != account


def test_a_disk_that_is_full_is_said_and_the_graph_goes_on_when_there_is_room(
    server: Any, contributor: Callable[..., ScriptedContributor], g: R.Graph
) -> None:
    # Given a server whose files may not grow beyond a part of the result
    one = contributor("c", kind="ftp")
    x = R.t(np.arange(N)) * 2.5
    child, limit = server.dispatcher.ftp.pid, resource.RLIMIT_FSIZE
    resource.prlimit(child, limit, (1_500_000, resource.RLIM_INFINITY))
    # When the result is wanted
    with pytest.raises(R.Timeout):
        x(timeout=2)
    # Then the graph says what it waits for, and nothing half is left
    assert "File too large" in g._info()["waits_for"], g._info()
    assert len(list(server.config.data_dir.iterdir())) == 1, "the operand"
    # And a developer who sends something is told at once
    with pytest.raises(R.TransferError, match="File too large"):
        R.t(np.random.default_rng(0).random(N))
    # And it goes on once there is room, though it was refused more often than an op may be
    until(lambda: len(one.received) > 3, "it was tried again and again")
    resource.prlimit(child, limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert np.array_equal(x(), np.arange(N) * 2.5)
    assert "cannot be stored" not in g._info()["waits_for"]
