"""The cases: one row each, with the sizes, who takes part, and the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import alone
import federated_case
import work
from figures import Budget, Limit, Row
from ours import Ours

Work = Callable[[work.Side, int], list[float]]

MB = 10**6
#: 256 MB of float64, as the case ids say; 2**20 would be MiB
TRANSFER = 256 * MB


@dataclass(frozen=True, slots=True)
class Case:
    """One case: `work` for all sides of `rounds`, or `alone` for ours by itself.

    Sizes and rounds are (full, quick); `show` derives what is not seconds from the seconds.
    """

    id: str
    what: str
    budget: Budget
    sizes: tuple[tuple[int, ...], tuple[int, ...]]
    work: Work | None = None
    rounds: tuple[dict[str, int], dict[str, int]] = ({}, {})
    show: Callable[[Row, int], None] = lambda row, size: None
    alone: Callable[[Row, tuple[int, ...], Ours], None] | None = None
    blank: dict[str, str] = field(default_factory=dict)

    def row(self, quick: bool) -> Row:
        """Its row, still empty."""
        row = Row(self.id, self.budget, blank=dict(self.blank))
        if quick and self.sizes[0] != self.sizes[1]:
            row.judged = False
            row.notes.append(f"quick: size {self.sizes[1][-1]:,} instead of {self.sizes[0][-1]:,}")
        return row


def ratios(text: str, **least: float) -> Budget:
    """A budget of peers' times by ours."""
    return Budget(text, tuple(Limit(f"ratio_{peer}", least=times) for peer, times in least.items()))


def rounds(full: tuple[int, int], *, transfer: bool = False) -> tuple[dict[str, int], dict[str, int]]:
    """Rounds full and quick, of (ours and NumPy, Dask and Ray); for a transfer others beside them."""

    def of(own: int, peer: int) -> dict[str, int]:
        more = {"socket": own, "checked dask": peer} if transfer else {}
        return {"ours": own, "dask": peer, "ray": peer, "numpy": own, **more}

    return of(*full), of(3, 1)


def show_p95(row: Row, size: int) -> None:
    """The slow ones among many."""
    p95 = [
        f"{side} {1e3 * (row.p95_s(side) or 0):.2f}" for side in ("ours", "dask", "ray") if row.p95_s(side)
    ]
    row.notes.append(f"medians; p95 in ms: {', '.join(p95)}")


def show_rate(row: Row, size: int) -> None:
    """MB/s, beside those of a raw socket."""
    rates = {side: size / 1e6 / median for side in row.seconds if (median := row.median_s(side))}
    row.value, row.unit = rates["ours"], "MB/s"
    row.notes.append(", ".join(f"{side} {rate:,.0f} MB/s" for side, rate in rates.items()))


def show_speedup(row: Row, size: int) -> None:
    """One contributor's time by two contributors'."""
    one, two = row.median_s("single"), row.median_s("ours")
    assert one and two
    row.value, row.unit = one / two, "times"
    row.notes.append(f"1 contributor {one:.2f} s, 2 contributors {two:.2f} s, one BLAS thread a process")


NO_TIME = "the case is not a time"
BUILDING = "it has no op that is made without sending or computing it"
TOO_LONG = "at its rate for independent-10k it would take over ten minutes"

CASES = [
    Case(
        "independent-10k", "10,000 independent adds of 3-vectors, all values fetched",
        ratios("Ray/30, Dask/80", ray=30, dask=80),
        sizes=((10_000,), (1000,)), work=work.independent, rounds=rounds((8, 2)),
    ),
    Case(
        "chain-1k", "a chain of 1,000 adds", ratios("Ray/50, Dask/120", ray=50, dask=120),
        sizes=((1000,), (200,)), work=work.chain, rounds=rounds((8, 2)),
    ),
    Case(
        "tree-4096", "the sum of 4,096 leaves, pair by pair", ratios("Ray/30, Dask/40", ray=30, dask=40),
        sizes=((4096,), (512,)), work=work.tree, rounds=rounds((8, 2)),
    ),
    Case(
        "one-add", "one add on a warm cluster, script to value", ratios("Dask/3, aim at Ray", dask=3),
        sizes=((100,), (30,)), work=work.one_add, rounds=rounds((4, 4)), show=show_p95,
    ),
    Case(
        "up-256mb", "a float64 array of 256 MB to the cluster",
        ratios("Dask/1.5, aim at socket/2", dask=1.5),
        sizes=((TRANSFER,), (TRANSFER // 4,)), work=work.up, rounds=rounds((6, 3), transfer=True),
        show=show_rate,
    ),
    Case(
        "down-256mb", "and back",
        ratios("Dask/1.5, aim at socket/2", dask=1.5),
        sizes=((TRANSFER,), (TRANSFER // 4,)), work=work.down, rounds=rounds((6, 3), transfer=True),
        show=show_rate,
    ),
    Case(
        "matmul-2v1", "6000 x 6000 random matrices made and multiplied in blocks: 2 contributors against 1",
        Budget("at least 1.7 times", (Limit("value", least=1.7),)),
        sizes=((6000,), (1200,)), work=work.blocked_matmul,
        rounds=(
            {"ours": 4, "single": 4, "dask": 1, "ray": 1, "numpy": 1},
            {"ours": 1, "single": 1, "dask": 1, "ray": 1, "numpy": 1},
        ),
        show=show_speedup,
    ),
    Case(
        "million", "1,000,000 adds in one graph, all values fetched",
        Budget(
            "at most 30 s, 1.5 GiB, linear",
            (Limit("value", most=30), Limit("server_mib", most=1536), Limit("growth", most=1.5)),
        ),
        sizes=((10_000, 100_000, 1_000_000), (2000, 10_000)), alone=alone.million,
        blank={"dask": TOO_LONG, "ray": TOO_LONG},
    ),
    Case(
        "build-op", "building one op: object, shape, dtype, call site",
        Budget("under 5 us", (Limit("value", most=5),)),
        sizes=((50,), (50,)), alone=alone.build_op, blank=dict.fromkeys(("dask", "ray", "numpy"), BUILDING),
    ),
    Case(
        "build-rows", "building each op of the table, the slowest",
        Budget("under 5 us", (Limit("value", most=5),)),
        sizes=((5,), (3,)), alone=alone.build_rows, blank=dict.fromkeys(("dask", "ray", "numpy"), BUILDING),
    ),
    Case(
        "idle", "CPU of a server and two contributors with nothing to do",
        Budget("under 1 % of a core", (Limit("value", most=1),)),
        sizes=((30,), (5,)), alone=alone.idle, blank=dict.fromkeys(("dask", "ray", "numpy"), NO_TIME),
    ),
    Case(
        "federated", "a contribution of 10 columns and 3 statistics, encrypted, beside TenSEAL and in clear",
        Budget("60 ms, 1 kB", (Limit("value", most=60), Limit("bytes", most=1000))),
        sizes=((10_000,), (500,)), alone=federated_case.federated,
        blank=dict.fromkeys(("dask", "ray"), "it does not encrypt"),
    ),
]  # fmt: skip
