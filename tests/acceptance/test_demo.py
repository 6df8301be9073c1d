"""`sh setup.sh demo` is one program: what it shows, and that it leaves nothing behind, however it ends."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from system.processes import ROOT, Running, is_running, python, until

#: an environment variable that a demo's processes inherit, whatever sessions they are in
MARK = "DEMO_UNDER_TEST"

NAMES = ["intercept", "age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


class Demo(Running):
    """The demo in a process, with a folder as its current directory."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.mark = uuid.uuid4().hex
        command = python(ROOT / "examples/linear_regression/demo.py")
        super().__init__("demo", command, folder, **{MARK: self.mark}, **environment)

    def others(self) -> list[int]:
        """The processes that it has started, and those that they have, as long as they run."""
        return [p.pid for p in psutil.process_iter() if p.pid != self.pid and self._is_ours(p)]

    def _is_ours(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return process.environ().get(MARK) == self.mark and is_running(process)
        return False


Start = Callable[..., Demo]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Start]:
    """Starts the demo in an empty folder."""
    started: list[Demo] = []

    def start(**environment: str) -> Demo:
        started.append(Demo(tmp_path, **environment))
        return started[-1]

    yield start
    for process in started:
        process.clear_away()


def test_the_demo_computes_what_numpy_computes(demo: Start, tmp_path: Path) -> None:
    # When it runs in a folder
    process = demo()
    assert process.wait(180) == 0, process.tail()
    out = process.out()
    # Then its coefficients are NumPy's
    rows = re.findall(r"^ +(\w+) +(-?\d+\.\d{4}) +(-?\d+\.\d{4}) +\[ *(\S+), +(\S+)\]$", out, re.M)
    assert [row[0] for row in rows] == NAMES
    for _, theta, reference, low, high in rows:
        assert theta == reference
        assert float(low) < float(theta) < float(high)
    differences = re.findall(
        r"^ +(\S+)  (closed form|60 steps of gradient descent|200 bootstrap fits)$", out, re.M
    )
    assert len(differences) == 3
    assert max(float(difference) for difference, _ in differences) <= 1e-9
    # And both contributors have computed
    counts = re.search(
        r"^who computed it: contributor-1 ([\d,]+) ops, contributor-2 ([\d,]+) ops$", out, re.M
    )
    assert counts is not None, out
    assert all(int(count.replace(",", "")) > 0 for count in counts.groups())
    # And the plot is where it says, and nothing else is in the folder
    plot = tmp_path / "linear_regression.png"
    assert f"\nplot: {plot.resolve()}\n" in out
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in tmp_path.iterdir()} == {"linear_regression.png", "demo.out", "demo.err"}
    # And nothing of it complains: no logs, no warnings; the bar is for terminals
    assert process.log() == ""


@pytest.mark.parametrize(
    ("number", "moment", "processes"),
    [
        (signal.SIGINT, "starting two contributors", 2),
        (signal.SIGINT, "200 bootstrap fits with", 4),
        (signal.SIGTERM, "200 bootstrap fits with", 4),
        (signal.SIGHUP, "200 bootstrap fits with", 4),
    ],
)
def test_a_demo_that_is_stopped_leaves_nothing_running(
    demo: Start, number: signal.Signals, moment: str, processes: int
) -> None:
    # Given a demo in the middle
    process = demo()
    until(lambda: moment in process.out() or not process.alive, moment)
    until(lambda: len(process.others()) >= processes, "its processes run")
    # When it is stopped, as a terminal does it, and once more while it is stopping
    os.killpg(process.pid, number)
    os.killpg(process.pid, number)
    # Then it says so, and all that it had started has ended
    assert process.wait() == 1, process.tail()
    assert process.log() == "\ndemo: stopped; nothing is left running\n"
    assert not process.others()


def test_a_demo_that_fails_says_why_and_leaves_nothing_running(demo: Start, tmp_path: Path) -> None:
    # Given data that cannot be loaded
    (tmp_path / "sklearn.py").write_text("raise ImportError('there are no data today')\n")
    # When the demo runs
    process = demo(PYTHONPATH=str(tmp_path))
    # Then its exit code and its words tell, and all that it had started has ended
    assert process.wait() == 1, process.tail()
    assert "ImportError: there are no data today" in process.log()
    assert "demo: the fit failed; the reason stands above\n" in process.log()
    assert not process.others()
