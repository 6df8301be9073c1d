"""After a restart: a life that was present keeps what it was computing, as far as it still makes sense."""

from __future__ import annotations

import numpy as np
import pytest
from simulation.desk import Desk, only

from ravsock.scheduler import Settings
from ravsock.scheduler.events import (
    Assign,
    Commit,
    Discard,
    EndGraph,
    Join,
    Lost,
    Restore,
    Result,
    Resume,
    Resumed,
    Tick,
    Void,
)

JOIN = Join("a", "a", 1.0, 10**9, 1e9, 1e9, 0.001)


def restarted(ins: list[tuple[int, ...]], *, computed: list[int], there: list[int]) -> Desk:
    """A desk whose graph was loaded from SQL, with nothing asked for yet."""
    desk = Desk(ins)
    columns = (np.array(ops, np.int32) for ops in (computed, there, []))
    desk.tell(Restore(1, *columns))
    return desk


def piece(ops: list[int], *, held: list[int] | None = None, exports: list[int] | None = None) -> Assign:
    """An assignment as SQL has it."""
    return Assign(7, "a", 1, ops, [], [], held or [], exports or ops, [], [], 0.5, 0.0)


def test_its_result_counts_although_the_server_was_started_anew() -> None:
    desk = restarted([(), (0,), (1,)], computed=[0], there=[0])
    resumed = only(Resumed, desk.tell(Resume(JOIN, (piece([1, 2], exports=[2]),))))
    assert resumed.assign.inputs == [0] and resumed.assign.exports == [2]
    assert desk.tell(EndGraph(1)) == [], "its ops are not given out a second time"
    commit = only(Commit, desk.tell(Result("a", 7, 0.1)))
    assert (commit.computed, commit.exports) == ([1, 2], [2])
    assert only(Discard, desk.tell(Result("a", 7, 0.1))).assignment == 7


def test_what_it_holds_from_before_is_not_computed_again() -> None:
    desk = restarted([(), (0,)], computed=[0], there=[])
    assert only(Resumed, desk.tell(Resume(JOIN, (piece([1], held=[0]),)))).assign.held == [0]
    desk.tell(EndGraph(1))
    assert only(Commit, desk.tell(Result("a", 7, 0.1))).computed == [1]
    assert desk.scheduler.ledger.graphs[1].recomputed == 0


@pytest.mark.parametrize(
    ("computed", "there"),
    [([0, 1], [0, 1]), ([0], [])],
    ids=["it is computed by now", "its operand is nowhere"],
)
def test_an_assignment_that_makes_no_sense_any_more_is_void(computed: list[int], there: list[int]) -> None:
    desk = restarted([(), (0,)], computed=computed, there=there)
    assert only(Void, desk.tell(Resume(JOIN, (piece([1]),)))).assignment == 7
    assert desk.tell(Result("a", 7, 0.1)) == [Discard(7, "a")]


def test_it_gets_nothing_new_until_it_speaks_and_is_lost_after_a_lease() -> None:
    desk = restarted([(), ()], computed=[], there=[])
    desk.tell(Resume(JOIN, (piece([0]),)))
    assert desk.tell(EndGraph(1)) == []
    answer = desk.tell(JOIN, 1.0)
    assert only(Assign, answer).ops == [1]
    desk = restarted([()], computed=[], there=[])
    desk.tell(Resume(JOIN, (piece([0]),)))
    desk.tell(EndGraph(1))
    gone = desk.tell(Tick(), Settings().lease_s)
    assert only(Lost, gone).life == "a" and only(Void, gone).assignment == 7
    assert only(Assign, desk.join("b")).ops == [0]


def test_it_is_told_to_drop_what_nobody_counts_on() -> None:
    desk = restarted([(), ()], computed=[0], there=[0])
    desk.tell(Resume(JOIN, (), ((1, 0), (3, 5))))
    desk.tell(EndGraph(1))
    assert only(Assign, desk.tell(JOIN, 1.0)).drop == [(1, 0), (3, 5)]
