"""Two minutes in which contributors and their computing processes are killed at random."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest
from system.processes import Contributor, Script, Server, until

DURATION_S = 120.0
CROWD = 3

#: branches of sorts on a permutation, so that every value is known and exact; some cross from one to another
WORK = """
    import sys
    import ravop as R

    P, me = 200_003, int(sys.argv[1])
    with R.Graph(name=f"work {me}"):
        order = R.arange(P)
        ys = [R.sort(order * (b + me) % P) for b in range(1, 121)]
        ys = [R.sort(a * 3 % P) + R.sort(b * 5 % P) for a, b in zip(ys, ys[1:] + ys[:1])]
        values = [y.dot(order) + b for b, y in enumerate(ys)]
        squares = (P - 1) * P * (2 * P - 1) // 6
        got = [int(v) for v in R.fetch(values)]
        assert got == [2 * squares + b for b in range(120)], got
    print("all exact")
"""


Start = Callable[..., Contributor]


class Chaos:
    """Kills somebody of a crowd now and then, and starts another in the place of a contributor."""

    def __init__(self, seed: int, start: Start) -> None:
        self._rng = random.Random(seed)
        self._start = start
        self._crowd = [start(f"c{n}") for n in range(CROWD)]
        self.kills = 0

    def strike(self) -> None:
        """Kill a contributor, or only its computing process."""
        victim = self._rng.choice(self._crowd)
        children = victim.children()
        if children and self._rng.random() < 0.4:
            children[0].kill()
        else:
            victim.kill()
            self._crowd[self._crowd.index(victim)] = self._start(f"c{CROWD + self.kills}")
        self.kills += 1

    def strike_while(self, server: Server, graph: int, developer: Script) -> None:
        """Strike each time that some more ops of a graph are computed, until its script has ended."""
        while developer.alive:
            goal = computed(server, graph) + self._rng.randint(20, 200)
            until(lambda goal=goal: computed(server, graph) >= goal or not developer.alive, f"{goal} ops")
            self.strike()


def computed(server: Server, graph: int) -> int:
    """How many ops of a graph are computed."""
    count: int = server.graph(graph).get("computed_ops", 0)
    return count


@pytest.mark.long
def test_random_kills_change_no_value(
    server: Server, start_contributor: Start, script: Callable[..., Script]
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "0")) or random.randrange(1, 10**6)
    chaos = Chaos(seed, start_contributor)
    end_at = time.monotonic() + DURATION_S
    graphs = 0
    while time.monotonic() < end_at:
        # Given a graph that is being computed
        graphs += 1
        developer = script(WORK, str(graphs))
        # When contributors and computing processes are killed all the while
        chaos.strike_while(server, graphs, developer)
        # Then every value is exact
        assert developer.wait() == 0, f"CHAOS_SEED={seed}\n{developer.tail()}"
        assert developer.out() == "all exact\n"
        assert server.graph(graphs)["state"] == "computed"
    assert server.alive
    assert chaos.kills > 20 and graphs > 3, (chaos.kills, graphs)
