"""Whole graphs computed by simulated crowds; every invariant is checked after every event."""

import pytest
from simulation.crowds import Crowd, Peer, home, lan8, local2
from simulation.graphs import (
    KB,
    Work,
    chain,
    descent,
    independent,
    layered,
    made_matmul,
    matmul,
    perceptron,
    tree,
)  # fmt: skip
from simulation.world import World

from ravsock.scheduler import Settings

SMALL = {
    "independent": lambda: independent(200, 5e-3),
    "chain": lambda: chain(150, 20e-3),
    "tree": lambda: tree(128, 5e-3),
    "matmul": lambda: matmul(4),
    "made_matmul": lambda: made_matmul(),
    "descent": lambda: descent(10, 6),
    "perceptron": lambda: perceptron(4, 4),
    "layered": lambda: layered(200, 20),
}
#: everything goes wrong, often
CHAOS = Crowd(
    "chaos",
    tuple(Peer(f"peer-{i}", 0.3 + i / 4, 20e6, 8e6, 0.01) for i in range(6)),
    mean_life_s=3.0,
    silent=0.5,
    stalls=0.1,
    repeats=0.3,
    back_s=1.0,
)
#: in chaos even innocent ops meet many deaths
PATIENT = Settings(max_tries=1000)


def assert_complete(world: World, work: Work, graph: int = 1) -> None:
    counts = world.scheduler.counts(graph)
    assert counts["computed"] == counts["total"] == len(work.ins), world.scheduler.explain(graph)
    assert all((graph, op) in world.store for op in work.sinks())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("crowd", [local2(), lan8(), home(10), CHAOS], ids=lambda crowd: crowd.name)
def test_every_graph_is_computed_by_every_crowd(name: str, crowd: Crowd) -> None:
    world = World(crowd, seed=3, settings=PATIENT, checked=True)
    work = SMALL[name]()
    world.submit(work)
    world.run()
    assert_complete(world, work)


def test_a_crowd_without_churn_computes_each_op_once() -> None:
    work = layered(300, 20)
    world = World(lan8(), checked=True)
    world.submit(work)
    outcome = world.run()
    assert outcome.recomputed == 0
    assert sum(outcome.ops.values()) == work.source.count(False)
    assert set(outcome.stored.values()) == {1}


def test_three_developers_are_served_side_by_side() -> None:
    world = World(local2(), checked=True)
    world.submit(independent(400, 20e-3), 1, "ada")
    world.submit(chain(50, 10e-3, KB), 2, "bob", at=0.5)
    world.submit(independent(1, 10e-3), 3, "eve", at=0.6)
    outcome = world.run()
    assert outcome.finished_s[2] - 0.5 < 3.0
    assert outcome.finished_s[3] - 0.6 < 2.5
    assert outcome.finished_s[1] < 6.0
