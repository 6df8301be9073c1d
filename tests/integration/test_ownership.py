"""What is a developer's own is shown to nobody else, not even that it exists; nor do contributors pry."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from contributors import ScriptedContributor, changed, hello, silent
from door import ask, make_token
from serving import Server

import ravop as R
from ravop import engine, graph
from ravop.client import Client
from ravop.config import Config as DeveloperConfig
from ravop.record import Recorder
from ravop.waiting import Question, request
from ravsock.config import Config
from ravspec import messages
from ravspec.ops import OPS
from ravspec.shapes import ArrayType
from tests.databases import on_postgresql_too

pytestmark = on_postgresql_too

ABSENT = "0" * 64
UPLOAD = "ab" * 16


class People:
    """A server that asks for tokens, anna and ben who have some, and contributors."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.anna, self.ben = (make_token(config, "developer", name) for name in ("anna", "ben"))
        self.operator = make_token(config, "operator", "olga")
        self.helper = make_token(config, "contributor", "helper")
        self.server = Server(config)
        self.port = self.server.port
        self._joined: list[ScriptedContributor] = []

    def contributor(self, script: Any = None, token: str | None = None, **more: Any) -> ScriptedContributor:
        """One that has joined."""
        one = ScriptedContributor(self.server.url, "c", script or {}, token=token or self.helper, **more)
        self._joined.append(one)
        one.join()
        return one

    def work_as(self, token: str) -> None:
        """ravop's engine is this developer's from now on."""
        if engine._engine is not None:
            engine._engine.close()
        graph._graphs.clear()
        graph._current.set(None)
        engine.initialize(token, url=self.server.url)

    def close(self) -> None:
        graph._graphs.clear()
        engine.current_engine().close()
        for one in self._joined:
            one.close()
        self.server.check()
        self.server.stop()


@pytest.fixture
def people(config: Config) -> Iterator[People]:
    people = People(config)
    people.work_as(people.anna)
    yield people
    people.close()


@pytest.fixture
def annas(people: People) -> R.Graph:
    """A graph of anna's with a large array, a persisted name, and all values computed."""
    people.contributor()
    g = R.Graph(name="secret")
    y = R.t(np.arange(300_000.0)) * 2.0
    y.persist_op("best")
    assert y().sum() == 300_000 * 299_999
    g.end()
    return g


def large_arrays(people: People) -> list[str]:
    return sorted(path.name for path in people.config.data_dir.iterdir())


# --- graphs, ops, names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/graphs/{}"),
        ("GET", "/v1/graphs/{}/ops"),
        ("GET", "/v1/graphs/{}/ops?name=x"),
        ("GET", "/v1/graphs/{}/ops/0"),
        ("GET", "/v1/graphs/{}/ops/999"),
        ("POST", "/v1/graphs/{}/ops"),
    ],
)
def test_anothers_graph_is_answered_like_one_that_is_not_there(
    people: People, annas: R.Graph, method: str, path: str
) -> None:
    theirs, absent = (ask(people.port, method, path.format(n), people.ben) for n in (annas.id, 777))
    assert theirs[0] == absent[0] == 404
    assert theirs[1] == {**absent[1], "message": absent[1]["message"].replace("777", str(annas.id))}


def test_nor_is_it_when_the_server_has_it_no_more_in_memory(people: People, annas: R.Graph) -> None:
    number = annas.id
    people.server.restart()
    assert ask(people.port, "GET", f"/v1/graphs/{number}", people.ben)[0] == 404
    assert people.server.call(lambda d: d.registry.held(number)) is None, "nothing is loaded for a stranger"
    assert ask(people.port, "GET", f"/v1/graphs/{number}", people.anna)[0] == 200


def test_everybody_lists_their_own_graphs_and_the_operator_all(people: People, annas: R.Graph) -> None:
    people.work_as(people.ben)
    R.Graph(name="bens").id  # noqa: B018 - makes it at the server
    names = {
        who: [g["name"] for g in ask(people.port, "GET", "/v1/graphs", token)[1]["graphs"]]
        for who, token in (("anna", people.anna), ("ben", people.ben), ("olga", people.operator))
    }
    assert names == {"anna": ["secret"], "ben": ["bens"], "olga": ["secret", "bens"]}


def test_a_graph_is_the_tokens_whatever_the_developer_says(people: People) -> None:
    _, made = ask(people.port, "POST", "/v1/graphs", people.ben, b'{"developer": "anna"}')
    assert made["developer"] == "ben"
    assert ask(people.port, "GET", f"/v1/graphs/{made['id']}", people.anna)[0] == 404


def test_a_persisted_name_is_its_developers_own(people: People, annas: R.Graph) -> None:
    assert ask(people.port, "GET", "/v1/persisted/best", people.anna)[1]["graph"] == annas.id
    for query in ("", "?developer=anna"):
        status, reply = ask(people.port, "GET", f"/v1/persisted/best{query}", people.ben)
        assert status == 404
        assert reply["message"] == 'there is no persisted op "best"'


def test_two_tokens_of_one_name_are_one_developer(people: People, annas: R.Graph) -> None:
    second = make_token(people.config, "developer", "anna")
    assert ask(people.port, "GET", f"/v1/graphs/{annas.id}", second)[0] == 200


# --- arrays -------------------------------------------------------------------------------------------


def test_an_array_is_fetched_by_its_developer_and_the_operator_only(people: People, annas: R.Graph) -> None:
    for digest in large_arrays(people):
        absent = ask(people.port, "GET", f"/v1/data/{ABSENT}", people.ben)
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-9"})):
            theirs = ask(people.port, method, f"/v1/data/{digest}", people.ben, **headers)
            assert theirs[0] == 404
        assert ask(people.port, "GET", f"/v1/data/{digest}", people.ben)[1]["message"] == absent[1][
            "message"
        ].replace(ABSENT[:12], digest[:12])
        for token in (people.anna, people.operator):
            assert ask(people.port, "GET", f"/v1/data/{digest}", token)[0] == 200


def test_whose_an_array_is_survives_a_restart(people: People, annas: R.Graph) -> None:
    mine = ask(people.port, "PUT", f"/v1/data/{UPLOAD}", people.ben, b"bens")[1]["sha256"]
    people.server.restart()
    for digest in [*large_arrays(people)]:
        expected = {people.anna: 404 if digest == mine else 200, people.ben: 200 if digest == mine else 404}
        for token, status in expected.items():
            assert ask(people.port, "GET", f"/v1/data/{digest}", token)[0] == status


def submit(people: People, token: str, digest: str, shape: tuple[int, ...]) -> tuple[int, Any]:
    """A graph that names an array by its digest."""
    number = ask(people.port, "POST", "/v1/graphs", token, b"{}")[1]["id"]
    record = Recorder()
    record.type_number(ArrayType(shape, np.dtype(np.float64)))
    params = {"shape": shape, "dtype": "float64"}
    record.add(OPS["data"], (), params, tuple(params.items()))
    record.give_value(b"")
    message, buffers = request(record.take_batch(), Question([], wait=False))
    frame = messages.encode(messages.replace(message, stored={0: digest}), list(buffers))
    return ask(people.port, "POST", f"/v1/graphs/{number}/ops", token, frame)


def test_an_array_that_one_did_not_send_cannot_be_named_whether_it_exists_or_not(
    people: People, annas: R.Graph
) -> None:
    digest = large_arrays(people)[0]
    theirs, absent = (submit(people, people.ben, d, (300_000,)) for d in (digest, ABSENT))
    assert theirs[0] == absent[0] == 400
    assert theirs[1]["message"].replace(digest[:12], "") == absent[1]["message"].replace(ABSENT[:12], "")
    assert submit(people, people.anna, digest, (300_000,))[0] == 200


def test_sending_the_same_bytes_makes_an_array_ones_own_and_tells_nothing(
    people: People, annas: R.Graph
) -> None:
    x = np.arange(300_000.0)
    status, reply = ask(people.port, "PUT", f"/v1/data/{UPLOAD}", people.ben, x.tobytes())
    assert (status, reply) == (201, {"sha256": hashlib.sha256(x).hexdigest(), "size_bytes": x.nbytes})
    assert submit(people, people.ben, reply["sha256"], x.shape)[0] == 200


# --- contributors -------------------------------------------------------------------------------------


def test_a_contributor_reads_the_operands_of_its_live_assignments_only(people: People) -> None:
    done: list[int] = []
    got: dict[str, int] = {}

    def look(one: ScriptedContributor, frame: bytes) -> bytes:
        (digest,) = one.received[-1].stored.values()
        for who, life in (("mine", one.life), ("other life", other.life), ("no life", "")):
            got[who] = ask(people.port, "GET", f"/v1/data/{digest}", people.helper, Rdf_Life=life)[0]
        got["other token"] = ask(people.port, "GET", f"/v1/data/{digest}", second, Rdf_Life=one.life)[0]
        return frame

    # Given two contributors, of whom one gets an assignment with a large operand
    second = make_token(people.config, "contributor")
    other = people.contributor(script=dict.fromkeys(range(9), silent), speed=1e-6)
    one = people.contributor({0: look})
    R.Graph()
    assert (R.t(np.arange(300_000.0)) * 0.0).sum()() == 0
    done += [len(one.received), len(other.received)]
    # Then only that life fetches it, and only while the assignment lives
    assert got == {"mine": 200, "other life": 404, "no life": 403, "other token": 403}, (got, done)
    (digest,) = one.received[0].stored.values()
    assert ask(people.port, "GET", f"/v1/data/{digest}", people.helper, Rdf_Life=one.life)[0] == 404


def test_a_contributor_names_in_a_result_only_what_it_sent(people: People, annas: R.Graph) -> None:
    digest = large_arrays(people)[0]
    liar = people.contributor({0: changed(stored={0: digest}), 1: changed(stored={0: ABSENT})}, speed=1e6)
    R.Graph()
    got: list[Any] = []
    y = R.zeros(300_000) + 1
    waiter = threading.Thread(target=lambda: got.append(y()))
    waiter.start()
    waiter.join(30)
    assert got[0].sum() == 300_000
    assert liar.received, "the liar had its chance"
    told = {
        text.replace(digest[:12], "X").replace(ABSENT[:12], "X").split(": ", 1)[1] for text in liar.errors
    }
    assert told == {"output 0 should be a stored array; X is not one of its size"}


def test_a_contributor_that_has_left_sends_and_reads_nothing(people: People) -> None:
    one = people.contributor()
    digest = one.transfer.put(np.arange(3.0))
    assert people.server.call(lambda d: d.access.may_name(f"life:{one.life}", digest))
    one.send("bye", messages.Bye(one.life))
    assert not people.server.call(lambda d: d.access.may_name(f"life:{one.life}", digest))
    status, reply = ask(people.port, "PUT", f"/v1/data/{UPLOAD}", people.helper, b"x", Rdf_Life=one.life)
    assert (status, reply["kind"]) == (403, "AccessError")
    assert "none that is present" in reply["message"]


def test_developers_see_contributors_but_not_by_what_they_could_speak_for_them(people: People) -> None:
    one = people.contributor()
    people.server.run(people.server.call(lambda d: d.writer.submit(lambda c: None)))  # its row is written
    (seen,) = ask(people.port, "GET", "/v1/contributors", people.anna)[1]["contributors"]
    assert one.life.startswith(seen["life"]) and len(seen["life"]) == 8
    (seen,) = ask(people.port, "GET", "/v1/contributors", people.operator)[1]["contributors"]
    assert seen["life"] == one.life


def test_a_connection_has_one_life_at_a_time(people: People) -> None:
    one = people.contributor()
    one.send("hello", hello("second", "c"))
    assert set(people.server.call(lambda d: dict(d.present))) == {"second"}


# --- without tokens -----------------------------------------------------------------------------------


def test_on_an_open_server_everything_is_readable_and_goes_to_its_developer_later(
    config: Config, server: Any, contributor: Callable[..., Any]
) -> None:
    contributor()
    R.initialize(username="anna", url=server.url)
    R.Graph()
    assert (R.t(np.arange(300_000.0)) * 0.0).sum()() == 0
    (digest,) = [path.name for path in config.data_dir.iterdir()]
    assert ask(server.port, "GET", f"/v1/data/{digest}")[0] == 200
    anna, ben = (make_token(config, "developer", name) for name in ("anna", "ben"))
    while ask(server.port, "GET", "/v1/graphs")[0] == 200:
        pass
    assert ask(server.port, "GET", f"/v1/data/{digest}", anna)[0] == 200
    assert ask(server.port, "GET", f"/v1/data/{digest}", ben)[0] == 404
    assert ask(server.port, "GET", "/v1/graphs/1", anna)[0] == 200
    assert Client(DeveloperConfig(url=server.url, token=anna)).graph(1)["developer"] == "anna"
