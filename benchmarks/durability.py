"""What durability costs: our cases with the database as it is, and with SQLite's `synchronous=OFF`.

Both servers are up all the while, and each round of one is followed by a round of the other. Without an
argument all cases that go through a server; else those that are named. Prints a table.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys

from threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy reads it

from cases import CASES
from ours import Ours

CASE_IDS = ("independent-10k", "chain-1k", "tree-4096", "one-add", "up-256mb", "down-256mb")
ROUNDS = 15

#: the server, with a database that leaves it to the system when something reaches the disk
CARELESS = """
import sys
from ravsock import sqlite
from ravsock.__main__ import main
sqlite.PRAGMAS = tuple(pragma.replace("NORMAL", "OFF") for pragma in sqlite.PRAGMAS)
sys.exit(main())
"""


def careless() -> Ours:
    """A server that is not durable, with its contributors."""
    ours = Ours()
    ours.cluster.program = ("-c", CARELESS)
    return ours


def main(names: list[str]) -> int:
    """Measure, print."""
    unknown = set(names) - set(CASE_IDS)
    if unknown:
        print(f"durability.py: no case {', '.join(sorted(unknown))}; there are {', '.join(CASE_IDS)}")
        return 2
    print("| case | durable | `synchronous=OFF` | cost | cost, best rounds |\n|---|---|---|---|---|")
    with Ours() as durable, careless() as loose:
        for case in CASES:
            if case.id not in (names or CASE_IDS):
                continue
            assert case.work is not None
            size = case.sizes[0][-1]
            seconds: dict[Ours, list[float]] = {durable: [], loose: []}
            for side in seconds:
                case.work(side, max(1, size // 16))
            for _ in range(ROUNDS):
                for side, taken in seconds.items():
                    gc.collect()
                    taken += case.work(side, size)
            ours, other = (1e3 * statistics.median(taken) for taken in seconds.values())
            best = min(seconds[durable]) / min(seconds[loose]) - 1
            print(f"| `{case.id}` | {ours:.1f} ms | {other:.1f} ms | {ours / other - 1:+.0%} | {best:+.0%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
