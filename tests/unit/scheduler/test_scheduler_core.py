"""Single decisions of the scheduler, event by event."""

import numpy as np
import pytest
from simulation.crowds import home, lan8, local1, local2, tabs
from simulation.desk import Desk, only
from simulation.graphs import MB, Work, chain, descent, independent, layered, matmul, perceptron
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
    Instruction,
    Leave,
    LoseData,
    Lost,
    Refuse,
    Restore,
    Result,
    Tick,
    Void,
    Want,
)
from ravsock.scheduler.leases import learned_speed
from ravsock.scheduler.state import Life


def test_submitting_only_stores() -> None:
    desk = Desk([(), (0,)])
    assert desk.join() == []
    assert desk.scheduler.explain(1) == "nothing of the graph was asked for yet"


def test_waiting_for_a_value_computes_its_ancestors_and_nothing_else() -> None:
    desk = Desk([(), (0,), (), (2,)])
    desk.join()
    assign = only(Assign, desk.tell(Want(1, (1,))))
    assert (assign.ops, assign.exports) == ([0, 1], [1])
    commit = only(Commit, desk.tell(Result("a", assign.assignment, 0.02)))
    assert (commit.computed, commit.exports) == ([0, 1], [1])
    assert not desk.scheduler.is_available(1, 0)


def test_more_than_a_second_of_ready_work_does_not_wait_to_be_asked_for() -> None:
    desk = Desk([()] * 3, cost_s=0.4)
    assert any(isinstance(it, Assign) for it in desk.join())


def test_a_forgotten_value_is_computed_again_with_its_lineage_when_asked_for() -> None:
    desk = Desk([(), (0,), (1,)])
    desk.join()
    first = only(Assign, desk.tell(Want(1, (2,))))
    desk.tell(Result("a", first.assignment, 0.02))
    again = only(Assign, desk.tell(Want(1, (1,))))
    assert (again.ops, again.exports) == ([0, 1], [1])
    assert desk.scheduler.counts(1)["computed"] == 1


def test_a_new_op_brings_a_forgotten_operand_back() -> None:
    desk = Desk([(), (0,)])
    desk.join()
    desk.tell(Result("a", only(Assign, desk.tell(Want(1, (1,)))).assignment, 0.02))
    desk.add([(0,)])
    assert only(Assign, desk.tell(Want(1, (2,)))).ops == [0, 2]


def test_a_value_wanted_while_it_is_computed_for_others_comes_in_the_end() -> None:
    desk = Desk([(), (0,)])
    desk.join()
    first = only(Assign, desk.tell(Want(1, (1,))))
    desk.tell(Want(1, (0,)))
    answer = desk.tell(Result("a", first.assignment, 0.02))
    again = only(Assign, answer)
    assert (again.ops, again.exports) == ([0], [0])


@pytest.mark.parametrize("life", ["b", "unknown"])
def test_a_result_of_another_life_changes_nothing(life: str) -> None:
    desk = Desk([()])
    desk.join("a")
    desk.join("b")
    assign = only(Assign, desk.tell(Want(1, (0,))))
    other = life if assign.life == "a" else life.replace("b", "a")
    assert desk.tell(Result(other, assign.assignment, 0.01)) == [Discard(assign.assignment, other)]
    assert desk.scheduler.counts(1)["computed"] == 0


def test_a_silent_life_is_buried_and_its_work_goes_to_another() -> None:
    desk = Desk([()], cost_s=20)
    assign = only(Assign, desk.join("a"))
    for at in (3, 6, 9):
        desk.tell(Heard("b"), at)
    instructions = desk.tell(Tick(), desk.scheduler.timer())
    assert [type(it) for it in instructions] == [Void, Lost]
    assert desk.now == 10.0
    desk.join("c")
    assert desk.tell(Result("a", assign.assignment, 20)) == [Discard(assign.assignment, "a")]


def test_a_passed_deadline_returns_the_work_and_the_life_gets_nothing_until_it_answers() -> None:
    desk = Desk([()], cost_s=0.01)
    desk.join()
    assign = only(Assign, desk.tell(Want(1, (0,))))
    assert desk.scheduler.timer() == assign.deadline
    assert [type(it) for it in desk.tell(Tick(), assign.deadline)] == [Void]
    assert "deadlines" in desk.scheduler.explain(1)
    assert desk.tell(Heard("a"), assign.deadline + 1) == [], "a heart beats also while a kernel hangs"
    assert only(Assign, desk.tell(Heard("a", answered=True), assign.deadline + 2)).ops == [0]


def test_a_life_that_only_beats_after_a_passed_deadline_is_tried_again_in_the_end() -> None:
    desk = Desk([()], cost_s=0.01)
    desk.join()
    desk.tell(Tick(), only(Assign, desk.tell(Want(1, (0,)))).deadline)
    silence_s, began, given = desk.scheduler.settings.silence_s, desk.now, []
    for second in range(1, 40):
        given += [desk.now for it in desk.tell(Heard("a"), began + second) if isinstance(it, Assign)]
        if given:
            break
    assert given == [began + silence_s]


def test_an_op_that_kills_fails_once_it_has_killed_three_times_alone() -> None:
    desk = Desk([()] * 40, cost_s=1e-4)
    desk.tell(EndGraph(1))
    failed: list[tuple[int, int, str]] = []
    pending: list[Instruction] = []
    for life in range(400):
        pending = [it for it in pending if isinstance(it, Assign)]
        if not pending:
            pending = desk.join(f"life-{life}")
            continue
        it = pending.pop(0)
        if 17 in it.ops:
            pending = [other for other in pending if other.life != it.life]  # type: ignore[union-attr]
            answer = desk.tell(Crash(it.life, "killed"), desk.now + 100)
        else:
            answer = desk.tell(Result(it.life, it.assignment, 0.01))
        failed += [row for fail in answer if isinstance(fail, Fail) for row in fail.failed]
        pending += answer
        desk.scheduler.handle(Tick(), desk.now)
        if desk.scheduler.ledger.graphs[1].finished:
            break
    assert failed == [(17, 17, "gave up after 6 tries, 3 of them alone in its piece: killed")]
    assert desk.scheduler.counts(1)["computed"] == 39


@pytest.mark.parametrize(("lost", "limit"), [(False, 3), (True, 12)])
def test_lives_that_vanish_with_an_op_are_held_against_it_less_than_crashes(lost: bool, limit: int) -> None:
    desk = Desk([()])
    desk.tell(Want(1, (0,)))
    for n in range(1, limit + 1):
        assign = only(Assign, desk.join(f"life-{n}"))
        if lost:
            answer = desk.tell(Tick(), desk.now + Settings().lease_s)
        else:
            answer = desk.tell(Crash(assign.life, "killed"))
            desk.tell(Leave(assign.life))
        failed = [row for it in answer if isinstance(it, Fail) for row in it.failed]
        assert len(failed) == (n == limit), n


def test_an_op_in_company_is_never_blamed() -> None:
    """Two ops that always travel together: whichever dies with the other, neither is known to be at fault."""
    desk = Desk([(), ()], cost_s=1e-5, settings=Settings(try_shift=0))
    desk.tell(EndGraph(1))
    for n in range(20):
        assign = only(Assign, desk.join(f"life-{n}"))
        assert assign.ops == [0, 1]
        assert not [it for it in desk.tell(Crash(assign.life, "killed")) if isinstance(it, Fail)]
        desk.tell(Leave(assign.life))


def test_a_failed_op_fails_its_dependents_and_nothing_else() -> None:
    desk = Desk([(), (0,), (1,), (0,)], cost_s=1e-5)
    desk.join()
    assign = only(Assign, desk.tell(EndGraph(1)))
    answer = desk.tell(Result("a", assign.assignment, 0.01, ((1, "singular"),)))
    assert only(Fail, answer).failed == [(1, 1, "singular"), (2, 1, "singular")]
    assert only(Commit, answer).computed == [0, 3]
    assert only(Fail, desk.add([(2,)])).failed == [(4, 1, "singular")]


def desk_with_a_held_operand() -> tuple[Desk, Assign]:
    """Life a keeps the value of op 0, and is computing op 1 with it; op 2 needs it too."""
    desk = Desk([(), (0,), (0,)], cost_s=0.6)
    desk.tell(Want(1, (1, 2)))
    first = only(Assign, desk.join())
    assert (first.ops, first.keep) == ([0], [0])
    answer = desk.tell(Result("a", first.assignment, 0.6))
    second = next(it for it in answer if isinstance(it, Assign))
    assert (second.held, second.inputs) == ([0], [])
    return desk, second


def test_a_refusal_for_missing_operands_sends_them_along_the_next_time() -> None:
    desk, second = desk_with_a_held_operand()
    answer = desk.tell(Refuse("a", second.assignment, (0,), "not kept"))
    again = next(it for it in answer if isinstance(it, Assign))
    assert (again.held, again.inputs) == ([], [0])


def test_what_waits_behind_a_refusal_for_the_same_operand_comes_back_with_it() -> None:
    """Found by the simulation: it was left waiting for a value that the life was known not to have."""
    desk = Desk([(), (0,), (0,)], cost_s=0.6)
    desk.tell(Want(1, (0, 1, 2)))
    first = only(Assign, desk.join())
    answer = desk.tell(Result("a", first.assignment, 0.6))
    pieces = [it for it in answer if isinstance(it, Assign)]
    assert [(it.ops, it.held) for it in pieces] == [([1], [0]), ([2], [0])]
    again = desk.tell(Refuse("a", pieces[0].assignment, (0,), "not kept"))
    assert [it.assignment for it in again if isinstance(it, Void)] == [it.assignment for it in pieces]
    assert [it.inputs for it in again if isinstance(it, Assign)][:1] == [[0]]


def test_a_life_that_refuses_is_not_asked_again_at_once() -> None:
    desk = Desk([()])
    desk.join()
    assign = only(Assign, desk.tell(Want(1, (0,))))
    assert [type(it) for it in desk.tell(Refuse("a", assign.assignment, (), "no memory"))] == [Void]
    assert "refused" in desk.scheduler.explain(1)
    assert only(Assign, desk.tell(Tick(), desk.scheduler.timer())).ops == [0]


@pytest.mark.parametrize(("tried", "fails"), [(True, True), (False, False)])
def test_a_refusal_that_is_not_the_ops_fault_is_no_try(tried: bool, fails: bool) -> None:
    desk = Desk([()])
    desk.join()
    assign, failed = only(Assign, desk.tell(Want(1, (0,)))), False
    for _ in range(2 * desk.scheduler.settings.max_tries):
        answer = desk.tell(Refuse("a", assign.assignment, (), "no room at the server", tried))
        failed = any(isinstance(it, Fail) for it in answer)
        if failed:
            break
        at = desk.scheduler.ledger.lives["a"].rest_until
        assign = only(Assign, [*desk.tell(Heard("a"), at), *desk.tell(Tick(), at)])
    assert failed is fails


def test_what_a_crashed_child_held_is_sent_again() -> None:
    desk, _ = desk_with_a_held_operand()
    desk.tell(Crash("a", "killed"))
    answer = desk.tell(Tick(), desk.scheduler.timer())
    again = next(it for it in answer if isinstance(it, Assign))
    assert (again.held, again.inputs) == ([], [0])


def test_what_a_void_assignment_would_have_kept_is_not_counted_on() -> None:
    desk = Desk([(), (0,), (0,)], cost_s=0.6)
    desk.tell(Want(1, (1, 2)))
    first = only(Assign, desk.join())
    assert desk.scheduler.ledger.lives["a"].held
    desk.tell(Heard("a"), 5.0)
    desk.tell(Tick(), first.deadline)
    assert not desk.scheduler.ledger.lives["a"].held


def test_an_op_that_fits_nobody_says_so_and_runs_when_a_larger_contributor_comes() -> None:
    desk = Desk([()], size_bytes=9_100_000_000)
    desk.join("small", 2_000_000_000)
    assert desk.tell(Want(1, (0,))) == []
    reason = "op 0 needs 9.1 GB and the largest contributor, small, gives 1 GB of its 2 GB"
    assert desk.scheduler.explain(1) == reason
    assert only(Assign, desk.join("large", 64_000_000_000)).life == "large"


@pytest.mark.parametrize("was_silent", [True, False])
def test_an_op_set_aside_while_the_only_large_one_was_away_runs_when_it_is_back(was_silent: bool) -> None:
    desk = Desk([()])
    first = only(Assign, [*desk.tell(Want(1, (0,))), *desk.join("large")])
    desk.join("small", memory_bytes=1)
    if was_silent:
        desk.tell(Heard("small"), first.deadline - 1)
        desk.tell(Heard("large"), first.deadline - 1)
        desk.tell(Tick(), first.deadline)
        back = [*desk.tell(Heard("small"), desk.now + 1), *desk.tell(Heard("large", answered=True))]
    else:
        desk.tell(Refuse("large", first.assignment, (), "no memory"))
        assert "the largest contributor" in desk.scheduler.explain(1)
        back = desk.tell(Tick(), desk.scheduler.ledger.lives["large"].rest_until)
    assert only(Assign, back).life == "large"


def test_explain_names_who_computes() -> None:
    desk = Desk([()])
    desk.tell(Want(1, (0,)))
    assert desk.scheduler.explain(1) == "no contributor is connected"
    desk.join("ravpy-a")
    desk.tell(Heard("ravpy-a"), 2.0)
    assert desk.scheduler.explain(1) == "1 op is being computed by ravpy-a, the first for 2.0 s"


def test_lost_data_is_computed_again_only_if_somebody_needs_it() -> None:
    desk = Desk([(), ()])
    desk.join()
    assign = only(Assign, desk.tell(Want(1, (0,))))
    desk.tell(Result("a", assign.assignment, 0.01))
    assert only(Assign, desk.tell(LoseData(1, (0,)))).ops == [0]


def test_a_reloaded_graph_goes_on_where_sql_left_it() -> None:
    desk = Desk([(), (0,), (1,), ()])
    ops = np.array([0, 1], np.int32)
    desk.tell(Restore(1, ops, np.array([1], np.int32), np.array([3], np.int32)))
    desk.tell(EndGraph(1))
    assign = only(Assign, desk.join())
    assert (assign.ops, assign.inputs) == ([2], [1])
    assert desk.scheduler.counts(1)["failed"] == 1


def test_a_cancelled_graph_voids_its_assignments() -> None:
    desk = Desk([()])
    desk.join()
    assign = only(Assign, desk.tell(Want(1, (0,))))
    assert only(Void, desk.tell(CancelGraph(1))).assignment == assign.assignment
    assert desk.tell(Result("a", assign.assignment, 0.01)) == [Discard(assign.assignment, "a")]


def test_an_idle_scheduler_sets_no_timer() -> None:
    desk = Desk([()])
    assert desk.scheduler.timer() is None
    desk.join()
    assert desk.scheduler.timer() == Settings().lease_s


def test_one_stall_barely_moves_the_speed_estimate_and_ten_do() -> None:
    life = Life("a", "a", 1.0, 1, 1.0, 1.0, 0.0, 0.0)
    life.speed = learned_speed(life, 1.0, 20.0, Settings())
    assert 1 / life.speed < 1.25
    for _ in range(9):
        life.speed = learned_speed(life, 1.0, 20.0, Settings())
    assert 1 / life.speed > 5


def makespan(work: Work, world: World) -> float:
    world.submit(work)
    return world.run().makespan_s


@pytest.mark.parametrize("work", [matmul(8), descent(50), layered(1000)], ids=lambda work: work.name)
def test_two_equal_contributors_are_nearly_twice_as_fast_as_one(work: Work) -> None:
    assert makespan(work, World(local1())) / makespan(work, World(local2())) >= 1.7


def test_a_chain_stays_together_whatever_the_crowd() -> None:
    world = World(lan8())
    assert makespan(chain(1000), world) < 1.0
    assert world.outcome.assignments <= 5


def test_ten_thousand_tiny_ops_need_few_messages() -> None:
    world = World(local2())
    makespan(independent(), world)
    assert world.outcome.messages < 150


def test_a_fan_out_is_shared_by_two() -> None:
    world = World(local2())
    makespan(descent(50), world)
    assert max(world.outcome.ops.values()) <= 0.6 * sum(world.outcome.ops.values())


def test_hundreds_of_unfaithful_contributors_compute_everything() -> None:
    world = World(tabs(300), seed=2)
    work = layered(1500, 50)
    world.submit(work)
    world.run()
    assert world.scheduler.counts(1)["computed"] == len(work.ins)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("crowd", [home, tabs], ids=["home", "tabs"])
def test_every_graph_survives_every_crowd(crowd, seed: int) -> None:  # type: ignore[no-untyped-def]
    for work in (independent(), chain(300, 1e-3, MB), descent(30), perceptron(10), layered(1000)):
        world = World(crowd(seed=seed), seed=seed)
        world.submit(work)
        world.run()
        assert world.scheduler.counts(1)["computed"] == len(work.ins)
