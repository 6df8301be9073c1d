"""Scheduler and contributor cores face to face, everything going wrong; the counts of docs/scheduling.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from simulation.faces import Faces, all_faults, crowd_of_ten_thousand, small_works

#: contributors of the small runs, by their speeds
SPEEDS = [0.5, 1.0, 1.0, 2.0, 3.0]


def small(seeds: int) -> Counter[str]:
    """Each seed: four graphs, five contributors, and everything goes wrong for a minute. Counts in all."""
    counts: Counter[str] = Counter()
    for seed in tqdm(range(seeds), unit="seed", disable=None):
        faces = Faces(small_works(seed), SPEEDS, all_faults(), seed, calm_s=60.0)
        faces.run()
        counts += faces.counts
    return counts


def main() -> None:
    """The command; a value that is lost, doubled or mixed up ends it with an AssertionError."""
    p = argparse.ArgumentParser(prog="benchmarks/faults.py", description=__doc__)
    p.add_argument("--seeds", type=int, default=200)
    p.add_argument("--contributors", type=int, default=0, help="one run of a large crowd instead")
    p.add_argument("--ops", type=int, default=100_000)
    args = p.parse_args()
    started = time.process_time()
    if args.contributors:
        faces = crowd_of_ten_thousand(1, args.contributors, args.ops)
        faces.run()
        counts = faces.counts
    else:
        counts = small(args.seeds)
    print("| what | count |\n|---|---|")
    for what, count in counts.most_common():
        print(f"| {what} | {count:,} |")
    print(f"| seconds of CPU | {time.process_time() - started:.0f} |")


if __name__ == "__main__":
    main()
