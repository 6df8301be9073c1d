"""Ops that are sent ahead, to be stored while the developer builds on."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import ravop as R
from ravop import engine
from ravop import graph as graphs


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "SUBMIT_OPS", 10)


def chain(x: R.Tensor, n: int) -> R.Tensor:
    """n ops, each on the one before."""
    for _ in range(n):
        x = x + 1.0
    return x


def test_ops_are_stored_while_the_developer_builds_on(server: Any) -> None:
    g = R.Graph()
    chain(R.t(np.zeros(3)), 30)
    assert g._record.n_pending < 20, "nothing was sent ahead"
    assert g.get_op_stats()["total_ops"] == 31


def test_graphs_may_send_ahead_by_turns(server: Any, contributor: Any) -> None:
    contributor()
    first, second = R.Graph(), R.Graph()
    with first:
        x = R.t(np.zeros(3))
        with second:
            y = R.t(np.ones(3))
            for _ in range(40):
                x, y = x + 1.0, y + 2.0
            assert second.get_op_stats()["total_ops"] > 0
            assert y().tolist() == [81.0] * 3
        assert x().tolist() == [40.0] * 3


def test_what_was_sent_ahead_in_vain_goes_again(server: Any, contributor: Any) -> None:
    contributor()
    g = R.Graph()
    x = chain(R.t(np.zeros(3)), 9)
    assert g._ahead is not None
    engine.current_engine().close()  # the answer will not come by this connection
    assert chain(x, 30)().tolist() == [39.0] * 3
    assert g.get_op_stats()["total_ops"] == 40


def test_a_batch_that_is_refused_is_told_when_its_answer_is_read(server: Any) -> None:
    g = R.Graph()
    x = R.t(np.zeros(3))
    g._record.give_value(b"one byte too many")
    chain(x, 9)
    with pytest.raises(R.ProtocolError, match="need 24 bytes of values"):
        g.get_op_stats()


def test_a_name_to_keep_survives_a_question_that_failed(
    server: Any, contributor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contributor()
    R.Graph()
    x = R.t([1.0, 2.0]) * 2
    x.persist_op("twice")
    with monkeypatch.context() as patch:
        patch.setattr(graphs, "wait", away)
        with pytest.raises(R.ServerUnreachable):
            x()
    assert x().tolist() == [2.0, 4.0]
    assert R.fetch_persisting_op("twice").tolist() == [2.0, 4.0]


def away(*args: Any, **named: Any) -> None:
    raise R.ServerUnreachable("away")


def test_threads_that_build_and_ask_never_wait_for_each_other_in_a_circle(
    server: Any, contributor: Any
) -> None:
    contributor()
    R.Graph()
    x = R.t(np.zeros(3))
    got: list[float] = []

    def build_and_ask() -> None:
        for _ in range(10):
            got.append(float(chain(x, 10)()[0]))

    threads = [threading.Thread(target=build_and_ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert got == [10.0] * 40
