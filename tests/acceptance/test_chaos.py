"""Two minutes of misfortune at random: the server, contributors and their computing processes are killed or
stand still, connections are cut or stay silent. Every value is exact."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from system.cable import Cable
from system.processes import Contributor, Running, Script, Server, until

log = logging.getLogger(__name__)

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


#: seconds that something stands still at most: longer than a lease, so that some are given up
STANDSTILL_S = 3.0

Start = Callable[[str], Contributor]


class Chaos:
    """Does something to somebody now and then; another contributor comes in the place of a dead one."""

    def __init__(self, seed: int, server: Server, cable: Cable, start: Start) -> None:
        self._rng = random.Random(seed)
        self._server, self._cable, self._start = server, cable, start
        self._crowd = [start(f"c{n}") for n in range(CROWD)]
        self._stopped: list[int] = []
        self.done: Counter[str] = Counter()

    def strike(self) -> None:
        """One misfortune."""
        name, weight = zip(*self.MISFORTUNES.items(), strict=True)
        chosen = self._rng.choices(name, [w for _, w in weight])[0]
        self.MISFORTUNES[chosen][0](self)
        self.done[chosen] += 1

    def _victim(self) -> Contributor:
        return self._rng.choice(self._crowd)

    def _kill_contributor(self) -> None:
        victim = self._victim()
        victim.kill()
        self._crowd[self._crowd.index(victim)] = self._start(f"c{CROWD + self.done.total()}")

    def _kill_child(self) -> None:
        for child in self._victim().children()[:1]:
            child.kill()

    def _kill_server(self) -> None:
        self._server.kill()
        self._server.restart()

    def _stop_contributor(self) -> None:
        """Until the next one is stopped."""
        self.wake()
        victim = self._victim()
        victim.signal(signal.SIGSTOP)
        self._stopped.append(victim.pid)

    def wake(self) -> None:
        """Whoever stands still goes on."""
        stopped, self._stopped = self._stopped, []
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _stop_server(self) -> None:
        self._server.signal(signal.SIGSTOP)
        time.sleep(self._rng.uniform(0.1, STANDSTILL_S))
        self._server.signal(signal.SIGCONT)

    def _cut(self) -> None:
        self._cable.cut()

    def _silence(self) -> None:
        """Nothing passes for a while, and then all of it."""
        self._cable.pull()
        time.sleep(self._rng.uniform(0.1, STANDSTILL_S))
        self._cable.plug()

    #: and how often, compared with others
    MISFORTUNES: ClassVar[dict[str, tuple[Callable[[Chaos], None], int]]] = {
        "contributor killed": (_kill_contributor, 3),
        "computing process killed": (_kill_child, 3),
        "server killed": (_kill_server, 2),
        "contributor stopped": (_stop_contributor, 2),
        "server stopped": (_stop_server, 2),
        "connections cut": (_cut, 2),
        "connections silent": (_silence, 2),
    }

    def strike_while(self, graph: int, developer: Script) -> None:
        """Strike each time that some more ops of a graph are computed, until its script has ended."""
        while developer.alive:
            goal = self._computed(graph) + self._rng.randint(20, 200)
            until(
                lambda goal=goal: self._computed(graph) >= goal or not developer.alive,
                f"graph {graph}: {goal} ops",
            )
            if developer.alive:
                self.strike()

    def _computed(self, graph: int) -> int:
        """How many ops of a graph are computed."""
        count: int = self._server.graph(graph).get("computed_ops", 0)
        return count


def check_once(folder: Path) -> int:
    """No op's value is stored twice; how many are stored."""
    with contextlib.closing(sqlite3.connect(folder / "rdf.db")) as db:
        rows = db.execute("SELECT graph_id, ops FROM data WHERE assignment IS NOT NULL").fetchall()
    stored = Counter((graph, op) for graph, ops in rows for op in np.frombuffer(ops, "<i4").tolist())
    assert max(stored.values()) == 1, stored.most_common(5)
    return len(stored)


@pytest.fixture
def cable(server: Server) -> Iterator[Cable]:
    """By which contributors and developers reach the server."""
    cable = Cable(server.port)
    yield cable
    cable.close()


@pytest.mark.long
def test_misfortunes_change_no_value(
    server: Server, cable: Cable, tmp_path: Path, processes: list[Running], script: Callable[..., Script]
) -> None:
    def start(name: str) -> Contributor:
        processes.append(one := Contributor(cable.url, name, tmp_path))
        return one

    seed = int(os.environ.get("CHAOS_SEED", "0")) or random.randrange(1, 10**6)
    chaos = Chaos(seed, server, cable, start)
    end_at = time.monotonic() + DURATION_S
    graphs = 0
    while time.monotonic() < end_at:
        # Given a graph that is being computed
        graphs += 1
        developer = script(WORK, str(graphs), RAVSOCK_URL=cable.url)
        # When one thing after another goes wrong
        chaos.strike_while(graphs, developer)
        # Then every value is exact
        assert developer.wait() == 0, f"CHAOS_SEED={seed} {chaos.done}\n{developer.tail()}"
        assert developer.out() == "all exact\n"
        until(lambda g=graphs: server.graph(g)["state"] == "computed", f"CHAOS_SEED={seed}: its end", 10)
    chaos.wake()
    log.info("seed=%d graphs=%d values=%d faults=%s", seed, graphs, check_once(tmp_path), dict(chaos.done))
    assert server.alive
    assert chaos.done.total() > 20 and graphs > 3, (chaos.done, graphs)
