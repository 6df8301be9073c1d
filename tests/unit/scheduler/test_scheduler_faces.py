"""Scheduler and contributor cores face to face: whatever goes wrong, every value arrives, once and right."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulation.faces import Faces, Faults, all_faults, crowd_of_ten_thousand, small_works
from simulation.graphs import Work, chain, independent, layered, tree


def run(works: dict[int, Work], faults: Faults, seed: int, speeds: list[float]) -> Faces:
    faces = Faces(works, speeds, faults, seed, calm_s=60.0)
    faces.run()
    return faces


def test_without_faults_every_op_is_computed_and_stored_once() -> None:
    faces = run(small_works(1), Faults(), 1, [1.0, 1.0, 2.0])
    assert faces.counts == {"graphs finished": 4, "ops computed": sum(faces.n_ops())}
    assert set(faces.store.stored.values()) == {1} and not faces.server.late


@pytest.mark.parametrize("seed", range(8))
def test_with_all_faults_at_once_every_value_arrives(seed: int) -> None:
    faces = run(small_works(seed), all_faults(), seed, [0.5, 1.0, 1.0, 2.0, 3.0])
    assert faces.counts["graphs finished"] == 4 and faces.counts["servers killed"] > 0


@pytest.mark.parametrize(
    "faults",
    [
        Faults(lost=0.2), Faults(repeated=0.9), Faults(reordered=0.9), Faults(stalled=0.3),
        Faults(frozen=0.1), Faults(crashed=0.2), Faults(forged=1.0), Faults(cut_s=0.3), Faults(died_s=1.0),
        Faults(restarted_s=0.7), Faults(file_s=0.3),
    ],
    ids=lambda faults: next(name for name in faults.__slots__ if getattr(faults, name)),
)  # fmt: skip
def test_with_much_of_one_fault_every_value_arrives(faults: Faults) -> None:
    works = {1: layered(60, 10, seed=1, cost_s=0.2), 2: independent(30, 0.3)}
    faces = run(works, faults, 5, [1.0, 1.0, 2.0])
    injected = sum(faces.counts.values()) - faces.counts["graphs finished"] - faces.counts["ops computed"]
    assert injected >= 3, faces.counts


faults = st.builds(
    Faults,
    *(st.sampled_from((0.0, 0.02, 0.2)) for _ in range(3)),
    *(st.sampled_from((0.0, 0.05)) for _ in range(4)),
    *(st.sampled_from((0.0, 1.0, 4.0)) for _ in range(4)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults, st.integers(0, 1000), st.integers(1, 4), st.integers(0, 3))
def test_whatever_goes_wrong_every_value_arrives(
    faults: Faults, seed: int, n_clients: int, shape: int
) -> None:
    work = [layered(30, 5, seed=seed, cost_s=0.3), chain(12, 0.4, 1000), independent(20, 0.4), tree(8, 0.3)][
        shape
    ]
    run({1: work}, faults, seed, [1.0] * n_clients)


@pytest.mark.long
def test_two_hundred_seeds_of_all_faults() -> None:
    for seed in range(100, 300):
        run(small_works(seed), all_faults(), seed, [0.5, 1.0, 1.0, 2.0, 3.0])


@pytest.mark.long
def test_ten_thousand_contributors_and_a_hundred_thousand_ops() -> None:
    faces = crowd_of_ten_thousand(1)
    faces.run()
    assert faces.counts["graphs finished"] == 10
