"""Graphs to schedule: true costs in seconds on a contributor of speed 1, sizes in bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ravsock.scheduler.events import AddOps

KB, MB = 1000, 1_000_000


@dataclass
class Work:
    """A graph as its developer wrote it."""

    name: str
    ins: list[tuple[int, ...]] = field(default_factory=list)
    cost_s: list[float] = field(default_factory=list)
    size_bytes: list[int] = field(default_factory=list)
    source: list[bool] = field(default_factory=list)

    def op(self, ins: Sequence[int], cost_s: float, size_bytes: int) -> int:
        self.ins.append(tuple(ins))
        self.cost_s.append(cost_s)
        self.size_bytes.append(size_bytes)
        self.source.append(False)
        return len(self.ins) - 1

    def data(self, size_bytes: int) -> int:
        op = self.op((), 0.0, size_bytes)
        self.source[op] = True
        return op

    def sinks(self) -> list[int]:
        used = {operand for operands in self.ins for operand in operands}
        return [op for op in range(len(self.ins)) if op not in used and not self.source[op]]

    def batches(self, graph: int, rng: random.Random, noise: float, batch: int = 1000) -> list[AddOps]:
        """As the server stores it: in batches, with costs that are known only roughly."""
        events = []
        for start in range(0, len(self.ins), batch):
            part = slice(start, start + batch)
            ins = self.ins[part]
            rough = [cost * rng.uniform(1 - noise, 1 + noise) for cost in self.cost_s[part]]
            events.append(
                AddOps(
                    graph,
                    np.array([len(operands) for operands in ins], np.uint16),
                    np.array([operand for operands in ins for operand in operands], np.int32),
                    np.array(rough, np.float64),
                    np.array(self.size_bytes[part], np.int64),
                    np.array(self.source[part], np.bool_),
                )
            )
        return events


def independent(count: int = 10_000, cost_s: float = 20e-6) -> Work:
    work = Work("independent")
    for _ in range(count):
        work.op((), cost_s, 24)
    return work


def chain(length: int = 1_000, cost_s: float = 1e-3, size_bytes: int = MB) -> Work:
    work = Work("chain")
    last = work.data(size_bytes)
    for _ in range(length):
        last = work.op((last,), cost_s, size_bytes)
    return work


def tree(leaves: int = 4_096, cost_s: float = 60e-6, size_bytes: int = 100 * KB) -> Work:
    work = Work("tree")
    level = [work.data(size_bytes) for _ in range(leaves)]
    while len(level) > 1:
        level = [work.op(pair, cost_s, size_bytes) for pair in zip(level[::2], level[1::2], strict=True)]
    return work


def matmul(blocks: int = 16, cost_s: float = 26e-3, size_bytes: int = 2 * MB) -> Work:
    work = Work("matmul")
    side = range(blocks)
    left = {(i, k): work.data(size_bytes) for i in side for k in side}
    right = {(k, j): work.data(size_bytes) for k in side for j in side}
    for i in side:
        for j in side:
            parts = [work.op((left[i, k], right[k, j]), cost_s, size_bytes) for k in side]
            total = parts[0]
            for part in parts[1:]:
                total = work.op((total, part), cost_s / 30, size_bytes)
    return work


def made_matmul(blocks: int = 4, cost_s: float = 0.2, size_bytes: int = 18 * MB) -> Work:
    """The product of two random matrices that contributors make: the sum of each block of it is wanted."""
    work = Work("made_matmul")
    side = range(blocks)
    left = {(i, k): work.op((), cost_s / 15, size_bytes) for i in side for k in side}
    right = {(k, j): work.op((), cost_s / 15, size_bytes) for k in side for j in side}
    for i in side:
        for j in side:
            total = work.op((left[i, 0], right[0, j]), cost_s, size_bytes)
            for k in side[1:]:
                part = work.op((left[i, k], right[k, j]), cost_s, size_bytes)
                total = work.op((total, part), cost_s / 30, size_bytes)
            work.op((total,), cost_s / 60, 8)
    return work


def descent(steps: int = 200, blocks: int = 16, cost_s: float = 8e-3, size_bytes: int = 8 * MB) -> Work:
    """Gradient descent on blocks of data: each step fans out over the blocks and comes together."""
    work = Work("descent")
    data = [work.data(size_bytes) for _ in range(blocks)]
    theta = work.data(8 * KB)
    for _ in range(steps):
        parts = [work.op((block, theta), cost_s, 8 * KB) for block in data]
        gradient = work.op(parts, 0.1e-3, 8 * KB)
        theta = work.op((theta, gradient), 0.05e-3, 8 * KB)
    return work


def perceptron(steps: int = 50, shards: int = 8, cost_s: float = 7e-3) -> Work:
    """A network of three layers, trained in shards: wide activations between narrow cuts."""
    work = Work("perceptron")
    data = [work.data(2 * MB) for _ in range(shards)]
    weights = [work.data(MB) for _ in range(3)]
    for _ in range(steps):
        gradients: list[list[int]] = [[], [], []]
        for shard in data:
            outputs = [shard]
            for weight in weights:
                outputs.append(work.op((outputs[-1], weight), cost_s, 2 * MB))
            delta = work.op((outputs[-1],), cost_s / 4, 2 * MB)
            for layer in (2, 1, 0):
                gradients[layer].append(work.op((delta, outputs[layer]), cost_s, MB))
                if layer:
                    delta = work.op((delta, weights[layer]), cost_s, 2 * MB)
        sums = [work.op(gradients[layer], 0.5e-3, MB) for layer in range(3)]
        weights = [work.op((weights[layer], sums[layer]), 0.2e-3, MB) for layer in range(3)]
    return work


def layered(count: int = 5_000, width: int = 100, seed: int = 1, cost_s: float = 13e-3) -> Work:
    """Random layers: costs and sizes over three orders of magnitude, operands from the layers just before."""
    work = Work("layered")
    rng = random.Random(seed)
    for _ in range(width):
        work.data(int(10 ** rng.uniform(3, 6.5)))
    for op in range(width, width + count):
        near = [rng.randrange(max(0, op - 2 * width), op) for _ in range(rng.choice((1, 2, 2, 3)))]
        cost = cost_s * 10 ** rng.uniform(-1.5, 0.5)
        work.op(sorted(set(near)), cost, int(10 ** rng.uniform(3, 6.5)))
    return work


#: the graphs of docs/scheduling.md
GRAPHS: dict[str, Callable[[], Work]] = {
    "independent": independent,
    "chain": chain,
    "tree": tree,
    "matmul": matmul,
    "descent": descent,
    "perceptron": perceptron,
    "layered": layered,
}
