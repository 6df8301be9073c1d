"""The cases that have no peer, or need a machine without the peers' processes on it."""

from __future__ import annotations

import gc
import statistics
import time

import numpy as np
import work
from figures import Row
from ours import Ours
from peers import Numpy

import ravop as R
from ravop.factory import apply, canonical
from ravspec.ops import OPS
from ravspec.ops.creation import DATA

#: so many of each op, likewise
BUILD_ROW = 150

#: fewer than the ops that are sent ahead while a graph is built
BUILD_OPS = 900


def million(row: Row, sizes: tuple[int, ...], ours: Ours) -> None:
    """Independent adds at growing sizes on a server of their own, whose peak memory is theirs too."""
    per_op_us = []
    with Ours() as own:
        work.independent(own, 1000)
        for n in sizes:
            seconds = [work.independent(own, n)[0] for _ in range(1 if n > 100_000 else 3)]
            per_op_us.append(statistics.median(seconds) / n * 1e6)
            row.notes.append(f"{n:,} ops: {per_op_us[-1]:.1f} us an op")
        peak_mib = own.cluster.server_peak_mib()
    row.add("ours", seconds)
    row.add("numpy", work.independent(Numpy(), sizes[-1]))
    row.value, row.unit = row.median_s("ours"), "s"
    row.extra["growth"] = per_op_us[-1] / per_op_us[0]
    if peak_mib is not None:
        row.extra["server_mib"] = peak_mib
        row.notes.append(f"server's peak memory {peak_mib:,.0f} MiB")


def build_op(row: Row, sizes: tuple[int, ...], ours: Ours) -> None:
    """Adding two handles, over and over, with no server."""
    R.initialize(url="local:")
    samples_us = []
    for _ in range(sizes[0]):
        R.Graph()
        a, b = R.t(np.ones(3)), R.t(np.ones(3))
        gc.collect()
        started = time.perf_counter()
        for _ in range(BUILD_OPS):
            a + b
        samples_us.append((time.perf_counter() - started) / BUILD_OPS * 1e6)
    row.value, row.unit = statistics.median(samples_us), "us"
    row.notes.append(f"best {min(samples_us):.2f} us")


def build_rows(row: Row, sizes: tuple[int, ...], ours: Ours) -> None:
    """Every op of the table, the same call of handles over and over, with no server."""
    R.initialize(url="local:")
    took_us: dict[str, float] = {}
    for op in OPS.values():
        if op.name == DATA:
            continue
        given, params = op.samples(np.random.default_rng(1))[0]
        R.Graph()
        operands = [R.t(x) if isinstance(x, np.ndarray) else x for x in given]
        samples_us = []
        for _ in range(sizes[0]):
            gc.collect()
            started = time.perf_counter()
            for _ in range(BUILD_ROW):
                apply(op, operands, *canonical(op, params))
            samples_us.append((time.perf_counter() - started) / BUILD_ROW * 1e6)
        took_us[op.name] = statistics.median(samples_us)
    slowest = sorted(took_us, key=took_us.__getitem__)[:-6:-1]
    row.value, row.unit = took_us[slowest[0]], "us"
    over = sum(us >= 5 for us in took_us.values())
    row.notes.append(
        f"{len(took_us)} ops, median {statistics.median(took_us.values()):.2f} us, {over} over 5 us"
    )
    row.notes.append("slowest " + ", ".join(f"{name} {took_us[name]:.1f}" for name in slowest))


def idle(row: Row, sizes: tuple[int, ...], ours: Ours) -> None:
    """CPU that a server and its contributors use while there is nothing to do, after they have worked."""
    work.one_add(ours, 10)
    time.sleep(1.0)
    started, before = time.monotonic(), ours.cluster.cpu_s()
    time.sleep(sizes[0])
    used, seconds = ours.cluster.cpu_s() - before, time.monotonic() - started
    row.value, row.unit = 100 * used / seconds, "% of a core"
    row.notes.append(f"{used:.2f} CPU seconds in {seconds:.0f} s, children included")
