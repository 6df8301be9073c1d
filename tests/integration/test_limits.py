"""Too large, too many, too often, too slow: each limit refuses in words, and others are served meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bare_peers import Peer
from contributors import ScriptedContributor, hello
from door import ask, make_token
from serving import Server

import ravop as R
from ravop import engine, graph
from ravsock import gate, guards
from ravsock.config import Config
from ravspec import messages
from ravspec.subgraph import sha256


@pytest.fixture
def limited(config: Config, serve: Callable[..., Server]) -> Callable[..., Server]:
    """limited(**settings): a server with other limits, and ravop's engine on it."""
    return lambda token=None, **settings: serve(replace(config, **settings), token)


@pytest.fixture
def from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's address counts like any other."""
    monkeypatch.setattr(gate, "is_loopback", lambda address: False)
    real = guards.too_often
    monkeypatch.setattr(guards, "too_often", lambda address, buckets: real("192.0.2.1", buckets))


def is_served(server: Server) -> bool:
    return ask(server.port, "GET", "/v1/graphs")[0] == 200


# --- what graphs and developers may have --------------------------------------------------------------


def test_a_graph_has_so_many_ops(limited: Any) -> None:
    server = limited(graph_ops=10)
    R.Graph()
    x = R.t(1.0)
    for _ in range(20):
        x = x + 1
    with pytest.raises(R.LimitError, match=r"would have 21 ops.*takes 10 \(RAVSOCK_GRAPH_OPS\)"):
        x()
    assert is_served(server)


def test_a_developer_has_so_many_ops_in_graphs_that_have_not_ended(limited: Any, config: Config) -> None:
    server = limited(make_token(config, "developer", "anna"), developer_ops=15)
    for expected in (None, R.LimitError):
        R.Graph()
        x = R.t(1.0)
        for _ in range(9):
            x = x + 1
        if expected is None:
            with pytest.raises(R.Timeout):
                x(timeout=0.2)  # stored; there is nobody to compute it
        else:
            with pytest.raises(expected, match="RAVSOCK_DEVELOPER_OPS"):
                x()
    graph._graphs.clear()
    engine.current_engine().close()
    engine.initialize(make_token(config, "developer", "ben"), url=server.url)
    R.Graph()
    with pytest.raises(R.Timeout):
        (R.t(1.0) + 1)(timeout=0.2)


def test_a_developer_opens_so_many_graphs(limited: Any) -> None:
    server = limited(developer_graphs=2)
    for _ in range(2):
        assert ask(server.port, "POST", "/v1/graphs", None, b"{}")[0] == 201
    status, reply = ask(server.port, "POST", "/v1/graphs", None, b"{}")
    assert (status, reply["kind"]) == (429, "LimitError")
    assert "2 graphs of yours have not ended" in reply["message"]
    R.Graph(id=1).end()
    assert ask(server.port, "POST", "/v1/graphs", None, b"{}")[0] == 201


def test_a_graphs_values_have_so_many_bytes(limited: Any) -> None:
    limited(graph_bytes=100_000)
    R.Graph()
    with pytest.raises(R.LimitError, match="RAVSOCK_GRAPH_BYTES"):
        R.fetch(R.t(np.zeros(13_000)) + 1)


def test_arrays_count_for_the_developer_and_over_a_restart(limited: Any, config: Config) -> None:
    token = make_token(config, "developer", "anna")
    server = limited(token, developer_bytes=3_000_000)
    upload = "/v1/data/" + "ab" * 16
    assert ask(server.port, "PUT", upload, token, bytes(2_000_000))[0] == 201
    for _ in range(2):
        status, reply = ask(server.port, "PUT", upload, token, b"1" * 2_000_000)
        assert (status, reply["kind"]) == (413, "LimitError")
        assert "4,000,000 bytes" in reply["message"] and "RAVSOCK_DEVELOPER_BYTES" in reply["message"]
        server.restart()
    assert ask(server.port, "PUT", upload, make_token(config, "developer", "ben"), b"1" * 2_000_000)[0] == 201


def test_results_count_too(limited: Any, config: Config) -> None:
    server = limited(developer_bytes=1_000_000)
    one = ScriptedContributor(server.url, "c", {})
    one.join()
    try:
        R.Graph()
        assert R.zeros(100_000)().sum() == 0
        assert server.call(lambda d: d.accounts.of("").bytes) == 800_000
        with pytest.raises(R.LimitError, match="RAVSOCK_DEVELOPER_BYTES"):
            R.fetch(R.t(np.zeros(50_000)) + 1)
    finally:
        one.close()


def test_an_array_has_so_many_bytes(limited: Any) -> None:
    server = limited(upload_bytes=1000)
    status, reply = ask(server.port, "PUT", "/v1/data/" + "ab" * 16, None, bytes(1001))
    assert (status, reply["kind"]) == (413, "LimitError")
    assert ask(server.port, "PUT", "/v1/data/" + "ab" * 16, None, bytes(1000))[0] == 201


def test_a_contributor_sends_no_more_than_results_use(limited: Any, config: Config) -> None:
    token = make_token(config, "contributor")
    server = limited(make_token(config, "developer"), ftp_quota_bytes=1000)
    peer = Peer(server.url, token)
    try:
        peer.send("hello", messages.encode(hello("life", "c")))
        path = "/v1/data/" + "ab" * 16
        sent = [ask(server.port, "PUT", path, token, body * 600, Rdf_Life="life") for body in (b"1", b"2")]
    finally:
        peer.close()
    assert [status for status, _ in sent] == [201, 413]
    assert "that no result uses" in sent[1][1]["message"]


def test_a_message_of_a_contributor_has_so_many_bytes(limited: Any) -> None:
    server = limited(message_bytes=100_000)
    peer = Peer(server.url)
    try:
        peer.emit("hello", bytes(200_000))
        assert peer.dropped.wait(10)
    finally:
        peer.close()
    assert is_served(server)


# --- addresses ----------------------------------------------------------------------------------------


def test_an_address_sends_so_many_requests_and_then_waits(limited: Any, from_afar: None) -> None:
    server = limited(address_requests=2.0)
    answers = [ask(server.port, "GET", "/v1/graphs") for _ in range(20)]
    assert [status for status, _ in answers][:10] == [200] * 10
    status, reply = answers[-1]
    assert (status, reply["kind"]) == (429, "LimitError")
    assert "RAVSOCK_ADDRESS_REQUESTS" in reply["message"]


def test_an_address_has_so_many_connections(limited: Any, from_afar: None) -> None:
    server = limited(address_connections=3)
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(3)]
    over = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    with pytest.raises(ConnectionError):
        over.sendall(b"GET /v1/graphs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if over.recv(100) == b"":
            raise ConnectionError
    over.close()
    for connection in held:
        connection.close()
    deadline = time.monotonic() + 10
    while True:  # the server sees the connections go
        try:
            assert is_served(server)
            break
        except (ConnectionError, OSError):
            assert time.monotonic() < deadline


def test_this_machine_is_not_counted(limited: Any) -> None:
    server = limited(address_connections=2, address_requests=1.0)
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(10)]
    assert all(is_served(server) for _ in range(30))
    for connection in held:
        connection.close()


# --- time ---------------------------------------------------------------------------------------------

SLOW = {"idle_s": 0.5, "request_s": 0.5, "min_bps": 1000.0}


def trickle(server: Server, start: bytes, drop: bytes = b"x", every_s: float = 0.05) -> tuple[float, bytes]:
    """Send a start, then a drop now and then, until the server has had enough; (seconds, its answer)."""
    began, answer = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=every_s) as connection:
        connection.sendall(start)
        while time.monotonic() - began < 15:
            try:
                connection.sendall(drop)
                answer += (block := connection.recv(65536))
                if not block or b"\r\n\r\n" in answer:
                    break
            except TimeoutError:  # nothing to read yet: the next drop
                continue
            except ConnectionError:
                break
    return time.monotonic() - began, answer


@pytest.mark.parametrize(
    "start",
    [b"", b"GET /v1/gra", b"GET /v1/graphs HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"\x16\x03\x01"],
    ids=["nothing", "line", "headers", "tls"],
)
def test_a_head_that_never_ends_loses_its_connection(limited: Any, start: bytes) -> None:
    server = limited(**SLOW)
    seconds, _ = trickle(server, start)
    assert seconds < 10
    assert is_served(server)


@pytest.mark.parametrize(
    "line",
    [b"POST /v1/graphs/1/ops", b"PUT /v1/data/" + b"ab" * 16, b"POST /v1/graphs"],
    ids=["ops", "array", "graph"],
)
def test_a_body_that_never_ends_is_refused(limited: Any, config: Config, line: bytes) -> None:
    server = limited(**SLOW)
    ask(server.port, "POST", "/v1/graphs", None, b"{}")
    head = line + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
    seconds, answer = trickle(server, head)
    assert seconds < 14
    assert b"408" in answer.split(b"\r\n")[0]
    assert b"RAVSOCK_MIN_BPS" in answer
    assert not [path for path in config.data_dir.iterdir() if path.name.startswith("partial")]
    assert is_served(server)


def test_a_body_that_comes_at_the_least_rate_is_taken(limited: Any) -> None:
    server = limited(**SLOW)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        head = b"PUT /v1/data/" + b"ab" * 16 + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n"
        connection.sendall(head)
        for _ in range(10):  # 10,000 bytes a second, for longer than the grace
            connection.sendall(bytes(500))
            time.sleep(0.1)
        assert b"201" in connection.recv(65536).split(b"\r\n")[0]


def test_who_does_not_take_an_array_loses_its_connection(limited: Any) -> None:
    server = limited(request_s=0.5, min_bps=1e9)
    body = bytes(64 << 20)  # sending it at that rate would take a quicker machine than some
    digest = sha256(body)
    server.dispatcher.folder.write(digest, body)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"GET /v1/data/{digest} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        deadline = time.monotonic() + 10
        while server.call(lambda d: bool(server._runner.server.connections)):
            assert time.monotonic() < deadline, "the connection is still there"
    assert is_served(server)


def test_a_websocket_says_who_it_is_soon_or_goes(limited: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "HANDSHAKE_S", 0.3)
    server = limited()
    quiet = Peer(server.url, namespaces=[])
    admitted = Peer(server.url)
    assert quiet.eio_closed(5)
    assert admitted.connected and not admitted.dropped.wait(0.5)
    for peer in (quiet, admitted):
        peer.close()


def test_a_websocket_that_is_not_admitted_sends_little(limited: Any, config: Config) -> None:
    token = make_token(config, "contributor")
    server = limited(make_token(config, "developer"))
    stranger, friend = Peer(server.url, namespaces=[]), Peer(server.url, token)
    stranger.raw(bytes(gate.HANDSHAKE_BYTES + 1))
    assert stranger.eio_closed(5)
    friend.send("hello", bytes(gate.HANDSHAKE_BYTES + 1))
    assert friend.error().kind == "ProtocolError"
    assert friend.connected
    for peer in (stranger, friend):
        peer.close()


# --- memory -------------------------------------------------------------------------------------------


def test_a_contributor_never_gets_what_exceeds_its_memory(limited: Any) -> None:
    """The scheduler's work budget (ravsock/scheduler/grow.py), seen from the contributor: inputs and outputs
    of every assignment fit in half of what it reported, and what does not fit anywhere waits and says why."""
    server = limited()
    memory, seen = 10_000_000, []
    small = ScriptedContributor(server.url, "small", {}, memory_bytes=memory)
    executor, execute = small._executor, small._executor.execute
    fetch, put = executor._fetch, executor._put

    def measured(frame: bytes) -> bytes:
        """What an assignment takes: operands in the message and fetched, results in the answer and sent."""
        moved: list[int] = []
        executor._fetch = lambda digest, t: (moved.append(t.size_bytes), fetch(digest, t))[1]
        executor._put = lambda value: (moved.append(value.nbytes), put(value))[1]
        answer = execute(frame)
        seen.append(len(frame) + len(answer) + sum(moved))
        return answer

    executor.execute = measured  # type: ignore[method-assign]
    small.join()
    try:
        R.Graph()
        x = R.zeros(200_000) + 1.0  # 1.6 MB each
        parts = [x * float(i) for i in range(12)]
        assert R.fetch(parts)[3].sum() == 600_000
        assert small.received and all(0 < size <= memory / 2 for size in seen), seen
        too_big = R.zeros(2_000_000) + 1.0
        with pytest.raises(R.Timeout):
            too_big.sum()(timeout=1)
        assert "and the largest contributor, small, gives" in server.call(lambda d: d.scheduler.explain(1))
    finally:
        small.close()
