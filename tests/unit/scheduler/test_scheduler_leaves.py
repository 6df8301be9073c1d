"""Ops in columns: what is done to many at once is what would be done to each."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation.crowds import Crowd, Peer, local2
from simulation.desk import Desk
from simulation.graphs import Work
from simulation.world import World

from ravsock.scheduler import grow, leaves, lineage, ready, state
from ravsock.scheduler.events import Assign, EndGraph, Want
from ravsock.scheduler.state import ASSIGNED, AWAITED, OPENED, READY, Graph

#: all sums are exact, so that their order does not matter
COSTS = (2.0**-18, 2.0**-14, 2.0**-10, 2.0**-6)
SIZES = (8, 1 << 10, 1 << 20)
SMALL = Crowd("small", (Peer("a", 1.0, 2.0**24, 2.0**22, 2.0**-9, memory_bytes=1 << 23),))


def wide(seed: int, count: int) -> Work:
    """Mostly leaves over shared sources, with some ops that others use and some that use such."""
    rng = random.Random(seed)
    work = Work("wide")
    used = [work.data(rng.choice(SIZES)) for _ in range(20)]
    for _ in range(count):
        operands = rng.sample(used, rng.randrange(1, 4))
        op = work.op(operands, rng.choice(COSTS), rng.choice(SIZES))
        if rng.random() < 0.05:
            used.append(op)
    return work


def pieces(work: Work, crowd: Crowd, columns: bool) -> list[list[int]]:
    """What is assigned, in order."""
    with pytest.MonkeyPatch.context() as patch:
        if not columns:
            patch.setattr(grow, "take_leaves", lambda growth: False)
            for module in (lineage, ready):
                patch.setattr(module, "FEW", 1 << 30)
        sent: list[list[int]] = []
        world = World(crowd, checked=len(work.ins) < 500)
        real = world._send

        def send(it: Assign) -> None:
            sent.append([*it.ops, -1, *it.inputs, -1, *it.exports])
            real(it)

        patch.setattr(world, "_send", send)
        world.submit(work)
        world.run()
        assert all((1, op) in world.store for op in work.sinks())
    return sent


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("crowd", [local2(), SMALL], ids=lambda crowd: crowd.name)
def test_leaves_in_columns_make_the_pieces_that_one_by_one_makes(crowd: Crowd, seed: int) -> None:
    work = wide(seed, 300 if seed < 8 else 1500)
    assert pieces(work, crowd, columns=True) == pieces(work, crowd, columns=False)


def test_leaves_are_really_taken_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    real = leaves.Columns.take

    def take(self: leaves.Columns, growth: grow.Growth, ops: list[int], count: int) -> None:
        taken.append(count)
        real(self, growth, ops, count)

    monkeypatch.setattr(leaves.Columns, "take", take)
    pieces(wide(1, 3000), local2(), columns=True)
    assert sum(taken) > 1000


def test_an_op_that_is_listed_twice_is_taken_once() -> None:
    graph = Graph(1, "ada")
    for column in (graph.needed, graph.state):
        column.extend([0] * 4)
    for op in (0, 1, 2):
        graph.state[op] = READY
    graph.outs += [(), (), (), ()]
    worse = ready._UNASKED
    graph.ahead = sorted([0, 0, 1, worse | 1, worse | 2, worse | 3], reverse=True)  # 3 is not ready
    assert ready.leaves(graph, 10) == [0, 1, 2]
    assert graph.ahead == [worse | 2, 1, 0]
    ready.drop(graph, 2)
    assert graph.ahead == [worse | 2]


def test_better_ops_that_came_late_are_not_overtaken() -> None:
    graph = Graph(1, "ada")
    graph.state.extend([READY, READY, READY])
    graph.outs += [(), (), ()]
    graph.ahead, graph.late = [2, 0], [1]
    assert ready.leaves(graph, 10) == [0]
    graph.state[1] = ASSIGNED
    assert ready.leaves(graph, 10) == [0, 2] and not graph.late


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e9, allow_subnormal=False),
            st.sampled_from((OPENED, AWAITED)),
            st.booleans(),
            st.integers(0, 2),
            st.booleans(),
        ),
        min_size=1,
    )
)
def test_many_ranks_are_the_ranks_of_each(rows: list[tuple[float, int, bool, int, bool]]) -> None:
    graph = Graph(1, "ada")
    for path_s, needed, recipe, open_, wanted in rows:
        graph.path_s.append(path_s)
        graph.needed.append(needed)
        graph.recipe.append(recipe)
        graph.open.append(open_)
        graph.wanted.append(wanted)
    ops = list(range(len(rows)))
    assert ready._ranked(graph, ops) == [ready._entry(graph, op) for op in ops]
    assert all(0 <= entry < 1 << 63 for entry in ready._ranked(graph, ops))


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_longer_path_comes_first_and_the_awaited_before_all(one: float, other: float) -> None:
    graph = Graph(1, "ada")
    graph.path_s.extend([one, other, 0.0])
    graph.needed.extend([OPENED, OPENED, AWAITED])
    for column in (graph.recipe, graph.wanted):
        column.extend([0, 0, 0])
    graph.open.extend([1, 1, 1])
    first, second, awaited = (ready._entry(graph, op) for op in range(3))
    assert awaited < min(first, second)
    if one > other * (1 + 1e-6):
        assert first < second


def test_a_view_shares_its_memory() -> None:
    graph = Graph(1, "ada")
    graph.open.extend([1, 2, 3])
    state.view(graph.open)[1] = 7
    assert graph.open.tolist() == [1, 7, 3]


def test_ops_asked_for_again_after_the_graph_has_grown_are_in_one_piece_each() -> None:
    # Given a graph that works by itself, so that its ops are listed, and grows until all are ranked anew
    desk = Desk([()] * 400, cost_s=0.01)
    desk.add([()] * 300, cost_s=0.01)
    # When all are asked for, which lists them again, and somebody comes
    desk.tell(Want(1, tuple(range(700))))
    desk.tell(EndGraph(1))
    pieces = [it.ops for it in desk.join("a") if isinstance(it, Assign)]
    # Then no op is there twice
    given = [op for piece in pieces for op in piece]
    assert len(given) > 48 and len(given) == len(set(given))
