"""What is overdue is dealt a second time; the first valid result wins, and nothing counts twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulation.crowds import Crowd, Peer
from simulation.desk import Desk, only
from simulation.graphs import layered
from simulation.world import World

from ravsock.scheduler import Settings
from ravsock.scheduler.events import (
    Assign,
    CancelGraph,
    Commit,
    Crash,
    Discard,
    EndGraph,
    Fail,
    Heard,
    Join,
    LoseData,
    Restore,
    Result,
    Resume,
    Resumed,
    Tick,
    Void,
    Want,
)


def overdue(desk: Desk, life: str = "b") -> tuple[Assign, Assign]:
    """a was given all that is wanted and is late; `life` comes, has nothing to do, and is given the same."""
    first = only(Assign, desk.join("a"))
    late_s = 1.5 * first.predicted_s + Settings().target_s
    desk.tell(Heard("a"), late_s - 0.1)
    assert not [it for it in desk.join(life) if isinstance(it, Assign)], "not overdue yet"
    assert desk.scheduler.timer() == pytest.approx(late_s)
    return first, only(Assign, desk.tell(Tick(), desk.scheduler.timer()))


def desk_of_three() -> Desk:
    desk = Desk([(), (0,), (1,)], cost_s=0.2)
    desk.tell(EndGraph(1))
    return desk


def test_an_overdue_assignment_is_dealt_once_more_and_no_third_time() -> None:
    desk = desk_of_three()
    first, second = overdue(desk)
    assert (second.life, second.ops, second.exports, second.keep) == ("b", first.ops, first.exports, [])
    desk.join("c")
    assert desk.tell(Tick(), desk.now + 1) == []
    counts = desk.scheduler.counts(1)
    assert (counts["computing"], counts["pending"]) == (3, 0)
    assert desk.scheduler.explain_op(1, 2).endswith("; as that is late, b does too")


@pytest.mark.parametrize("winner", ["a", "b"])
def test_the_first_result_wins_and_the_other_is_void_and_dropped(winner: str) -> None:
    desk = desk_of_three()
    pair = {it.life: it for it in overdue(desk)}
    won, lost = pair.pop(winner), *pair.values()
    answer = desk.tell(Result(won.life, won.assignment, 0.6))
    assert only(Commit, answer).computed == [0, 1, 2]
    void = only(Void, answer)
    assert (void.assignment, void.reason) == (lost.assignment, f"{winner} has computed it meanwhile")
    assert desk.tell(Result(lost.life, lost.assignment, 0.6)) == [Discard(lost.assignment, lost.life)]
    counts = desk.scheduler.counts(1)
    assert (counts["computed"], counts["computing"]) == (3, 0)
    seconds = desk.scheduler.ledger.developers["ada"].seconds
    assert seconds == pytest.approx(0.6), "the developer pays for one of the two"


@pytest.mark.parametrize("gone", ["a", "b"])
def test_if_one_of_the_two_crashes_the_other_goes_on_alone(gone: str) -> None:
    desk = desk_of_three()
    pair = {it.life: it for it in overdue(desk)}
    pair.pop(gone)
    (left,) = pair.values()
    answer = desk.tell(Crash(gone, "killed"))
    assert not [it for it in answer if isinstance(it, Assign)], "its ops are no work again"
    assert desk.scheduler.ledger.developers["ada"].seconds == pytest.approx(0.6)
    assert only(Commit, desk.tell(Result(left.life, left.assignment, 0.6))).computed == [0, 1, 2]


def test_if_both_crash_the_ops_are_work_again() -> None:
    desk = desk_of_three()
    overdue(desk)
    desk.tell(Crash("a", "killed"))
    desk.tell(Crash("b", "killed"))
    assert only(Assign, desk.join("c")).ops == [0, 1, 2]
    assert desk.scheduler.ledger.developers["ada"].seconds == pytest.approx(0.6)


def test_a_copy_is_itself_copied_if_it_is_late_and_alone() -> None:
    desk = desk_of_three()
    _, second = overdue(desk)
    desk.tell(Crash("a", "killed"))
    for life in ("b", "c"):
        desk.join(life)
    later = second.predicted_s * 1.5 + Settings().target_s
    answer = desk.tell(Tick(), desk.now + later + 0.01)
    assert only(Assign, answer).ops == [0, 1, 2]


def test_an_op_that_fails_at_one_of_the_two_fails_once() -> None:
    desk = desk_of_three()
    first, second = overdue(desk)
    answer = desk.tell(Result("b", second.assignment, 0.2, ((1, "singular"),)))
    assert only(Fail, answer).failed == [(1, 1, "singular"), (2, 1, "singular")]
    assert only(Commit, answer).computed == [0] and only(Void, answer).assignment == first.assignment
    assert desk.tell(Result("a", first.assignment, 0.2)) == [Discard(first.assignment, "a")]


def test_nothing_is_copied_while_work_is_ready() -> None:
    desk = Desk([()] * 4, cost_s=1.0)
    desk.join("a")
    desk.tell(EndGraph(1))
    assert len(desk.scheduler.ledger.assignments) == 2, "two at a, two are ready"
    desk.tell(Heard("a"), 3.9)
    pieces = [it for it in desk.join("b") if isinstance(it, Assign)]
    assert sorted(op for it in pieces for op in it.ops) == [2, 3]


def test_nothing_is_copied_while_ready_work_waits_for_a_better_contributor() -> None:
    """An idle one that is not given ready work, as its uplink is too slow, is given no copies either."""
    desk = Desk([()], cost_s=0.01)
    desk.join("a")
    desk.tell(Want(1, (0,)))
    desk.add([(), ()], cost_s=1.0, size_bytes=10_000_000)
    desk.tell(EndGraph(1))
    assert not desk.tell(Join("b", "b", 1.0, 10**9, 1e5, 1e5, 0.001))
    assert not [it for it in desk.tell(Heard("a"), 1.5) if isinstance(it, Assign)]


def test_a_slow_contributor_is_not_given_a_copy_that_would_come_too_late() -> None:
    desk = desk_of_three()
    first = only(Assign, desk.join("a"))
    late_s = 1.5 * first.predicted_s + Settings().target_s
    desk.tell(Join("slow", "slow", 0.2, 10**9, 1e9, 1e9, 0.001))  # needs 3 s: worth it when a seems to need 6
    desk.tell(Heard("a"), late_s + 0.1)
    assert not desk.tell(Tick(), late_s + 0.1)
    worth_s = first.predicted_s + 2 * (0.6 / 0.2 + 0.002)
    desk.tell(Heard("a"), worth_s - 0.5)
    desk.tell(Heard("slow"), worth_s - 0.5)
    settings = desk.scheduler.settings
    assert worth_s < settings.deadline_factor * first.predicted_s + settings.floor_s
    assert not [it for it in desk.tell(Tick(), worth_s - 0.01) if isinstance(it, Assign)]
    assert only(Assign, desk.tell(Tick(), worth_s + 0.01)).life == "slow"


def desk_with_a_promise() -> tuple[Desk, Assign, Assign]:
    """a makes op 0 and keeps it for op 1, which it has too; b has the rest, and c nothing to do."""
    desk = Desk([(), (0,), (), (2,)], cost_s=0.7)
    desk.tell(Want(1, (1, 3)))
    first, second = (it for it in desk.join("a") if isinstance(it, Assign))
    assert (first.ops, first.exports, second.ops, second.held) == ([0], [], [1], [0])
    for it in [it for it in desk.join("b") if isinstance(it, Assign)]:
        desk.tell(Result("b", it.assignment, 0.7))
    return desk, first, second


def test_what_needs_a_value_that_only_one_life_has_is_not_copied() -> None:
    desk, first, _ = desk_with_a_promise()
    desk.tell(Result("a", first.assignment, 0.7), 0.8)
    assert desk.scheduler.is_computed(1, 0) and not desk.scheduler.is_available(1, 0)
    desk.join("c")
    for at in (3.2, 4.3, 5.4):
        desk.tell(Heard("c"), at)
        assert not [it for it in desk.tell(Tick(), at) if isinstance(it, Assign) and 1 in it.ops]


def test_a_copy_brings_what_the_original_would_have_kept() -> None:
    desk, first, second = desk_with_a_promise()
    copy = only(Assign, desk.tell(Tick(), 3.0))
    assert (copy.life, copy.ops, copy.exports) == ("b", [0], [0])
    answer = desk.tell(Result("b", copy.assignment, 0.7))
    voids = [it.assignment for it in answer if isinstance(it, Void)]
    assert voids == [first.assignment, second.assignment], "what relied on it comes back with it"
    assert desk.scheduler.is_available(1, 0)


def test_a_lost_operand_of_two_copies_is_computed_again_and_counts_once() -> None:
    desk = Desk([(), (0,)], cost_s=0.7)
    desk.tell(Want(1, (0, 1)))
    first = only(Assign, desk.join("a"))
    desk.tell(Result("a", first.assignment, 0.7))
    assert desk.scheduler.is_available(1, 0)
    desk.tell(Heard("a"), 3.9)
    desk.join("b")
    desk.tell(Tick(), 4.0)
    holding = [it for it in desk.scheduler.ledger.assignments.values() if 1 in it.ops]
    assert len(holding) == 2
    again = desk.tell(LoseData(1, (0,)))
    assert [op for it in again if isinstance(it, Assign) for op in it.ops] == [0]
    won = min(holding, key=lambda it: it.life)
    desk.tell(Result(won.life, won.number, 0.7))
    assert desk.scheduler.is_computed(1, 1)


def test_a_cancelled_graph_voids_both() -> None:
    desk = desk_of_three()
    first, second = overdue(desk)
    voids = [it.assignment for it in desk.tell(CancelGraph(1)) if isinstance(it, Void)]
    assert sorted(voids) == [first.assignment, second.assignment]


@pytest.mark.parametrize("winner", ["a", "b"])
def test_both_are_live_after_a_restart_and_one_counts(winner: str) -> None:
    desk = desk_of_three()
    pair = {it.life: it for it in overdue(desk)}
    desk = Desk([(), (0,), (1,)], cost_s=0.2)
    empty = np.array([], np.int32)
    desk.tell(Restore(1, empty, empty, empty))
    for life, it in pair.items():
        resumed = only(Resumed, desk.tell(Resume(Join(life, life, 1.0, 10**9, 1e9, 1e9, 0.001), (it,))))
        assert resumed.assign.ops == [0, 1, 2]
    assert desk.tell(EndGraph(1)) == []
    won, lost = pair.pop(winner), *pair.values()
    answer = desk.tell(Result(won.life, won.assignment, 0.6))
    assert only(Commit, answer).computed == [0, 1, 2]
    assert only(Void, answer).assignment == lost.assignment
    assert desk.tell(Result(lost.life, lost.assignment, 0.6)) == [Discard(lost.assignment, lost.life)]


def test_a_third_of_the_same_ops_after_a_restart_is_void() -> None:
    desk = desk_of_three()
    it = only(Assign, desk.join("a"))
    desk = desk_of_three()
    for number, life in enumerate("abc"):
        other = replace(it, assignment=50 + number, life=life)
        answer = desk.tell(Resume(Join(life, life, 1.0, 10**9, 1e9, 1e9, 0.001), (other,)))
    assert only(Void, answer).assignment == 52


def test_who_is_overtaken_is_believed_to_be_slower() -> None:
    desk = desk_of_three()
    _, second = overdue(desk)
    desk.tell(Result("b", second.assignment, 0.6))
    speeds = {name: life.speed for name, life in desk.scheduler.ledger.lives.items()}
    assert speeds["a"] < 1.0 and speeds["b"] == pytest.approx(1.0)


def test_copies_shorten_what_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two contributors stalls in the end: with copies nobody waits for its deadline."""
    crowd = Crowd("stalling", tuple(Peer(f"peer-{i}") for i in range(4)), stalls=0.1)
    with_copies = _seconds(crowd)
    monkeypatch.setattr("ravsock.scheduler.core.deal_copies", lambda ledger: None)
    assert with_copies < 0.9 * _seconds(crowd)


def _seconds(crowd: Crowd) -> float:
    total_s = 0.0
    for seed in range(4):
        world = World(crowd, seed=seed, checked=True)
        work = layered(200, 20, cost_s=0.2)
        world.submit(work)
        outcome = world.run()
        assert all((1, op) in world.store for op in work.sinks())
        total_s += outcome.makespan_s
    return total_s
