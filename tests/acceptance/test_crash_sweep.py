"""The server is killed at every commit point and message boundary of a graph, and started again.

The points are those of system/doomed.py, found by letting the graph run once. At each, one at a time, a
server dies; the next on the same database must bring the graph to its end: the developer, who waits all the
while, has exactly the right values, every op is final, and no value was stored twice.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from system.processes import Contributor, Running, Server, until

import ravop as R
from ravop import engine, graph
from ravspec.states import GraphState

#: larger than INLINE_BYTES, so that it goes ahead by itself; larger than SQL_BYTES, so that it is a file
LARGE, MIDDLE = 200_000, 20_000

Point = tuple[str, int]

#: of the short suite: an assignment is out and not written down; a result is committed and nobody told
FEW: tuple[Point, ...] = (("sent assign", 1), ("committed", 4))
#: where a server dies that recovers from one of those
RECOVERING: tuple[Point, ...] = (
    ("begin", 1), ("committed", 1), ("heard connect", 1), ("heard hello", 1), ("send welcome", 1),
    ("asked POST graphs ops", 1), ("answer", 1), ("heard result", 1), ("committed", 3),
)  # fmt: skip

log = logging.getLogger(__name__)


class DoomedServer(Server):
    """A server that dies where it is told to."""

    program = (Path(__file__).parent / "system" / "doomed.py", "--no-ftp")

    def __init__(self, folder: Path) -> None:
        self.doom, self.lines = folder / "doom", 1
        super().__init__(folder, CRASH_FILE=str(self.doom))

    def die_at(self, point: str, number: int) -> None:
        """Count anew from now on, and die there."""
        self.be_there()
        self.doom.with_name("doom.passed").write_text("")
        self.next_at((point, number))
        self.signal(signal.SIGUSR1)

    def be_there(self) -> None:
        """Be ready, also if it died at a point behind the end of the graph."""
        if not self.alive:
            self.next_at(None)
            self.start_again()
        self.ready(self.lines)

    def next_at(self, point: Point | None) -> None:
        """Where the next one dies, counted from its start."""
        self.doom.write_text("nowhere 1" if point is None else f"{point[0]} {point[1]}")

    def start_again(self) -> None:
        """Start it; it may die before it is ready."""
        self.lines = self.out().count("\n") + 1
        Server.__init__(self, self.folder, self.port, self.database, **self._given)

    def passed(self) -> list[Point]:
        """The points that it has passed since, and how often by then."""
        path = self.doom.with_name("doom.passed")
        lines = path.read_text().splitlines() if path.exists() else []
        return [(point, int(number)) for point, _, number in (line.rpartition(" ") for line in lines)]


def the_graph() -> tuple[int, float]:
    """A graph with all that there is: its number and a sum of all its values, of which the test knows better.

    Arrays that travel by themselves in both directions, values in SQL and in files, a shape that the result
    teaches, a random op, a name, two questions that build on each other, and an op that fails.
    """
    g = R.Graph(name="reference")
    while True:
        try:
            number = g.id
            break
        except R.ServerUnreachable:
            pass  # making a graph is not repeated by itself: it might be there twice
    x = R.t(np.arange(LARGE, dtype=float))
    small = [(R.arange(50) + k).sum() for k in range(5)]
    middle = R.arange(MIDDLE) * 2
    first = R.fetch(*small, middle, timeout=60)
    large = R.sort(x * -1.0)
    distinct = R.unique(R.t([3, 1, 3, 2]) + middle[:4])
    total = large.sum() + R.random((3,)).sum() * 0.0
    total.persist_op(f"total {number}")
    second = R.fetch(large, distinct, total, timeout=60)
    bad = R.inv(R.zeros((2, 2))) + 1.0
    with pytest.raises(R.ComputeError, match="Singular matrix"):
        bad(timeout=60)
    with pytest.raises(R.ComputeError):
        g.end()
    return number, float(sum(np.sum(value) for value in [*first, *second]))


def the_sum() -> float:
    """The same, by NumPy."""
    small = [(np.arange(50) + k).sum() for k in range(5)]
    middle = np.arange(MIDDLE) * 2
    large = np.sort(-np.arange(LARGE, dtype=float))
    distinct = np.unique(np.array([3, 1, 3, 2]) + middle[:4])
    return float(sum(np.sum(value) for value in [*small, middle, large, distinct, large.sum()]))


class Developer(threading.Thread):
    """Runs the graph, and knows nothing of crashes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.graph, self.sum = 0, 0.0
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.graph, self.sum = the_graph()
        except BaseException as error:  # noqa: BLE001 - the test raises it
            self.error = error


def state_of(server: Server, number: int) -> str:
    """The state of a graph in SQL."""
    with contextlib.closing(sqlite3.connect(server.folder / "rdf.db")) as db:
        return str(db.execute("SELECT state FROM graph WHERE id = ?", (number,)).fetchone()[0])


def check(server: Server, number: int) -> None:
    """The graph is at its end in SQL, with every value once."""
    # the developer is told of the last op before that is written
    until(lambda: state_of(server, number) == GraphState.FAILED, f"graph {number} is at its end", 10)
    with contextlib.closing(sqlite3.connect(server.folder / "rdf.db")) as db:
        ops = Counter(
            dict(db.execute("SELECT state, count(*) FROM op WHERE graph_id = ? GROUP BY 1", (number,)))
        )
        live = db.execute(
            "SELECT count(*) FROM assignment a JOIN subgraph s ON s.id = a.subgraph_id "
            "WHERE s.graph_id = ? AND a.state = 'live'",
            (number,),
        ).fetchone()[0]
        rows = db.execute("SELECT ops FROM data WHERE graph_id = ?", (number,)).fetchall()
        broken = db.execute("PRAGMA integrity_check").fetchone()[0]
    stored = Counter(np.concatenate([np.frombuffer(blob, "<i4") for (blob,) in rows]).tolist())
    assert broken == "ok"
    assert set(ops) == {"computed", "failed"} and ops["failed"] == 2, ops
    assert live == 0
    assert max(stored.values()) == 1, f"stored more than once: {[op for op, n in stored.items() if n > 1]}"


@pytest.fixture
def doomed(tmp_path: Path, processes: list[Running]) -> Iterator[DoomedServer]:
    """A server that dies when it is told to, two contributors, and ravop as its developer."""
    processes.append(server := DoomedServer(tmp_path))
    server.ready()
    processes += [Contributor(server.url, name, tmp_path) for name in ("ann", "bob")]
    until(lambda: set(server.present()) == {"ann", "bob"}, "ann and bob are at the server")
    graph._graphs.clear()
    graph._current.set(None)
    engine.initialize(url=server.url)
    yield server
    graph._graphs.clear()
    engine.current_engine().close()


def survive(server: DoomedServer, *deaths: Point) -> tuple[int, int]:
    """The number of a graph that has ended right, and how often the server died for it.

    It dies at the first point, the one that is started then at the second, and so on.
    """
    server.die_at(*deaths[0])
    developer = Developer()
    died = 0
    while True:
        until(lambda: not server.alive or not developer.is_alive(), f"{deaths}: an end")
        if server.alive:
            break
        died += 1
        assert server.process.returncode == -signal.SIGKILL, server.tail()
        server.next_at(deaths[died] if died < len(deaths) else None)
        server.start_again()
    assert developer.error is None, f"{deaths}: {developer.error!r}"
    assert developer.sum == the_sum(), deaths
    check(server, developer.graph)
    # its last point may lie behind what the developer waits for
    if died < len(deaths) and deaths[died] in server.passed():
        until(lambda: not server.alive, f"{deaths}: the end of the server")
        died += 1
    server.be_there()
    return developer.graph, died


def check_names(server: DoomedServer, graphs: list[int]) -> None:
    """After one more start, on which nothing happens, every value is there under its name."""
    server.next_at(None)
    server.kill()
    server.restart()
    total = -float(LARGE * (LARGE - 1) // 2)
    assert [float(R.fetch_persisting_op(f"total {n}")) for n in graphs] == [total] * len(graphs)


def test_a_server_that_dies_at_a_few_points_of_a_graph_loses_and_doubles_nothing(
    doomed: DoomedServer,
) -> None:
    ended = [survive(doomed, point) for point in FEW]
    assert [died for _, died in ended] == [1] * len(FEW)
    check_names(doomed, [number for number, _ in ended])


@pytest.mark.long
def test_a_server_that_dies_at_any_point_of_a_graph_loses_and_doubles_nothing(doomed: DoomedServer) -> None:
    # Given the points that the graph passes when nothing happens
    survive(doomed, ("nowhere", 1))
    points = doomed.passed()
    assert len(points) > 60, points
    # When the server dies at each of them, and at some again while it recovers
    plan = [(point,) for point in points] + [(FEW[0], point) for point in RECOVERING]
    ended = {deaths: survive(doomed, *deaths) for deaths in plan}
    # Then all was well each time; where the order of things was another the point is passed less often
    n_deaths = sum(died for _, died in ended.values())
    log.info("points=%d deaths=%d alive=%s", len(plan), n_deaths, [d for d in plan if not ended[d][1]])
    assert n_deaths > 0.9 * (len(points) + 2 * len(RECOVERING))
    check_names(doomed, [number for number, _ in ended.values()])
