"""Federated graphs that are large: a thousand contributors, and a file that does not fit in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fedpeople import Owner, federated

import ravop as R
from ravop import federated as developers

ROWS = 12


@pytest.mark.long
def test_a_thousand_contributors_finish_one_graph(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RDF_STATE_DIR", str(tmp_path / "developer"))
    developers._current.set(None)
    graph = federated({"x": {"min": 0, "max": 2000, "decimals": 0}}, 1000)
    mean, variance = R.federated_mean(), R.federated_variance()
    word = str(graph.fingerprint)
    for i in range(1000):
        owner = Owner(server.url, tmp_path / f"o{i}", ["x"], ([i + k] for k in range(ROWS)))
        owner.take_part(graph.id, expect=word)
    values = [i + k for i in range(1000) for k in range(ROWS)]
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
    root = Path(__file__).parents[2]
    program = MEASURE.format(paths=[str(root), str(root / "tests/unit/ravpy")], file=str(path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    rows, peak_mib = map(int, done.stdout.split())
    path.unlink()
    assert rows == n // 1000 * 1000
    assert peak_mib < 120 + 30 * rows / (1 << 20)
