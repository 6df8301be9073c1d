"""A server that is away, or whose answers are lost, costs a developer neither the key nor its deletion."""

from __future__ import annotations

from typing import Any

import pytest
from fedpeople import COLUMNS, Owner, all_take_part, federated, pooled

import ravop as R
from ravop.gathering import Gathering
from ravspec.errors import ServerUnreachable

pytestmark = pytest.mark.usefixtures("at_home")


class Line:
    """The line between a developer and the server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cut = self.lose_answers = False
        self.asked: list[str] = []
        real = Gathering._open

        def through(gathering: Gathering, method: str, path: str, *rest: Any) -> Any:
            self.asked.append(f"{method} {path}")
            if self.cut:
                raise ConnectionRefusedError("nobody listens")
            answer = real(gathering, method, path, *rest)
            if self.lose_answers:
                answer.close()
                raise ConnectionResetError("the answer is lost")
            return answer

        monkeypatch.setattr(Gathering, "_open", through)


@pytest.fixture
def line(server: Any, monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


def test_a_question_whose_answer_was_lost_is_put_again_with_the_same_key(
    owners: list[Owner], line: Line, capsys: Any
) -> None:
    graph = federated(COLUMNS)
    mean = R.federated_mean()
    line.lose_answers = True
    with pytest.raises(ServerUnreachable):
        _ = graph.fingerprint
    kept = graph._keys.path(graph._kept).read_bytes()
    line.lose_answers = False
    word = graph.fingerprint
    assert graph._keys.path(graph._kept).read_bytes() == kept
    assert capsys.readouterr().err.count(word) == 1  # the contributors' word is told once the server has it
    with pytest.raises(R.GraphError, match="is frozen"):
        R.federated_variance()
    all_take_part(owners, graph)
    assert mean()["age"] == pytest.approx(pooled(owners)["age"].mean())
    assert [ask for ask in line.asked if ask.startswith("PUT")] == [f"PUT federated/{graph.id}/spec"] * 2


@pytest.mark.parametrize("wanted", ["end", "cancel"])
def test_the_key_is_deleted_at_once_and_the_server_told_when_it_is_back(
    owners: list[Owner], line: Line, wanted: str
) -> None:
    graph = federated(COLUMNS)
    mean = R.federated_mean()
    all_take_part(owners if wanted == "end" else owners[:1], graph)
    path = graph._keys.path(graph._kept)
    if wanted == "end":
        mean()
    assert path.exists()
    line.cut = True
    for _ in range(2):  # again is no success either while nobody answers
        with pytest.raises(ServerUnreachable):
            getattr(graph, wanted)()
        assert not path.exists()
    line.cut = False
    if wanted == "cancel":
        with pytest.raises(R.GraphError, match="has ended, and its key is deleted"):
            mean()
        assert graph.status == "ended"  # as nobody could tell the server
    getattr(graph, wanted)()
    assert graph.status == ("computed" if wanted == "end" else "cancelled")
    before = len(line.asked)
    getattr(graph, wanted)()
    assert len(line.asked) == before


def test_who_comes_back_before_the_question_was_put_puts_it_by_asking_for_the_fingerprint(
    owners: list[Owner], line: Line, capsys: Any
) -> None:
    graph = federated(COLUMNS)
    R.federated_mean()
    line.cut = True  # the script gets as far as its key
    with pytest.raises(ServerUnreachable):
        _ = graph.fingerprint
    line.cut = False
    again: Any = R.Graph(id=graph.id)
    assert again.progress == 0
    assert again.status == "open"
    word = again.fingerprint
    assert again.status == "ended"
    assert word in capsys.readouterr().err
    third: Any = R.Graph(id=graph.id)  # the question is there: nothing is put, or said, once more
    assert third.fingerprint == word
    assert capsys.readouterr().err == ""
    assert [ask for ask in line.asked if ask.startswith("PUT")] == [f"PUT federated/{graph.id}/spec"] * 2
