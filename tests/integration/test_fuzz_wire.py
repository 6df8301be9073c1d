"""Wrong messages, ranges and noise on real connections: words for the sender, and the next one is served."""

from __future__ import annotations

import http.client
import json
import logging
import os
import random
import secrets
import socket
import urllib.parse
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bare_peers import Peer
from contributors import ScriptedContributor, hello
from door import ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutants
from test_fuzz_messages import frame_of, submission

import ravop as R
from ravspec import messages
from ravspec.codec import DTYPES, pack

#: wrong messages of each kind; RDF_FUZZ=20 makes twenty times as many
CASES = 150 * int(os.environ.get("RDF_FUZZ", "1"))


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing goes wrong inside the server: no error that nobody expected is logged."""
    caplog.set_level(logging.ERROR)
    yield
    wrong = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not wrong, [record.getMessage() for record in wrong]


@pytest.fixture
def honest(server: Any, quiet: None) -> Iterator[None]:
    """After everything the server computes for the next honest client as if nothing had been."""
    yield
    one = ScriptedContributor(server.url, "honest", {})
    one.join()
    try:
        R.Graph()
        assert (R.t([1, 2]) + 1)(timeout=20).tolist() == [2, 3]
    finally:
        one.close()


class Sender:
    """Requests on one connection, opened anew when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        for _ in range(2):
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (ConnectionError, http.client.HTTPException):
                self._connection.close()
        raise AssertionError("the server does not answer")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def sender(server: Any) -> Iterator[Sender]:
    sender = Sender(server.port)
    yield sender
    sender.close()


def is_words(status: int, body: bytes) -> bool:
    """An answer that a peer can read, with nothing of the server's insides."""
    assert b"Traceback" not in body and b'File "' not in body, body[:500]
    if status >= 400:
        assert status in (400, 404, 413, 429), (status, body[:300])
        reply = json.loads(body)
        assert reply["message"] and reply["kind"]
    return True


def test_wrong_submissions_over_http(honest: None, sender: Sender) -> None:
    right = submission()
    seen = set()
    for i, wrong in enumerate(mutants(right, 4 * CASES, 11)):
        if i % 20 == 0:
            graph = json.loads(sender.send("POST", "/v1/graphs", b"{}")[1])["id"]
        try:  # one that asks to wait would be waited for: nobody computes
            message, _ = messages.decode(wrong, messages.FromDeveloper)
            if message.wait:
                continue
        except messages.ProtocolError:
            pass
        status, body = sender.send("POST", f"/v1/graphs/{graph}/ops", wrong)
        assert is_words(status, body)
        seen.add(status)
    assert {200, 400} <= seen


@pytest.mark.parametrize("body", [b"{}", b'{"name": "x", "developer": "y"}'])
def test_wrong_graphs_over_http(honest: None, sender: Sender, body: bytes) -> None:
    chance = random.Random(12)
    for _ in range(CASES):
        wrong = bytearray(body * chance.choice((1, 1, 3)))
        for _ in range(chance.randrange(4)):
            wrong[chance.randrange(len(wrong))] = chance.randrange(256)
        assert is_words(*sender.send("POST", "/v1/graphs", bytes(wrong)))
    assert is_words(*sender.send("POST", "/v1/graphs", b"[" * 60_000))
    assert is_words(*sender.send("POST", "/v1/graphs", b"x" * 70_000))


@pytest.mark.parametrize("event", ["hello", "heartbeat", "result", "refuse", "crash", "bye", "watch"])
def test_wrong_messages_of_contributors(honest: None, server: Any, event: str) -> None:
    peer, refused = Peer(server.url), 0
    try:
        peer.send("hello", messages.encode(hello("life", "name")))
        for i, wrong in enumerate(mutants(frame_of(event), CASES, 13)):
            if not peer.connected or i % 40 == 39:
                peer.close()
                peer = Peer(server.url)
                peer.send("hello", messages.encode(hello("life", "name")))
            answer = peer.send(event, wrong, lenient=True)
            assert answer in (None, "taken", "refused")
            refused += answer == "refused"
            assert all("Traceback" not in error.message for error in peer.errors)
        assert refused > CASES / 2
    finally:
        peer.close()


def test_events_of_odd_forms(honest: None, server: Any) -> None:
    peer = Peer(server.url)
    try:
        for event in ("hello", "result", "nothing", "", "x" * 1000, "connect", "error", "message", "\x00"):
            for parts in ((), (1,), (b"a", b"b"), ({"a": [b"x"]},), ([],), (None,), ("text" * 1000,)):
                if not peer.connected:
                    peer.close()
                    peer = Peer(server.url)
                assert peer.send(event, *parts, lenient=True, timeout=2) in (None, "refused")
    finally:
        peer.close()


@pytest.mark.parametrize(
    "noise",
    [
        "", "x", "4", "42", "42[", '42["hello"', "42[]", "42{}", '42["hello",{"_placeholder":true,"num":0}]',
        '451-["hello",{"_placeholder":true,"num":9}]', '45999999999-["hello"]', "4" * 5000, "40/other,", "41",
        "44{}", "42" + "[" * 3000, '46["x"]', "49", "1", "2", "3probe", "5", "6", "9", "\x00\x01",
        "42" + "9" * 5000 + "[]", b"", b"\x00" * 100, b"RDF1" * 100,
    ],
    ids=repr,
)  # fmt: skip
def test_noise_on_a_websocket(server: Any, noise: str | bytes) -> None:
    """The libraries below may log what they make of it; the server goes on."""
    peer = Peer(server.url)
    peer.raw(noise)
    peer.raw(noise)
    peer.close()
    assert ask(server.port, "GET", "/v1/graphs")[0] == 200
    friend = Peer(server.url)
    assert friend.connected
    friend.close()


HOST, CHUNKED = b"\r\nHost: localhost\r\n", b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 200,
        (b"GET / HTTP/1.1" + HOST) * 50,
        b"POST /v1/graphs HTTP/1.1" + HOST + b"Content-Length: -1\r\n\r\n",
        b"POST /v1/graphs HTTP/1.1" + HOST + b"Content-Length: 5\r\n" + CHUNKED + b"0\r\n\r\n",
        b"POST /v1/graphs HTTP/1.1" + HOST + CHUNKED + b"ffffffffffffffff\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1" + HOST + b"\r\n",
        b"GET / HTTP/1.1" + HOST + b"X: y\r\n" * 5000 + b"\r\n",
        b"GET /v1/graphs/%ff%fe HTTP/1.1" + HOST + b"\r\n",
        b"PUT /v1/data/" + b"ab" * 16 + b" HTTP/1.1" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n",
    ],
)  # fmt: skip
def test_noise_on_a_connection(honest: None, server: Any, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while block := connection.recv(65536):
                answer += block
        except ConnectionError:
            pass
    assert b"Traceback" not in answer and b'File "' not in answer
    assert answer == b"" or answer.split()[1][:1] in (b"2", b"4")


# --- arrays and ranges --------------------------------------------------------------------------------

PAYLOAD = bytes(range(256)) * 40

odd_numbers = st.one_of(st.integers(-(2**70), 2**70), st.integers(-5, len(PAYLOAD) + 5))
ranges = st.one_of(
    st.text(max_size=40).map(lambda text: f"bytes={text}"),
    st.builds("bytes={}-{}".format, odd_numbers, odd_numbers),
    st.builds("bytes={}-".format, odd_numbers),
    st.builds("bytes=-{}".format, odd_numbers),
    st.lists(st.builds("{}-{}".format, odd_numbers, odd_numbers), max_size=5).map(
        lambda many: "bytes=" + ",".join(many)
    ),
    st.text(max_size=40),
)


def test_ranges_of_an_array_give_its_bytes_and_no_others(honest: None, server: Any, sender: Sender) -> None:
    digest = json.loads(sender.send("PUT", "/v1/data/" + "ab" * 16, PAYLOAD)[1])["sha256"]

    @settings(max_examples=4 * CASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ranges)
    def check(text: str) -> None:
        try:
            value = text.encode("latin-1")
        except UnicodeEncodeError:
            value = text.encode()
        if any(sign in value for sign in (b"\r", b"\n", b"\0")):
            return  # http.client does not send such a header
        status, body = sender.send("GET", f"/v1/data/{digest}", Range=value.decode("latin-1"))
        assert status in (200, 206, 400, 416), (value, status)
        if status == 200:
            assert body == PAYLOAD
        elif status == 206:
            assert 0 < len(body) <= len(PAYLOAD)
            assert body in PAYLOAD
        else:
            assert b"Traceback" not in body

    check()


PARTS = [
    "..",
    ".",
    "",
    "%2e%2e",
    "%2f",
    "..%2f..%2f",
    "%00",
    "~",
    "partial-",
    "a" * 64,
    "A" * 64,
    "é",
    "\\",
    "rdf.db",
]


def test_no_path_leads_out_of_the_data_folder(honest: None, server: Any, config: Any, sender: Sender) -> None:
    secret = config.data_dir.parent / ("b" * 64)
    secret.write_text("SECRET")
    (config.data_dir / "partial-x").write_text("SECRET")
    chance = random.Random(14)
    for _ in range(4 * CASES):
        path = "/v1/data/" + "/".join(
            chance.choice([*PARTS, "b" * 64]) for _ in range(chance.randrange(1, 6))
        )
        method = chance.choice(("GET", "HEAD", "PUT"))
        path = urllib.parse.quote(path, safe="/%\\~")
        status, body = sender.send(method, path, b"x" if method == "PUT" else b"")
        assert status >= 400 and b"SECRET" not in body, path
    assert secret.read_text() == "SECRET"


def test_arrays_of_odd_types_are_refused_and_nan_payloads_kept(
    honest: None, server: Any, sender: Sender
) -> None:
    header = [
        ["object", [2]], ["O", [2]], ["float64", [2**31, 2**31]], ["float64", [-1]], ["float64", [2**70]],
        ["float64", [1.5]], ["float64", "x"], ["float64", [[2]]], ["float64", [0] * 100], ["<f8", [2]],
        ["f8", [2]], ["float64,int32", [2]], ["V8", [2]], ["datetime64[s]", [2]], ["str", [2]], ["", [2]],
        [None, [2]], "float64", [], ["float64"], ["float64", [2], 3], ["float128", [2]], ["bool", [True]],
        ["float64", None],
    ]  # fmt: skip
    frame = submission()
    message, buffers = messages.decode(frame, messages.FromDeveloper)
    for odd in header:
        graph = json.loads(sender.send("POST", "/v1/graphs", b"{}")[1])["id"]
        tree = json.loads(messages._encoder.encode(message))
        tree["types"][0] = odd
        status, body = sender.send(
            "POST", f"/v1/graphs/{graph}/ops", pack(json.dumps(tree).encode(), buffers)
        )
        assert status == 400 and is_words(status, body), (odd, status, body)
    for dtype in ("float32", "float64", "complex128"):
        bits = np.frombuffer(secrets.token_bytes(64 * 16), DTYPES[dtype]).copy()
        words = bits.view(f"u{bits.real.itemsize}")
        words[::2] |= np.iinfo(words.dtype).max >> 1  # all of these are NaNs, each with bits of its own
        R.Graph()
        back = R.t(bits)()
        assert back.tobytes() == bits.tobytes()
