"""Keys of federated graphs: a server that begins anew numbers its graphs anew, and no key is lost by that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from door import sql
from fedpeople import COLUMNS, Owner, all_take_part, federated, pooled

import ravop as R
from ravspec.errors import ServerUnreachable

pytestmark = pytest.mark.usefixtures("at_home")


def begin_anew(server: Any, folder: Path) -> None:
    """Another server at the same URL, with an empty database."""
    server.config = replace(server.config, database=f"sqlite:///{folder}/anew.db", data_dir=folder / "anew")
    server.restart()


def key_of(graph: Any) -> Path:
    """Where its key is."""
    path: Path = graph._keys.path(graph._kept)
    return path


def test_a_graph_of_the_same_url_and_number_leaves_the_key_of_the_other_alone(
    owners: list[Owner], server: Any, tmp_path: Path
) -> None:
    # Given a graph that still waits, and one of the same number at another server of the same address
    before = federated(COLUMNS)
    R.federated_mean()
    word, kept = before.fingerprint, key_of(before).read_bytes()
    first = server.config
    begin_anew(server, tmp_path)
    graph = federated(COLUMNS)
    mean = R.federated_mean()
    # When that one is asked, answered and ended
    assert graph.id == before.id
    all_take_part(owners, graph)
    assert mean()["age"] == pytest.approx(pooled(owners)["age"].mean())
    assert key_of(graph) != key_of(before)
    graph.end()
    # Then its key is gone and the other's is not; when the old server is back, so is its graph
    assert not key_of(graph).exists()
    assert key_of(before).read_bytes() == kept
    server.config = first
    server.restart()
    assert R.Graph(id=before.id).fingerprint == word


def test_a_script_that_comes_back_has_the_key_of_its_own_graph_and_no_other(
    owners: list[Owner], server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = federated(COLUMNS)
    R.federated_mean()
    word = before.fingerprint
    begin_anew(server, tmp_path)
    # a key of that number, but the graph is one that another machine has made
    graph = federated(COLUMNS)
    with pytest.raises(R.GraphError, match=r"the key of graph 1 is not on .* keys of 1 with that number, of"):
        R.Graph(id=graph.id)
    # a script that died before the question was put has its own
    R.federated_sum()
    with monkeypatch.context() as m:
        m.setattr(type(graph._server), "freeze", unreachable)
        with pytest.raises(ServerUnreachable):
            _ = graph.fingerprint
    assert len(list(key_of(before).parent.glob("graph-1-*"))) == 2
    again: Any = R.Graph(id=graph.id)
    assert again.fingerprint == R.Graph(id=graph.id).fingerprint != word


def unreachable(self: Any, graph: int, spec: bytes) -> str:
    """A server that is not there."""
    raise ServerUnreachable("no server answers")


def test_a_server_with_another_question_than_the_script_s_is_not_followed(
    owners: list[Owner], server: Any
) -> None:
    graph = federated(COLUMNS)
    R.federated_mean()
    word = str(graph.fingerprint)
    sql(server.config, "UPDATE federated SET fingerprint = ?", word[::-1])
    with pytest.raises(R.GraphError, match="or has changed the question"):
        R.Graph(id=graph.id)


def test_a_damaged_key_is_named(owners: list[Owner]) -> None:
    graph = federated(COLUMNS)
    R.federated_mean()
    assert graph.fingerprint
    path = key_of(graph)
    whole = path.read_text()
    for damaged in (whole[:-9], whole.replace('"p": "', '"p": "1'), "{}"):
        path.write_text(damaged)
        with pytest.raises(R.GraphError, match=rf"the key file {path} is damaged"):
            R.Graph(id=graph.id)
