"""Federated graphs that are large: a thousand contributors, and a file that does not fit in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ravop as R
from ravop import federated as developers
from ravsock.gatherings import Gatherings

ROOT = Path(__file__).parents[2]

CONTRIBUTORS, ROWS = 1000, 12
#: programs that take part side by side, and contributors in each that do so at once
PROGRAMS, AT_ONCE = 2, 20

TAKE_PART = r"""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
sys.path[:0] = {paths!r}
from fedpeople import Owner

def take_part(i):
    owner = Owner({url!r}, Path({folder!r}) / f"owner{{i}}", ["x"], ([i + k] for k in range({rows})))
    return owner.take_part({graph}, expect={word!r})

with ThreadPoolExecutor({at_once}) as pool:
    print("\n".join(pool.map(take_part, range({first}, {contributors}, {programs}))))
"""


@pytest.fixture
def in_flight(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many contributions the server was at when each came."""
    counts: list[int] = []
    now: set[object] = set()
    contribute = Gatherings.contribute

    async def counted(*args: Any) -> Any:
        now.add(mark := object())
        counts.append(len(now))
        try:
            return await contribute(*args)
        finally:
            now.remove(mark)

    monkeypatch.setattr(Gatherings, "contribute", counted)
    return counts


@pytest.mark.long
def test_a_thousand_contributors_many_at_once_finish_one_graph(
    in_flight: list[int], server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a graph with a key of full length
    monkeypatch.setenv("RDF_STATE_DIR", str(tmp_path / "developer"))
    developers._current.set(None)
    columns = {"x": {"min": 0, "max": 2000, "decimals": 0}}
    graph: Any = R.Graph(approach="federated", rules={"rules": columns, "max_clients": CONTRIBUTORS})
    mean, variance = R.federated_mean(), R.federated_variance()
    word = str(graph.fingerprint)
    assert graph._frozen().spec.n.bit_length() == 3072
    # When all take part
    programs = [
        TAKE_PART.format(
            paths=[str(ROOT), str(ROOT / "tests/integration")], url=server.url, folder=str(tmp_path),
            rows=ROWS, graph=graph.id, word=word, at_once=AT_ONCE, first=first, contributors=CONTRIBUTORS,
            programs=PROGRAMS,
        )
        for first in range(PROGRAMS)
    ]  # fmt: skip
    running = [
        subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) for text in programs
    ]
    said = [process.communicate(timeout=1200)[0] for process in running]
    assert [process.returncode for process in running] == [0] * PROGRAMS
    # Then each was counted once, several at a time, and the total is exact
    assert "".join(said).count(f"contributed to graph {graph.id}: 768 bytes\n") == CONTRIBUTORS
    assert len(in_flight) == CONTRIBUTORS
    assert max(in_flight) > 1
    values = [i + k for i in range(CONTRIBUTORS) for k in range(ROWS)]
    n, s, q = len(values), sum(values), sum(v * v for v in values)
    assert mean()["x"] == s / n
    assert variance()["x"] == (n * q - s * s) / (n * n)
    assert graph.end() == "Graph computed successfully!"


MEASURE = r"""
import re, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from fedfiles import make_spec, measure
from ravspec.federated import Column, Statistic
names = tuple("abcdefgh")
spec = make_spec({{n: Column(decimals=2) for n in names}}, Statistic("variance", names), max_rows=1 << 30)
found, _ = measure(spec, Path({file!r}))
# not getrusage: that starts with what the process had that started this one
peak_kib = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
print(found.rows, int(peak_kib) // 1024)
"""


@pytest.mark.parametrize("size_mb", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_memory_does_not_grow_with_the_file_but_for_twelve_bytes_a_row(tmp_path: Path, size_mb: int) -> None:
    path = tmp_path / "large.csv"
    line = ",".join(f"{k}{'7' * 9}.25" for k in range(1, 9)) + "," + "x" * 100 + "\n"
    n = size_mb * 1_000_000 // len(line)
    with open(path, "w") as file:
        file.write("a,b,c,d,e,f,g,h,note\n")
        for _ in range(n // 1000):
            file.write(line * 1000)
    program = MEASURE.format(paths=[str(ROOT), str(ROOT / "tests/unit/ravpy")], file=str(path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    rows, peak_mib = map(int, done.stdout.split())
    path.unlink()
    assert rows == n // 1000 * 1000
    assert peak_mib < 120 + 30 * rows / (1 << 20)
