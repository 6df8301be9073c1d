"""Bad input: a clear error for the one who caused it, nothing stored in half, and the server goes on."""

from __future__ import annotations

import http.client
import json
import secrets
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contributors import hello

import ravop as R
from ravop.record import Recorder
from ravop.waiting import Question, request
from ravsock.app import make_app
from ravsock.config import Config
from ravspec import messages
from ravspec.codec import pack
from ravspec.errors import ConfigError
from ravspec.ops import OPS
from ravspec.shapes import ArrayType
from tests.databases import only_sqlite


def send(server: Any, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    """One raw request; (status, JSON or bytes)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


@pytest.fixture
def graph_id(server: Any) -> int:
    return int(send(server, "POST", "/v1/graphs", b"{}")[1]["id"])


@pytest.fixture
def good_frame() -> bytes:
    """A batch of two sources and their sum."""
    return frame()


def frame(**changes: Any) -> bytes:
    """The same with some header fields changed."""
    record = Recorder()
    x = record.type_number(ArrayType((3,), np.dtype(np.int64)))
    params = {"shape": (3,), "dtype": "int64"}
    for _ in range(2):
        record.add(OPS["data"], (), params, tuple(params.items()))
        record.give_value(np.arange(3).tobytes())
    record.add(OPS["add"], ((0, 0, x), (1, 0, x)), {})
    message, buffers = request(record.take_batch(), Question([2], wait=False))
    buffers = list(buffers)
    for position, buffer in changes.pop("buffers", {}).items():
        buffers[position] = buffer
    return messages.encode(messages.replace(message, **changes), buffers)


def assert_unharmed(server: Any, graph: int, good: bytes) -> None:
    """Nothing of the bad message stayed, and the right one is taken."""
    assert send(server, "GET", f"/v1/graphs/{graph}")[1]["total_ops"] == 0
    status, _ = send(server, "POST", f"/v1/graphs/{graph}/ops", good)
    assert status == 200
    assert send(server, "GET", f"/v1/graphs/{graph}")[1]["total_ops"] == 3


@pytest.mark.parametrize(
    ("bad", "kind", "says"),
    [
        (b"", "ProtocolError", "at least"),
        (b"GET / HTTP/1.1\r\n\r\n" * 3, "ProtocolError", "not an RDF frame"),
        (frame()[:-8], "ProtocolError", "the frame says"),
        (frame() + b"x", "ProtocolError", "the frame says"),
        (frame()[:4] + b"\x09\x00" + frame()[6:], "ProtocolError", "version 9"),
        (pack(b'{"type":"submit"'), "ProtocolError", "cannot be read"),
        (pack(b'{"type":"hello"}'), "ProtocolError", "cannot be read"),
        (pack(b'{"type":"submit","first_op":0,"first":[0,0,0,0]}'), "ProtocolError", "buffers"),
        (frame(first_op=5), "ProtocolError", "goes on from there"),
        (frame(first=[1, 0, 0, 0]), "ProtocolError", "goes on from there"),
        (frame(kinds=[("data", {"shape": [3], "dtype": "int64"}), ("ad", {})]), "UnknownOp", "did you mean"),
        (
            frame(kinds=[("data", {"shape": [3], "dtype": "int64"}), ("add", {"axis": 1})]),
            "ParamError",
            "no param",
        ),
        (
            frame(kinds=[("data", {"shape": [3], "dtype": "object"}), ("add", {})]),
            "DTypeError",
            "cannot travel",
        ),
        (
            frame(kinds=[("data", {"shape": 3, "dtype": "int64"}), ("add", {})]),
            "ParamError",
            "canonical",
        ),
        (frame(types=[("int64", [4])]), "ProtocolError", "gives int64"),
        (frame(types=[("int64", [-3])]), "ProtocolError", "not a shape"),
        (frame(types=[("int64", [2**60])]), "ProtocolError", "not a shape"),
        (frame(types=[]), "ProtocolError", "type 0; there are 0"),
        (frame(buffers={0: b"\x07\x00\x00\x00" * 3}), "ProtocolError", "kind 7"),
        (frame(buffers={0: b"\x00\x00\x00\x00" * 2}), "ProtocolError", "lengths"),
        (frame(buffers={3: b"\x00\x00\x00\x00\x05\x00\x00\x00"}), "ProtocolError", "come before it"),
        (frame(buffers={3: b"\xff\xff\xff\xff\x00\x00\x00\x00"}), "ProtocolError", "literal 0"),
        (frame(buffers={4: b"\x00\x00\x09\x00"}), "ProtocolError", "output 9"),
        (frame(buffers={7: b"12345678"}), "ProtocolError", "48 bytes"),
        (frame(buffers={8: b"\x07\x00\x00\x00"}), "GraphError", "op 7"),
        (frame(stored={0: "ab"}), "TransferError", "SHA-256"),
        (frame(stored={0: "ab" * 32}, buffers={7: bytes(24)}), "TransferError", "not sent to this server"),
        (frame(persist={"x": 17}), "GraphError", "op 17"),
    ],
)
def test_a_bad_batch_is_refused_in_words_and_leaves_nothing(
    server: Any, graph_id: int, good_frame: bytes, bad: bytes, kind: str, says: str
) -> None:
    status, reply = send(server, "POST", f"/v1/graphs/{graph_id}/ops", bad)
    assert status == 400
    assert reply["kind"] == kind, reply
    assert says in reply["message"], reply
    assert_unharmed(server, graph_id, good_frame)


def test_a_batch_that_comes_again_changes_nothing(server: Any, graph_id: int, good_frame: bytes) -> None:
    for _ in range(3):
        assert send(server, "POST", f"/v1/graphs/{graph_id}/ops", good_frame)[0] == 200
    assert send(server, "GET", f"/v1/graphs/{graph_id}")[1]["total_ops"] == 3


def test_a_message_over_the_limit_is_refused_before_it_is_read(
    config: Config, tmp_path: Path, server: Any, graph_id: int, good_frame: bytes
) -> None:
    server.dispatcher.config = replace(config, message_bytes=10_000)
    status, reply = send(server, "POST", f"/v1/graphs/{graph_id}/ops", bytes(20_000))
    assert (status, reply["kind"]) == (413, "LimitError")
    assert "takes 10,000 (RAVSOCK_MESSAGE_BYTES)" in reply["message"]
    assert_unharmed(server, graph_id, good_frame)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/v1/graphs/7", b"", 404, "there is no graph 7"),
        ("GET", "/v1/graphs/x", b"", 404, "there is no graph"),
        ("GET", "/v1/graphs/99999999999999999999", b"", 404, "there is no graph"),
        ("POST", "/v1/graphs/7/ops", b"", 404, "there is no graph 7"),
        ("POST", "/v1/graphs", b"{", 400, "cannot be read"),
        ("POST", "/v1/graphs", b'{"approach": "magic"}', 400, "magic"),
        ("POST", "/v1/graphs", b'{"colour": 1}', 400, "colour"),
        ("GET", "/v1/graphs/1/ops?from=x", b"", 400, "?from="),
        ("GET", "/v1/graphs/1/ops/5", b"", 404, "there is no op 5"),
        ("GET", "/v1/data/../../etc/passwd", b"", 404, ""),
        ("GET", "/v1/data/" + "a" * 64, b"", 404, "there is no array"),
        ("PUT", "/v1/data/" + "a" * 10, b"", 400, "32 hexadecimal"),
        ("GET", "/nowhere", b"", 404, "Not Found"),
        ("PUT", "/v1/graphs", b"", 405, "Method Not Allowed"),
    ],
)
def test_a_bad_request_gets_words_and_no_traceback(
    server: Any, graph_id: int, method: str, path: str, body: bytes, status: int, says: str
) -> None:
    got, reply = send(server, method, path, body)
    assert got == status
    assert says in reply["message"]
    assert "Traceback" not in reply["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:9999"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "127.0.0.1", "Origin": "http://evil.example"}, 403),
        ({"Host": "127.0.0.1", "Origin": "null"}, 403),
        ({"Host": "127.0.0.1:5", "Origin": "http://127.0.0.1:5"}, 200),
        ({"Host": "127.0.0.1:5", "Origin": "http://127.0.0.1:6"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/v1/graphs", "/socket.io/?EIO=4&transport=websocket"])
def test_a_web_page_from_elsewhere_cannot_drive_the_server(
    server: Any, headers: dict[str, str], status: int, path: str
) -> None:
    got, _ = send(server, "GET", path, **headers)
    if status == 403 or path == "/v1/graphs":
        assert got == status
    else:
        assert got != 403


def test_an_upload_that_breaks_off_leaves_nothing(server: Any, config: Config) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("PUT", f"/v1/data/{secrets.token_hex(16)}")
    connection.putheader("Content-Length", "100000")
    connection.endheaders(b"x" * 500)
    connection.close()
    assert send(server, "GET", "/v1/graphs")[0] == 200
    while any(config.data_dir.iterdir()):
        send(server, "GET", "/v1/graphs")


# --- contributors -----------------------------------------------------------------------------------


def test_a_message_before_the_hello_or_of_no_form_is_refused_in_words(
    g: R.Graph, contributor: Any, server: Any
) -> None:
    one = contributor()
    assert one.send("result", messages.Result("nobody", 1, 0.0, []), []) == "refused"
    assert "has not said hello" in one.errors[-1]
    assert one.send("result", None, raw=b"garbage that is long enough to be a prefix") == "refused"
    assert "not an RDF frame" in one.errors[-1]
    assert one.send("refuse", messages.Bye(one.life)) == "refused"
    assert "came as a Refuse" in one.errors[-1]
    assert one.send("hello", "text") == "refused"
    assert (R.t(1) + 1)() == 2


def test_absurd_figures_in_a_hello_are_refused(server: Any, contributor: Any) -> None:
    one = contributor()
    for figures in ({"speed": 0.0}, {"speed": -1.0}, {"memory_bytes": -1}, {"down_bps": 0.0}, {"cores": 0}):
        assert one.send("hello", hello("other", "liar", **figures)) == "refused"
        assert next(iter(figures)) in one.errors[-1]


# --- the disk and the database ----------------------------------------------------------------------


@only_sqlite
def test_a_full_disk_refuses_ops_keeps_nothing_of_them_and_takes_them_when_there_is_room(
    g: R.Graph, contributor: Any, server: Any
) -> None:
    contributor()
    assert (R.t(1) + 1)() == 2

    def pages(limit: int) -> None:
        def job(c: sqlite3.Connection) -> None:
            c.execute(f"PRAGMA max_page_count = {limit}")

        server.run(server.call(lambda d: d.writer.submit(job)))

    pages(1)
    many = [R.t(np.arange(1000.0) + i) for i in range(7)]  # in SQL, not a file
    with pytest.raises(R.RavError, match=r"could not store the ops.*full"):
        R.fetch(many[0] + many[1])
    assert g._engine.graph(g.id)["total_ops"] == 2
    pages(1_000_000)
    assert (many[0] + many[1])().tolist() == (2 * np.arange(1000.0) + 1).tolist()
    assert g.end() == "Graph computed successfully!"


def test_a_result_that_cannot_be_written_waits_for_room(g: R.Graph, contributor: Any, server: Any) -> None:
    real = server.dispatcher.folder.write
    failed = []

    def full(digest: str, body: Any) -> None:
        if not failed:
            failed.append(digest)
            raise OSError(28, "No space left on device")
        real(digest, body)

    server.dispatcher.folder.write = full
    contributor()
    x = R.zeros(20_000) + 1  # over SQL_BYTES: a file
    assert x().sum() == 20_000
    assert failed


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://localhost/test", "mysql is not supported"),
        ("postgresql://localhost", "names no database"),
        ("nonsense", "no database URL"),
        ("sqlite://", "names no file"),
        ("sqlite:////proc/nowhere/rdf.db", "there is no folder"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make_app(Config(database=url, data_dir=tmp_path / "data"))


def test_a_database_of_another_version_or_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as c:
        c.execute("CREATE TABLE graph (id INTEGER)")
    c.close()
    with pytest.raises(ConfigError, match="version unknown"):
        make_app(Config(database=f"sqlite:///{path}", data_dir=tmp_path / "data"))
    path.write_bytes(b"this is no database, it is a text of some length" * 100)
    with pytest.raises(ConfigError, match="file is not a database"):
        make_app(Config(database=f"sqlite:///{path}", data_dir=tmp_path / "data"))


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigError, match=r"data folder .*file"):
        make_app(Config(database=f"sqlite:///{tmp_path}/a.db", data_dir=blocked))


def test_rdfs_form_of_the_database_url_is_accepted(tmp_path: Path) -> None:
    make_app(Config(database=f"sqlite:///{tmp_path}/a.db?check_same_thread=False", data_dir=tmp_path / "d"))
    assert (tmp_path / "a.db").exists()


def test_other_addresses_than_loopback_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0"):
        make_app(Config(host="0.0.0.0", database=f"sqlite:///{tmp_path}/a.db", data_dir=tmp_path / "d"))
