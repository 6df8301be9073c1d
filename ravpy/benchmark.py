"""What a contributor measures of itself on joining: speed, memory, cores, numeric class.

Speed is relative to the reference of ravspec.cost: the geometric mean, over a short battery of ops, of
predicted by measured time. The numeric class is a digest of the battery's results, to the last bit:
contributors of one class may be compared by hash, others within each op's tolerance.
"""

from __future__ import annotations

import hashlib
import math
import os
import platform
import secrets
import time
from collections.abc import Iterator

import msgspec
import numpy as np
import psutil

from ravpy.config import Config
from ravspec.cost import predicted_s
from ravspec.messages import Hello
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

#: bytes per second and seconds that are assumed of the line to the server
LOOPBACK_BPS, NETWORK_BPS = 500e6, 12.5e6
LOOPBACK_LATENCY_S, NETWORK_LATENCY_S = 0.2e-3, 10e-3


def battery() -> Iterator[tuple[float, list[np.ndarray]]]:
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


def measure(config: Config) -> Hello:
    """The hello of a new life."""
    speeds, digest = [], hashlib.sha256()
    for speed, results in battery():
        speeds.append(math.log(speed))
        for value in results:
            digest.update(np.ascontiguousarray(value).tobytes())
    loopback = any(word in config.url for word in ("//127.", "//localhost", "//[::1]"))
    return Hello(
        life=secrets.token_hex(16),
        name=config.name,
        speed=math.exp(sum(speeds) / len(speeds)),
        memory_bytes=int(psutil.virtual_memory().available),
        cores=os.cpu_count() or 1,
        down_bps=LOOPBACK_BPS if loopback else NETWORK_BPS,
        up_bps=LOOPBACK_BPS if loopback else NETWORK_BPS,
        latency_s=LOOPBACK_LATENCY_S if loopback else NETWORK_LATENCY_S,
        numeric_class=digest.hexdigest()[:16],
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "msgspec": msgspec.__version__,
            "platform": platform.platform(),
        },
    )
