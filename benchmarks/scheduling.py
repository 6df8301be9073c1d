"""The scheduler by itself: what deciding costs, how long simulated crowds take; for docs/scheduling.md."""

from __future__ import annotations

import argparse
import contextlib
import gc
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from simulation import graphs
from simulation.crowds import Crowd, home, lan8, local2, tabs
from simulation.graphs import Work
from simulation.world import World

from ravsock.scheduler import Scheduler, company, core, grow
from ravsock.scheduler.events import AddOps, Assign, Join, OpenGraph, Result, Want

#: ops of tiny arrays, as the small cases of run.py have them
COST_S, SIZE_BYTES, BATCH = 2e-6, 24, 1000
#: wide graphs take their operands from so many sources
SOURCES = 100
#: simulated seconds after which a crowd is given up
LIMIT_S = 900.0
SEEDS = (1, 2, 3)

CROWDS: dict[str, Callable[[int], Crowd]] = {
    "local2": lambda seed: local2(),
    "lan8": lambda seed: lan8(seed),
    "home50": lambda seed: home(50, seed),
    "tabs300": lambda seed: tabs(300, seed),
}
WORKS: dict[str, Callable[[], Work]] = {
    "independent": graphs.independent, "chain": graphs.chain, "tree": graphs.tree, "matmul": graphs.matmul,
    "made matmul": graphs.made_matmul, "descent": graphs.descent, "perceptron": graphs.perceptron,
    "layered": graphs.layered,
}  # fmt: skip


# --- what deciding costs ------------------------------------------------------------------------------


def wide(count: int) -> tuple[list[tuple[int, ...]], int]:
    """(operands of each op, how many of the first are sources): independent adds of shared sources."""
    pairs = [(i % SOURCES, SOURCES // 2 + i // SOURCES % (SOURCES // 2)) for i in range(count)]
    return [()] * SOURCES + [pair if pair[0] != pair[1] else pair[:1] for pair in pairs], SOURCES


def chain(count: int) -> tuple[list[tuple[int, ...]], int]:
    """The same for a chain."""
    return [(), *((i,) for i in range(count))], 1


def tree(count: int) -> tuple[list[tuple[int, ...]], int]:
    """The same for a sum of so many leaves, two by two."""
    ins: list[tuple[int, ...]] = [()] * (count + 1)
    level = list(range(count + 1))
    while len(level) > 1:
        pairs = list(zip(level[::2], level[1::2], strict=False))
        rest = level[2 * len(pairs) :]
        level = list(range(len(ins), len(ins) + len(pairs))) + rest
        ins += pairs
    return ins, count + 1


def deciding_us(ins: list[tuple[int, ...]], sources: int) -> float:
    """CPU microseconds an op, from AddOps to the last commit, two contributors taking what they are given."""
    scheduler, clock_s = Scheduler(), 0.0
    for life in "ab":
        scheduler.handle(Join(life, life, 1.0, 10**10, 1e9, 1e9, 1e-3), clock_s)
    scheduler.handle(OpenGraph(1, "ada"), clock_s)
    used = {operand for operands in ins for operand in operands}
    sinks = [op for op in range(sources, len(ins)) if op not in used]
    todo: deque[object] = deque([*batches(ins, sources), Want(1, tuple(sinks))])
    gc.collect()
    gc.disable()
    started = time.process_time()
    while todo:
        clock_s += 1e-4
        event = todo.popleft()
        for instruction in scheduler.handle(event, clock_s):  # type: ignore[arg-type]
            if isinstance(instruction, Assign):
                todo.append(Result(instruction.life, instruction.assignment, 1e-3))
    took_s = time.process_time() - started
    gc.enable()
    counts = scheduler.counts(1)
    assert counts["computed"] == counts["total"], scheduler.explain(1)
    return took_s / (len(ins) - sources) * 1e6


def batches(ins: list[tuple[int, ...]], sources: int) -> Iterator[AddOps]:
    """The ops as they come from a developer."""
    for start in range(0, len(ins), BATCH):
        part = ins[start : start + BATCH]
        source = np.arange(start, start + len(part)) < sources
        yield AddOps(
            1,
            np.array([len(operands) for operands in part], np.uint16),
            np.array([operand for operands in part for operand in operands], np.int32),
            np.where(source, 0.0, COST_S),
            np.full(len(part), SIZE_BYTES),
            source,
        )


def print_deciding(sizes: list[int]) -> None:
    """The table of costs, best of five up to 10,000 ops."""
    print("| ops | wide | chain | tree |\n|---|---|---|---|")
    for size in sizes:
        cells = []
        for shape in (wide, chain, tree):
            ins, sources = shape(size)
            cells.append(min(deciding_us(ins, sources) for _ in range(5 if size <= 10_000 else 1)))
        print(f"| {size:,} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")


# --- simulated crowds ---------------------------------------------------------------------------------


@contextlib.contextmanager
def plain_growth() -> Iterator[None]:
    """Without the rules: no share, no close, no cut back, no gate, no promise, no sibling."""
    with contextlib.ExitStack() as stack:
        for target, name, value in (
            (grow, "has_share", lambda *given: False),
            (grow, "should_close", lambda *given: False),
            (grow, "best_length", len),
            (grow, "take_leaves", lambda growth: False),
            (grow, "_SIBLINGS", 0),
            (grow.Growth, "_look_ahead", lambda growth: None),
            (core.Scheduler, "_keep_on", lambda scheduler: None),
            (company.Company, "better", lambda *given: None),
        ):
            stack.enter_context(mock.patch.object(target, name, value))
        yield


def makespan_s(work: Callable[[], Work], crowd: Callable[[int], Crowd]) -> float:
    """Geometric mean over the seeds."""
    logs = []
    for seed in SEEDS:
        world = World(crowd(seed), seed=seed)
        world.submit(work())
        logs.append(math.log(world.run(LIMIT_S).makespan_s))
    return math.exp(sum(logs) / len(logs))


def two_digits(value: float) -> str:
    """Two significant digits, never with an exponent here."""
    return f"{float(f'{value:.2g}'):g}"


def print_crowds(works: list[str], crowds: list[str]) -> None:
    """The table of makespans, plain growth -> all rules."""
    print("| crowd | " + " | ".join(works) + " |\n|---" + "|---" * len(works) + "|")
    with tqdm(total=2 * len(works) * len(crowds), unit="cell", disable=None) as bar:
        for crowd in crowds:
            cells = []
            for work in works:
                with plain_growth():
                    before = makespan_s(WORKS[work], CROWDS[crowd])
                bar.update()
                after = makespan_s(WORKS[work], CROWDS[crowd])
                bar.update()
                cells.append(f"{two_digits(before)} -> {two_digits(after)}")
            bar.write(f"| {crowd} | " + " | ".join(cells) + " |", file=sys.stdout)


def main() -> None:
    """The command."""
    p = argparse.ArgumentParser(
        prog="benchmarks/scheduling.py", description=__doc__,
        epilog="Makespans are simulated seconds, the same on every machine; costs are CPU time of this one.",
    )  # fmt: skip
    p.add_argument("--ops", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], metavar="N")
    p.add_argument("--works", nargs="*", default=list(WORKS), choices=list(WORKS))
    p.add_argument("--crowds", nargs="*", default=list(CROWDS), choices=list(CROWDS))
    args = p.parse_args()
    if args.ops:
        print_deciding(args.ops)
    if args.works and args.crowds:
        print_crowds(args.works, args.crowds)


if __name__ == "__main__":
    main()
