"""Recipes: ops without operands that are quicker to make than to move are made where they are needed."""

import pytest
from simulation.crowds import home, local2
from simulation.desk import Desk, only
from simulation.graphs import MB, made_matmul
from simulation.world import Outcome, World

from ravsock.scheduler import lineage
from ravsock.scheduler.events import Assign, Commit, EndGraph, LoseData, Refuse, Result, Void, Want

#: a matrix, and two ops that use it with nothing else
FAN = [(), (0,), (0,)]


def desk_with_two_users() -> tuple[Desk, Assign, Assign]:
    """Op 0 is a recipe; two lives compute one of its dependents each."""
    desk = Desk(FAN[:1], cost_s=0.001, size_bytes=10 * MB)
    desk.add(FAN[1:], cost_s=0.4)
    desk.join("a")
    desk.join("b")
    first, second = (it for it in desk.tell(EndGraph(1)) if isinstance(it, Assign))
    return desk, first, second


def test_two_lives_make_it_each_and_one_owns_it() -> None:
    desk, first, second = desk_with_two_users()
    assert sorted(first.ops + second.ops) == [0, 1, 2]
    assert first.remade + second.remade == [0]
    assert not first.inputs and not second.inputs
    assert first.exports + second.exports == [1, 2]
    desk.tell(Result(first.life, first.assignment, 0.4))
    commit = only(Commit, desk.tell(Result(second.life, second.assignment, 0.4)))
    assert 0 not in commit.computed or 0 in second.ops
    assert desk.scheduler.counts(1)["computed"] == 3 and not desk.scheduler.is_available(1, 0)


def test_a_dependent_is_ready_before_its_recipe_is_made() -> None:
    _, first, second = desk_with_two_users()
    owner, other = (first, second) if 0 in first.ops else (second, first)
    assert owner.ops[0] == 0 and other.remade == [0] and len(other.ops) == 1


def test_one_that_is_wanted_comes_to_the_server() -> None:
    desk, first, second = desk_with_two_users()
    desk.tell(Want(1, (0,)))
    for it in (first, second):
        desk.tell(Result(it.life, it.assignment, 0.4))
    (made,) = desk.scheduler.ledger.assignments.values()
    assert made.ops == made.exports == [0]
    desk.tell(Result(made.life, made.number, 0.001))
    assert desk.scheduler.is_available(1, 0) and desk.scheduler.counts(1)["computed"] == 3


def test_its_value_lost_at_the_server_does_not_hold_up_its_dependents() -> None:
    desk = Desk(FAN[:1], cost_s=0.001, size_bytes=10 * MB)
    desk.join("a")
    first = only(Assign, desk.tell(Want(1, (0,))))
    desk.tell(Result("a", first.assignment, 0.001))
    desk.add(FAN[1:], cost_s=0.01)
    lost = only(Assign, desk.tell(LoseData(1, (0,))))
    assert lost.ops == lost.exports == [0]
    desk.join("b")
    others = [it for it in desk.tell(EndGraph(1)) if isinstance(it, Assign) and it.life == "b"]
    assert others and all(it.remade == [0] for it in others if 0 not in it.held)


def test_who_cannot_make_it_once_more_gives_its_piece_back() -> None:
    desk, first, second = desk_with_two_users()
    owner, other = (first, second) if 0 in first.ops else (second, first)
    desk.tell(Result(owner.life, owner.assignment, 0.4))
    told = desk.tell(Result(other.life, other.assignment, 0.1, failed=((0, "ValueError: no"),)))
    assert only(Void, told).assignment == other.assignment
    assert desk.scheduler.counts(1)["failed"] == 0
    again = [it for it in told if isinstance(it, Assign)]
    assert again and again[0].life == owner.life and again[0].ops == other.ops


def test_what_a_life_has_made_it_is_not_told_to_make_again() -> None:
    desk = Desk([()], cost_s=0.001, size_bytes=10 * MB)
    desk.add([(0,)] * 2, cost_s=0.9)  # more than a second: it begins by itself
    pieces = [it for it in desk.join("a") if isinstance(it, Assign)]
    assert [it.ops for it in pieces] == [[0, 1], [2]]
    assert pieces[0].keep == [0] and pieces[1].held == [0] and not pieces[1].remade
    refused = desk.tell(Refuse("a", pieces[1].assignment, (0,), "not held"))
    assert only(Assign, refused).remade == [0]


def outcome_of(crowd) -> Outcome:  # type: ignore[no-untyped-def]
    world = World(crowd, checked=True)
    work = made_matmul()
    world.submit(work)
    outcome = world.run()
    assert all((1, op) in world.store for op in work.sinks())
    return outcome


@pytest.mark.parametrize("crowd", [local2(), home(10)], ids=lambda crowd: crowd.name)
def test_a_product_of_made_matrices_moves_few_of_them(crowd, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    ours = outcome_of(crowd)
    monkeypatch.setattr(lineage, "_MOVED_BPS", float("inf"))
    moved = outcome_of(crowd)
    assert 1.5 * (ours.up_bytes + ours.down_bytes) < moved.up_bytes + moved.down_bytes
    assert ours.makespan_s < 1.05 * moved.makespan_s


def test_a_recipe_that_is_ready_beside_its_user_is_made_once() -> None:
    """It may be taken as a seed behind the op that uses it: an assignment that had it twice was refused."""
    desk = Desk([(), (0,)], cost_s=1e-6, size_bytes=1_600_000)
    desk.join()
    assign = only(Assign, desk.tell(Want(1, (1,))))
    assert sorted([*assign.remade, *assign.ops]) == [0, 1]
    assert assign.ops == [0, 1]
