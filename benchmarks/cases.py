"""The cases: what each measures, at full size and quick, on whom, and the budget it has to meet."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ours

MIB = 1 << 20


@dataclass(slots=True)
class Row:
    """The figures of a case. Seconds are medians; None where there is nothing to measure."""

    case: str
    ours_s: float | None = None
    dask_s: float | None = None
    ray_s: float | None = None
    numpy_s: float | None = None
    value: float | None = None
    unit: str | None = None
    budget: str = ""
    met: bool | None = None
    note: str = ""

    def ratio(self, peer: str) -> float | None:
        """Peer time by our time."""
        theirs = getattr(self, f"{peer}_s")
        return None if theirs is None or not self.ours_s else theirs / self.ours_s

    def judge(self, case: Case) -> None:
        """Is the budget met? None where a figure that it needs is missing."""
        self.budget = case.budget
        needed = [(self.ratio(peer), least) for peer, least in case.least_ratio.items()]
        if case.most is not None:
            needed.append((None if self.value is None else -self.value, -case.most))
        if case.least is not None:
            needed.append((self.value, case.least))
        if needed and all(got is not None for got, _ in needed):
            self.met = all(got >= least for got, least in needed if got is not None)


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `measure(row, quick, cluster)` fills in our figures; `peer` is the peers' method."""

    id: str
    budget: str
    measure: Callable[[Row, bool, ours.Cluster], None]
    peer: str | None = None
    size: tuple[int, int] = (0, 0)  #: full, quick
    pick: Callable[[Any], float] = float
    least_ratio: dict[str, float] = field(default_factory=dict)
    most: float | None = None
    least: float | None = None


def median_of(work: Callable[[], None], repeats: int) -> tuple[float, str]:
    """(median seconds, the best in words) after one round to warm up."""
    work()
    seconds = [ours.timed(work) for _ in range(repeats)]
    return statistics.median(seconds), f"best {min(seconds):.4f} s of {repeats}"


def small_ops(
    work: Callable[[int], None], full: int, quick: int
) -> Callable[[Row, bool, ours.Cluster], None]:
    """Our side of a case of many small ops."""

    def measure(row: Row, is_quick: bool, cluster: ours.Cluster) -> None:
        row.ours_s, row.note = median_of(lambda: work(quick if is_quick else full), 3 if is_quick else 7)

    return measure


def one_add(row: Row, quick: bool, cluster: ours.Cluster) -> None:
    ours.one_add(20)
    seconds = sorted(ours.one_add(50 if quick else 300))
    row.ours_s = statistics.median(seconds)
    row.note = f"p95 {seconds[int(len(seconds) * 0.95)] * 1e3:.2f} ms"


def transfer(direction: int) -> Callable[[Row, bool, ours.Cluster], None]:
    """Our side of the transfers: 0 up, 1 down."""

    def measure(row: Row, quick: bool, cluster: ours.Cluster) -> None:
        size = (64 if quick else 256) * MIB
        ours.up_and_down(MIB * 4)
        row.ours_s = statistics.median([ours.up_and_down(size)[direction] for _ in range(3)])
        row.value, row.unit = size / row.ours_s / 1e6, "MB/s"
        row.note = "by HTTP; FTP comes with the Data path issue"

    return measure


def matmul(row: Row, quick: bool, cluster: ours.Cluster) -> None:
    n, block = (2000, 500) if quick else (6000, 1500)
    repeats = 1 if quick else 3

    def best() -> float:
        ours.blocked_matmul(1000, 500)
        return min(ours.timed(lambda: ours.blocked_matmul(n, block)) for _ in range(repeats))

    two_s = best()
    with ours.Cluster(1):
        one_s = best()
    cluster.use()
    row.ours_s = two_s
    row.value, row.unit = one_s / two_s, "times"
    row.note = f"1 contributor {one_s:.2f} s, 2 contributors {two_s:.2f} s, best of {repeats}"


def million(row: Row, quick: bool, cluster: ours.Cluster) -> None:
    sizes = (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000)
    figures = []
    for n in sizes:
        row.ours_s = ours.timed(lambda n=n: ours.independent(n))
        figures.append(f"{n:,}: {row.ours_s / n * 1e6:.1f} us/op")
    peak = cluster.server_peak_mib()
    row.value, row.unit = row.ours_s, "s"
    row.note = f"{', '.join(figures)}; server's peak {peak:.0f} MiB"
    if peak > 1536:
        row.value, row.note = float("inf"), f"{row.note}, over 1.5 GiB"


def build_op(row: Row, quick: bool, cluster: ours.Cluster) -> None:
    row.value, row.unit = ours.build(10 if quick else 50), "us"
    cluster.use()


def idle(row: Row, quick: bool, cluster: ours.Cluster) -> None:
    seconds = 5 if quick else 30
    before = cluster.cpu_s()
    time.sleep(seconds)
    used = cluster.cpu_s() - before
    row.value, row.unit = 100 * used / seconds, "% of a core"
    row.note = f"{used:.2f} CPU s in {seconds} s, server and 2 contributors"


CASES = [
    Case(
        "independent-10k", "Ray / 30, Dask / 80", small_ops(ours.independent, 10_000, 1000),
        "independent", (10_000, 1000), least_ratio={"ray": 30, "dask": 80},
    ),
    Case(
        "chain-1k", "Ray / 50, Dask / 120", small_ops(ours.chain, 1000, 300),
        "chain", (1000, 300), least_ratio={"ray": 50, "dask": 120},
    ),
    Case(
        "tree-4096", "Ray / 30, Dask / 40", small_ops(ours.tree, 4096, 512),
        "tree", (4096, 512), least_ratio={"ray": 30, "dask": 40},
    ),
    Case(
        "one-add", "Dask / 3, aim at Ray", one_add, "one_add", (200, 30), statistics.median,
        least_ratio={"dask": 3},
    ),
    Case(
        "up-256mb", "Dask / 1.5", transfer(0), "up_and_down", (256 * MIB, 64 * MIB), lambda pair: pair[0],
        least_ratio={"dask": 1.5},
    ),
    Case(
        "down-256mb", "Dask / 1.5", transfer(1), "up_and_down", (256 * MIB, 64 * MIB), lambda pair: pair[1],
        least_ratio={"dask": 1.5},
    ),
    Case("matmul-2v1", "at least 1.7 times", matmul, least=1.7),
    Case("million", "at most 30 s, server under 1.5 GiB", million, most=30.0),
    Case("build-op", "under 5 us", build_op, most=5.0),
    Case("idle", "under 1 % of a core", idle, most=1.0),
]  # fmt: skip
