"""Fair shares: several developers, several graphs of one, priorities."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from simulation.crowds import Crowd, Peer, local2
from simulation.graphs import KB, Work, chain, independent
from simulation.world import Outcome, World

from ravsock.scheduler import Settings

LEASE_S = Settings().lease_s
TARGET_S = Settings().target_s


def finished(*graphs: tuple[Work, str, float, int], crowd: Crowd | None = None) -> Outcome:
    """Each graph (work, developer, when it comes, priority) on two contributors."""
    world = World(crowd or local2())
    for number, (work, developer, at, priority) in enumerate(graphs, 1):
        world.submit(work, number, developer, at, priority)
    return world.run()


@pytest.mark.parametrize("developer", ["ada", "bob"])
@pytest.mark.parametrize("huge_first", [True, False])
def test_a_huge_graph_does_not_delay_a_tiny_one_by_more_than_a_lease(
    developer: str, huge_first: bool
) -> None:
    """Whoever the tiny one belongs to, and whether its number is higher or lower."""
    huge, tiny = (independent(400, 0.2), "ada", 0.001, 0), (independent(3, 0.01), developer, 1.5, 0)
    outcome = finished(huge, tiny) if huge_first else finished(tiny, huge)
    number = 2 if huge_first else 1
    assert outcome.finished_s[number] - 1.5 < 2 * TARGET_S + 0.5 < LEASE_S
    assert outcome.finished_s[3 - number] > 30


def test_graphs_of_one_developer_are_served_side_by_side() -> None:
    outcome = finished(*[(independent(100, 0.1), "ada", 0.001, 0)] * 3)
    first, *_, last = sorted(outcome.finished_s.values())
    assert last - first < 4 * TARGET_S, "one after the other it would be 10 s"


def test_the_more_urgent_graph_of_a_developer_is_finished_first() -> None:
    urgent, other = (independent(100, 0.1), "ada", 0.5, 3), (independent(100, 0.1), "ada", 0.001, 0)
    outcome = finished(other, urgent)
    assert outcome.finished_s[2] < 0.5 + 5.0 + 2 * TARGET_S + 0.5
    assert outcome.finished_s[1] > 9


def test_priority_does_not_count_between_developers() -> None:
    work = independent(200, 0.1)
    outcome = finished((work, "ada", 0.001, 1000), (work, "bob", 0.001, -1000))
    assert abs(outcome.finished_s[1] - outcome.finished_s[2]) < 4 * TARGET_S, "else it would be 10 s"


@pytest.mark.parametrize("developer", ["ada", "bob"])
def test_who_comes_late_has_no_time_saved_up(developer: str) -> None:
    """It comes late; the one before goes on beside it and is not held up until the newcomer has caught up."""
    outcome = finished((independent(300, 0.1), "ada", 0.001, 0), (independent(100, 0.1), developer, 10.0, 0))
    assert outcome.finished_s[2] > 10.0 + 8.0, "half of two contributors: 10 s for 10 s of work"


developers = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from((0.02, 0.3, 0.9)), st.floats(0.0, 5.0), st.integers(-2, 2)),
    min_size=1, max_size=3,
)  # fmt: skip


@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(developers, min_size=1, max_size=4), st.integers(1, 3))
def test_no_developer_starves(graphs: list[list[tuple[int, float, float, int]]], n_peers: int) -> None:
    """Who comes to endless work of others has its first tiny op within a lease, and each gets its part.

    Nobody waits longer than for as much work of each other developer as its own, and what is in queues.
    """
    peers = tuple(Peer(f"peer-{i}") for i in range(n_peers))
    rows = [
        (independent(count, cost_s), f"developer-{i}", at, priority)
        for i, mine in enumerate(graphs)
        for count, cost_s, at, priority in mine
    ]
    endless = (independent(300, 0.5), "endless", 0.0, 0)
    tiny = (chain(2, 0.01, KB), "tiny", 6.0, 0)
    outcome = finished(endless, tiny, *rows, crowd=Crowd("peers", peers))
    assert outcome.finished_s[2] - 6.0 < LEASE_S
    for i, mine in enumerate(graphs):
        own_s = sum(count * cost_s for count, cost_s, _, _ in mine)
        numbers = [n for n, row in enumerate(rows, 3) if row[1] == f"developer-{i}"]
        last_s = max(outcome.finished_s[n] for n in numbers)
        fair_s = (len(graphs) + 2) * own_s / n_peers + 2 * TARGET_S * (len(graphs) + 2)
        assert last_s - 5.0 <= 1.5 * fair_s + 1.0
