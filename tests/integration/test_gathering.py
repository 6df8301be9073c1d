"""The server's half of federated graphs, by HTTP: who counts, when it ends, and what it never tells."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from typing import Any

import pytest
from door import ask, make_token, sql

from ravsock.config import Config
from ravspec import paillier
from ravspec.ciphertexts import Wire
from ravspec.federated import Column, Spec, Statistic, canonical, fingerprint
from ravspec.slots import layout_of, pack, unpack
from ravspec.sums import Sum
from tests.databases import on_postgresql_too

pytestmark = on_postgresql_too

KEY = paillier.make_key(1024, insecure=True)
COLUMNS = {"x": Column("0", "100", 0)}


class Developer:
    """Opens a graph and freezes its spec."""

    def __init__(self, server: Any, token: str | None = None, **more: Any) -> None:
        self.port, self.token = server.port, token
        status, row = self.ask("POST", "/v1/graphs", b'{"approach": "federated"}')
        assert status == 201, row
        base: dict[str, Any] = {
            "version": 1, "graph": row["id"], "name": "", "developer": row["developer"], "nonce": "ab" * 16,
            "encryption": True, "modulus": f"{KEY.n:x}", "columns": COLUMNS, "min_clients": 2,
            "max_clients": 3, "statistics": (Statistic("variance", ("x",)),),
        }  # fmt: skip
        self.spec = Spec(**{**base, **more})
        self.path = f"/v1/federated/{row['id']}"
        self.layout = layout_of(self.spec)
        self.wire = Wire(self.spec, self.layout)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        status, reply = ask(self.port, method, path, self.token, body)
        return status, reply

    def freeze(self) -> Developer:
        status, reply = self.ask("PUT", f"{self.path}/spec", canonical(self.spec))
        assert (status, reply) == (200, {"fingerprint": fingerprint(self.spec)})
        return self

    def body(self, value: int) -> bytes:
        """A contribution in which every sum is this."""
        sums = {slot.sum: value for slot in self.layout.slots}
        return self.wire.to_bytes(paillier.encrypt(KEY.n, pack(self.layout, sums)))

    def contribute(self, who: int, body: bytes, token: str | None = None, **headers: str) -> tuple[int, Any]:
        given = {"Rdf_Fingerprint": fingerprint(self.spec), "Rdf_Contributor": f"{who:032x}", **headers}
        return ask(self.port, "POST", f"{self.path}/contributions", token, body, **given)

    def total(self) -> list[dict[str, Any]]:
        """The lines of the answer, once it has ended."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connection.request("GET", f"{self.path}/total", headers=headers)
        lines = [json.loads(text) for text in connection.getresponse().read().splitlines() if text.strip()]
        connection.close()
        return lines

    def sums(self, line: dict[str, Any]) -> dict[Sum, int]:
        parts = self.wire.from_bytes(base64.b64decode(line["total"]))
        return unpack(self.layout, paillier.decrypt(KEY, parts), line["contributors"])


def counted(reply: tuple[int, Any]) -> str:
    assert reply[0] == 200, reply
    return str(reply[1]["outcome"])


def test_the_total_of_all_and_nothing_before(server: Any) -> None:
    ann = Developer(server).freeze()
    lines: list[Any] = []
    waiting = threading.Thread(target=lambda: lines.extend(ann.total()))
    waiting.start()
    for who in (1, 2, 3):
        assert counted(ann.contribute(who, ann.body(who))) == "counted"
    waiting.join(20)
    assert [line["contributors"] for line in lines] == sorted(line["contributors"] for line in lines)
    assert ["total" in line for line in lines] == [False] * (len(lines) - 1) + [True]
    assert set(ann.sums(lines[-1]).values()) == {6}
    assert ann.total()[-1] == lines[-1]  # asked again, the same
    assert ann.contribute(4, ann.body(1))[0] == 400  # closed


def test_a_contributor_counts_once_whatever_it_sends(server: Any) -> None:
    ann = Developer(server).freeze()
    first = ann.body(1)
    assert counted(ann.contribute(1, first)) == "counted"
    assert counted(ann.contribute(1, first)) == "repeated"
    assert counted(ann.contribute(1, ann.body(50))) == "repeated"
    status, reply = ann.contribute(2, first)
    assert (status, reply["kind"]) == (400, "ProtocolError")
    assert "another contributor" in reply["message"]
    for who in (2, 3):
        assert counted(ann.contribute(who, ann.body(1))) == "counted"
    assert set(ann.sums(ann.total()[-1]).values()) == {3}
    assert (
        counted(ann.contribute(1, first)) == "repeated"
    )  # an answer that was lost, asked again after the end


def test_garbage_is_refused_and_changes_nothing(server: Any) -> None:
    ann = Developer(server).freeze()
    good = ann.body(1)
    for body in (b"", good[:-1], good + b"\0", bytes(len(good)), b"\xff" * len(good),
                 KEY.p.to_bytes(len(good), "big")):  # fmt: skip
        status, reply = ann.contribute(1, body)
        assert status in (400, 413), reply
    assert ann.contribute(1, good, Rdf_Fingerprint="x")[0] == 400
    assert ann.contribute(1, good, Rdf_Contributor="../../etc")[0] == 400
    assert ann.ask("GET", ann.path)[1]["contributors"] == 0
    assert counted(ann.contribute(1, good)) == "counted"


def test_before_the_spec_nothing_is_taken(server: Any) -> None:
    ann = Developer(server)
    status, reply = ann.contribute(1, b"x")
    assert (status, reply["kind"]) == (400, "GraphError")
    assert "no spec yet" in reply["message"]


def test_a_spec_is_frozen_once(server: Any) -> None:
    ann = Developer(server).freeze().freeze()  # the same again is nothing
    other = canonical(Spec(**{**{f: getattr(ann.spec, f) for f in Spec.__struct_fields__}, "name": "x"}))
    status, reply = ann.ask("PUT", f"{ann.path}/spec", other)
    assert (status, reply["kind"]) == (400, "GraphError")
    assert "another spec" in reply["message"]
    for bad in (b"{}", b"[" * 100_000, b"\xff", canonical(ann.spec).replace(b'"graph":1', b'"graph":7')):
        assert ann.ask("PUT", f"{ann.path}/spec", bad)[0] == 400


@pytest.mark.parametrize(("came", "state"), [(1, "failed"), (2, "computed")])
def test_a_deadline_ends_it(server: Any, came: int, state: str) -> None:
    ann = Developer(server, deadline=int(time.time()) + 2).freeze()
    for who in range(came):
        assert counted(ann.contribute(who, ann.body(1))) == "counted"
    last = ann.total()[-1]
    assert (last["state"], last["contributors"], "total" in last) == (state, came, came == 2)
    if came == 1:
        assert "1 of at least 2" in last["reason"]
        assert sql(server.config, "SELECT total FROM federated") == [(b"",)]
    assert ann.contribute(9, ann.body(1))[0] == 400


def test_a_deadline_that_passed_while_the_server_was_down(server: Any) -> None:
    ann = Developer(server, deadline=int(time.time()) + 1).freeze()
    assert counted(ann.contribute(1, ann.body(1))) == "counted"
    server.stop()
    while time.time() < (ann.spec.deadline or 0):
        threading.Event().wait(0.05)  # the clock is what is waited for
    server._start(
        Config(**{**{f: getattr(server.config, f) for f in Config.__dataclass_fields__}, "port": ann.port})
    )
    assert ann.total()[-1]["state"] == "failed"


def test_a_restart_between_any_two_steps_loses_nothing(server: Any) -> None:
    ann = Developer(server)
    server.restart()
    ann.freeze()
    for who in (1, 2, 3):
        server.restart()
        assert counted(ann.contribute(who, ann.body(who))) == "counted"
        server.restart()
        assert counted(ann.contribute(who, ann.body(99))) == "repeated"
    server.restart()
    assert set(ann.sums(ann.total()[-1]).values()) == {6}


def test_the_developer_ends_it(server: Any) -> None:
    ann = Developer(server).freeze()
    ann.contribute(1, ann.body(1))
    assert ann.ask("POST", f"{ann.path}/end")[1]["state"] == "cancelled"
    assert sql(server.config, "SELECT total, reason FROM federated") == [(b"", "its developer ended it")]
    assert ann.total()[-1]["state"] == "cancelled"
    assert ann.contribute(2, ann.body(1))[0] == 400


def test_what_the_database_holds_of_a_contribution(server: Any) -> None:
    ann = Developer(server).freeze()
    body = ann.body(5)
    ann.contribute(1, body)
    ann.contribute(2, ann.body(6))
    server.stop()
    raw = b"".join(path.read_bytes() for path in server.config.data_dir.parent.glob("rdf.db*"))
    server._start(server.config)
    assert body not in raw


def test_views_and_lists(server: Any) -> None:
    ann = Developer(server)
    assert ann.ask("GET", "/v1/federated")[1]["graphs"][0]["state"] == "open"
    ann.freeze()
    (row,) = ann.ask("GET", "/v1/federated")[1]["graphs"]
    assert (row["state"], row["max_clients"], row["contributors"]) == ("ended", 3, 0)
    assert row["columns"] == {"x": {"min": "0", "max": "100", "decimals": 0}}
    assert "spec" not in row
    assert ann.ask("GET", ann.path)[1]["spec"] == canonical(ann.spec).decode()
    assert ann.ask("GET", "/v1/graphs/1")[1]["approach"] == "federated"
    assert [g["approach"] for g in ann.ask("GET", "/v1/graphs")[1]["graphs"]] == ["federated"]
    status, reply = ann.ask("GET", "/v1/graphs/1/ops")
    assert (status, "no ops" in reply["message"]) == (400, True)
    assert ann.ask("GET", "/v1/federated/99")[0] == 404


def test_with_tokens_a_token_is_a_contributor_and_a_graph_is_its_developers(
    config: Config, server: Any
) -> None:
    ann, bob = (make_token(config, "developer", name) for name in ("ann", "bob"))
    tokens = [make_token(config, "contributor", name) for name in ("c1", "c2", "c3")]
    graph = Developer(server, ann)
    # a contributor sees graphs that ask, and no others
    assert ask(server.port, "GET", graph.path, tokens[0])[0] == 404
    # in another's name nothing is asked
    forged = canonical(
        Spec(**{**{f: getattr(graph.spec, f) for f in Spec.__struct_fields__}, "developer": "bob"})
    )
    assert graph.ask("PUT", f"{graph.path}/spec", forged)[0] == 400
    graph.freeze()
    assert ask(server.port, "GET", graph.path, tokens[0])[0] == 200
    # another developer is not told that it exists
    for method, path in ("GET", ""), ("GET", "/total"), ("PUT", "/spec"), ("POST", "/end"):
        assert ask(server.port, method, graph.path + path, bob, b"{}" if method != "GET" else None)[0] == 404
    assert ask(server.port, "GET", "/v1/federated", bob)[1]["graphs"] == []
    # whatever a contributor says it is, its token is what counts
    assert counted(graph.contribute(1, graph.body(1), tokens[0])) == "counted"
    assert counted(graph.contribute(2, graph.body(1), tokens[0])) == "repeated"
    assert counted(graph.contribute(1, graph.body(1), tokens[1])) == "counted"
    assert counted(graph.contribute(1, graph.body(1), tokens[2])) == "counted"
    assert set(graph.sums(graph.total()[-1]).values()) == {3}


def test_plain_graphs_are_added_too(server: Any) -> None:
    ann = Developer(server, encryption=False, modulus="", max_clients=2).freeze()
    for who in (1, 2):  # with equal data, which is no replay here
        sums = {slot.sum: -7 for slot in ann.layout.slots}
        assert counted(ann.contribute(who, ann.wire.to_bytes(pack(ann.layout, sums)))) == "counted"
    line = ann.total()[-1]
    parts = ann.wire.from_bytes(base64.b64decode(line["total"]))
    assert set(unpack(ann.layout, parts, 2).values()) == {-14}
