"""A contributor that keeps failing gets less work, then none, and is told why; an op's fault is not its."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from simulation.desk import Desk

from ravsock.scheduler import Settings
from ravsock.scheduler.events import (
    Assign,
    Barred,
    Crash,
    EndGraph,
    Fail,
    Heard,
    Instruction,
    Refuse,
    Result,
    Tick,
)

LIMIT = Settings().max_faults


class Two:
    """Good computes whatever it is given; bad fails whatever it is given."""

    def __init__(self, n_ops: int, guilty: frozenset[int] = frozenset()) -> None:
        self.desk = Desk([()] * n_ops, cost_s=0.01)
        self.guilty = guilty  #: ops that crash anybody
        self.pieces: list[int] = []  #: lengths of the pieces that bad was given
        self.barred: list[Barred] = []
        self.failed: list[int] = []
        self.todo: list[Assign] = []

    def take(self, answer: list[Instruction]) -> None:
        for it in answer:
            if isinstance(it, Assign):
                self.todo.append(it)
                if it.life == "bad":
                    self.pieces.append(len(it.ops))
            elif isinstance(it, Barred):
                self.barred.append(it)
            elif isinstance(it, Fail):
                self.failed += [op for op, _, _ in it.failed]
        live = self.desk.scheduler.ledger.assignments
        self.todo = [it for it in self.todo if it.assignment in live]

    def run(self, lives: tuple[str, ...], seconds: int) -> None:
        for life in lives:
            self.take(self.desk.join(life))
        self.take(self.desk.tell(EndGraph(1)))
        started = self.desk.now
        for second in range(1, seconds):
            for life in lives:
                # what was taken back is over for it: it answers so
                self.take(self.desk.tell(Heard(life, answered=True), started + second))
            self.take(self.desk.tell(Tick()))
            for it in list(self.todo):
                if it in self.todo:
                    self.take(self.desk.tell(self.answer(it)))
            if self.desk.scheduler.ledger.graphs[1].finished:
                self.desk.add([()] * 20)  # there is always more

    def answer(self, it: Assign) -> Result | Crash:
        if it.life == "bad" or self.guilty & set(it.ops):
            return Crash(it.life, "killed")
        return Result(it.life, it.assignment, 0.01 * len(it.ops))


def test_it_gets_less_and_less_and_then_nothing_and_is_told_why() -> None:
    two = Two(200)
    two.run(("bad", "good"), 200)
    assert LIMIT <= len(two.pieces) <= 2 * LIMIT and len(two.barred) == 1
    assert two.pieces[-1] < two.pieces[0] / 8
    assert two.barred[0].life == "bad"
    assert two.barred[0].reason.startswith(f"{LIMIT} assignments that failed here were computed by others")
    assert "failed by: killed" in two.barred[0].reason and "for 10 minutes" in two.barred[0].reason
    assert not two.failed
    life = two.desk.scheduler.ledger.lives["bad"]
    assert life.rest_until > two.desk.now + 300


@pytest.mark.parametrize("faults", [0, 1, 3])
def test_with_each_fault_its_pieces_are_half_as_large(faults: int) -> None:
    desk = Desk([()] * 2000, cost_s=1e-4)
    desk.join("a")
    desk.scheduler.ledger.lives["a"].faults = faults
    first = next(it for it in desk.tell(EndGraph(1)) if isinstance(it, Assign))
    assert len(first.ops) == 1000 >> faults


def test_ten_minutes_later_it_is_tried_once_more_and_barred_again_at_once() -> None:
    two = Two(100)
    two.run(("bad", "good"), 100)
    assert len(two.barred) == 1
    n_pieces = len(two.pieces)
    two.desk.now += Settings().bar_s
    two.run(("bad", "good"), 100)
    assert len(two.barred) == 2 and len(two.pieces) - n_pieces <= 2


def test_who_is_alone_is_never_barred() -> None:
    """Nobody shows that its ops can be computed: they fail, and are named."""
    two = Two(2)
    two.run(("bad",), 700)
    assert not two.barred and set(two.failed) >= {0, 1}


def test_ops_that_crash_everybody_are_nobodys_fault() -> None:
    two = Two(60, guilty=frozenset(range(0, 60, 4)))
    two.run(("good", "other"), 400)
    assert not two.barred and len(two.failed) > 4 and set(two.failed) <= two.guilty
    assert all(life.faults == 0 for life in two.desk.scheduler.ledger.lives.values())


def test_its_own_results_take_faults_back() -> None:
    desk = Desk([(), ()], cost_s=0.4)
    desk.join("a")
    life = desk.scheduler.ledger.lives["a"]
    life.faults = 3
    pieces = [it for it in desk.tell(EndGraph(1)) if isinstance(it, Assign)]
    assert [it.ops for it in pieces] == [[0], [1]]
    for it in pieces:
        desk.tell(Result("a", it.assignment, 0.4))
    assert life.faults == 1


def test_what_it_computes_itself_in_the_end_was_no_fault() -> None:
    desk = Desk([()])
    desk.tell(EndGraph(1))
    desk.join("a")
    desk.join("b", memory_bytes=1)
    desk.tell(Crash("a", "killed"))
    again = desk.tell(Tick(), desk.scheduler.ledger.lives["a"].rest_until)
    (it,) = (it for it in again if isinstance(it, Assign))
    desk.tell(Result("a", it.assignment, 0.01))
    life = desk.scheduler.ledger.lives["a"]
    assert life.faults == 0 and not life.doubts


def test_if_only_the_barred_are_left_explain_says_so() -> None:
    desk = Desk([()])
    desk.join("bad")
    life = desk.scheduler.ledger.lives["bad"]
    life.barred, life.rest_until = "5 assignments failed", 600.0
    desk.scheduler.ledger.alarms.rest(life)
    desk.scheduler.ledger.look_at(life)
    desk.tell(EndGraph(1))
    said = desk.scheduler.explain(1)
    assert said == "no other contributor is connected; bad is tried again in 600 s: 5 assignments failed"


def test_a_refusal_counts_and_one_for_want_of_room_at_the_server_does_not() -> None:
    for tried in (True, False):
        desk = Desk([()], cost_s=0.7)
        desk.join("a")
        it = next(it for it in desk.tell(EndGraph(1)) if isinstance(it, Assign))
        desk.tell(Refuse("a", it.assignment, (), "the result is not valid", tried))
        again = next(it for it in desk.join("b") if isinstance(it, Assign))
        desk.tell(Result("b", again.assignment, 0.7))
        assert desk.scheduler.ledger.lives["a"].faults == tried


@pytest.mark.parametrize("has_others", [True, False])
def test_an_op_that_fails_at_one_contributor_is_innocent_if_there_are_others(has_others: bool) -> None:
    desk = Desk([()])
    desk.tell(EndGraph(1))
    pieces, failed = desk.join("bad"), False
    if has_others:
        desk.join("small", memory_bytes=1)  # it is there, and could not take the op
    for _ in range(2 * Settings().max_tries):
        assert [it.life for it in pieces if isinstance(it, Assign)] == ["bad"]
        answer = desk.tell(Crash("bad", "killed"))
        failed = any(isinstance(it, Fail) for it in answer)
        if failed:
            break
        for life in ("small", "bad"):
            desk.tell(Heard(life), desk.scheduler.ledger.lives["bad"].rest_until)
        pieces = desk.tell(Tick())
    assert failed is not has_others


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.sets(st.integers(0, 39)))
def test_whatever_ops_are_guilty_the_good_are_not_barred_and_no_innocent_op_fails(guilty: set[int]) -> None:
    two = Two(40, frozenset(guilty))
    two.run(("bad", "good", "other"), 150)
    assert {barred.life for barred in two.barred} <= {"bad"}
    assert set(two.failed) <= guilty
