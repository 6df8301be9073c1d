"""RDF's side of the cases: real processes on free ports, a temporary database, this process as developer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType

import numpy as np
import psutil

import ravop as R
from ravop import engine
from ravop.graph import submit_all

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Cluster:
    """A server and contributors; a context manager that leaves nothing running."""

    def __init__(self, contributors: int = 2) -> None:
        self._n = contributors
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Cluster:
        self._folder = tempfile.TemporaryDirectory(prefix="rdf-bench-")
        folder = self._folder.name
        try:
            server = self._start(
                "server",
                [str(ROOT / "run_ravsock.py"), "--port", "0", "--log-level", "WARNING"],
                "--database", f"sqlite:///{folder}/rdf.db", "--data-dir", f"{folder}/data",
            )  # fmt: skip
            assert server.stdout is not None
            ready = server.stdout.readline().split()
            if ready[:2] != ["ravsock", "ready"]:
                raise RuntimeError(f"the server did not start: {self.log('server')}")
            self.url = ready[2]
            for i in range(self._n):
                self._start(f"c{i}", ["-m", "ravpy", "participate", "--server", self.url, "--name", f"c{i}"])
            self._wait_for_contributors()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.use()
        return self

    def use(self) -> None:
        """New graphs go to this cluster."""
        R.initialize(url=self.url)

    def _start(self, name: str, command: list[str], *more: str) -> subprocess.Popen[str]:
        with open(Path(self._folder.name) / f"{name}.log", "w") as log:
            process = subprocess.Popen(
                [sys.executable, *command, *more], stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self._folder.name, env={**os.environ, **ONE_THREAD}, start_new_session=True,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def log(self, name: str) -> str:
        """The end of a process's log."""
        return (Path(self._folder.name) / f"{name}.log").read_text()[-1500:]

    def _wait_for_contributors(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            with urllib.request.urlopen(f"{self.url}/v1/contributors", timeout=10) as response:
                if len(json.load(response)["contributors"]) == self._n:
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"the contributors did not join: {self.log('c0')}")
            time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        submit_all()  # so that no graph is left for this process's exit, when the server is gone
        engine.current_engine().close()
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._folder.cleanup()

    def cpu_s(self) -> float:
        """CPU seconds that all its processes, children included, have used."""
        total = 0.0
        for process in self._processes:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            total += sum(sum(one.cpu_times()[:2]) for one in family)
        return total

    def server_peak_mib(self) -> float:
        """The server's largest resident memory so far, in MiB (0 where the system does not tell)."""
        status = Path(f"/proc/{self._processes[0].pid}/status")
        if not status.exists():
            return 0.0
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


def timed(work: object) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - started


# --- the cases; each checks its values --------------------------------------------------------------


def independent(n: int) -> None:
    """n adds of 3-vectors, every value fetched."""
    R.Graph()
    xs = [R.t(np.array([float(i), 1.0, 2.0])) for i in range(100)]
    got = R.fetch([xs[i % 100] + xs[i // 100 % 100] for i in range(n)])
    assert len(got) == n
    for i in range(0, n, max(1, n // 100)):
        assert got[i].tolist() == [i % 100 + i // 100 % 100, 2.0, 4.0]


def chain(n: int) -> None:
    """n adds, each on the one before."""
    R.Graph()
    x, one = R.t(np.zeros(3)), R.t(np.ones(3))
    for _ in range(n):
        x = x + one
    assert x().tolist() == [n, n, n]


def tree(n: int) -> None:
    """The sum of n leaves, by pairs."""
    R.Graph()
    level = [R.t(np.array([float(i)])) for i in range(n)]
    while len(level) > 1:
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
    assert float(level[0][0]) == n * (n - 1) / 2


def one_add(times: int) -> list[float]:
    """Seconds from script to value, each of several times, on a warm cluster."""
    R.Graph()
    a, b = R.t([1, 2, 3]), R.t([5, 22, 7])
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        value = (a + b)()
        seconds.append(time.perf_counter() - started)
        assert value.tolist() == [6, 24, 10]
    return seconds


def up_and_down(size_bytes: int) -> tuple[float, float]:
    """Seconds up and down for one array, checksums included."""
    x = np.random.default_rng(1).random(size_bytes // 8)
    graph = R.Graph()
    started = time.perf_counter()
    sent = R.t(x)
    graph.submit()  # stored at the server
    up_s = time.perf_counter() - started
    started = time.perf_counter()
    again = R.Graph(id=graph.id).tensor(sent.id)()
    down_s = time.perf_counter() - started
    assert (again == x).all()
    return up_s, down_s


def blocked_matmul(n: int, block: int) -> None:
    """Two seeded random matrices made at the contributors in blocks; one sum a block of the product."""
    R.Graph()
    k = n // block
    left = [[R.random_uniform(size=(block, block), seed=i * k + j) for j in range(k)] for i in range(k)]
    right = [
        [R.random_uniform(size=(block, block), seed=1000 + i * k + j) for j in range(k)] for i in range(k)
    ]
    sums = []
    for i in range(k):
        for j in range(k):
            total = left[i][0] @ right[0][j]
            for m in range(1, k):
                total = total + left[i][m] @ right[m][j]
            sums.append(R.sum(total))
    got = np.array(R.fetch(sums)).reshape(k, k)
    # uniform factors: each element of the product is near n / 4
    np.testing.assert_allclose(got, block * block * n / 4, rtol=0.02)


def build(times: int) -> float:
    """Microseconds to build one op."""
    R.initialize(url="local:")
    R.Graph()
    a, b = R.t(np.ones(3)), R.t(np.ones(3))
    rest = 900  # stay below the number of ops that are sent ahead
    best = float("inf")
    for _ in range(times):
        R.Graph()
        a, b = R.t(np.ones(3)), R.t(np.ones(3))
        started = time.perf_counter()
        for _ in range(rest):
            a + b
        best = min(best, (time.perf_counter() - started) / rest)
    return best * 1e6
