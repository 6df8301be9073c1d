"""What a contributor computes to know itself: a short battery of ops, timed.

Speed is relative to the reference of ravspec.cost: the geometric mean, over the battery, of predicted by
measured time. The numeric class is a digest of the battery's results, to the last bit: contributors of
one class may be compared by hash, others within each op's tolerance. Standard library and NumPy only: the
browser runs this.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ravspec.cost import predicted_s
from ravspec.ops import OPS
from ravspec.subgraph import Subgraph, run
from ravspec.values import value_type

#: (op, params, shapes of its seeded operands, how many in a row)
BATTERY: list[tuple[str, dict[str, object], list[tuple[int, ...]], int]] = [
    ("add", {}, [(3,), (3,)], 1000),
    ("multiply", {}, [(1000, 200), (1000, 200)], 8),
    ("exp", {}, [(100_000,)], 8),
    ("sum", {"axis": 0, "keepdims": False}, [(1000, 200)], 8),
    ("sort", {"axis": -1, "descending": False, "stable": True}, [(50_000,)], 2),
    ("matmul", {}, [(256, 256), (256, 256)], 6),
    ("solve", {}, [(100, 100), (100, 20)], 4),
]


def battery() -> Iterator[tuple[float, list[Any]]]:
    """(speed, results) of each entry."""
    rng = np.random.Generator(np.random.PCG64(7))
    for name, given, shapes, times in BATTERY:
        row = OPS[name]
        params = row.canonical_params({key: value for key, value in given.items() if key in row.params})
        operands = [rng.uniform(0.1, 1.0, shape) for shape in shapes]
        if name == "solve":
            operands[0] += 10 * np.eye(len(operands[0]))
        graph = Subgraph(
            kinds=[[name, params]],
            literals=[],
            ops=np.arange(times, dtype=np.int32),
            kind=np.zeros(times, np.uint32),
            arity=np.full(times, len(operands), np.uint16),
            operand=np.tile(np.arange(len(operands), dtype=np.int32), times),
        )
        best = math.inf
        for _ in range(3):
            started = time.perf_counter()
            slots, failures = run(graph, operands)
            best = min(best, time.perf_counter() - started)
            assert not failures, failures
        types = [value_type(x) for x in operands]
        predicted = times * predicted_s(row, types, row.infer(types, params), params)
        yield predicted / best, slots[-1:]


def measured() -> tuple[float, str]:
    """(speed, numeric class) of whoever calls it."""
    speeds, digest = [], hashlib.sha256()
    for speed, results in battery():
        speeds.append(math.log(speed))
        for value in results:
            digest.update(np.ascontiguousarray(value).tobytes())
    return math.exp(sum(speeds) / len(speeds)), digest.hexdigest()[:16]
