"""RDF beside Dask, Ray and NumPy, case by case, in one run on one machine.

.venv/bin/python benchmarks/run.py [--quick] [--only NAME] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cases import CASES, Case, Row
from ours import Cluster
from peers import PEERS, Missing
from table import as_json, table


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="benchmarks/run.py",
        description="Measure RDF (a server and two contributors on this machine) beside Dask, Ray and NumPy: "
        "the same work, in the same run. Ratios are the peer's time by ours, so larger is better.",
        epilog="A full run takes some minutes, most of them the peers'; nothing else should run meanwhile. "
        "The budgets are those of docs/performance.md. --quick uses smaller sizes: it shows that all works, "
        "its figures are not to be quoted.",
    )
    p.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    p.add_argument(
        "--only", action="append", metavar="NAME", choices=[case.id for case in CASES],
        help=f"only this case, may be given again: {', '.join(case.id for case in CASES)}",
    )  # fmt: skip
    p.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, as a list of objects")
    return p


def say(text: str) -> None:
    """A line of progress."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def measure_ours(cases: list[Case], rows: dict[str, Row], quick: bool) -> None:
    """Our side of every case."""
    with Cluster() as cluster:
        for case in cases:
            say(f"{case.id}: ours")
            case.measure(rows[case.id], quick, cluster)


def measure_peer(
    name: str, make: Callable[[], Any], cases: list[Case], rows: dict[str, Row], quick: bool
) -> None:
    """One peer's side of the cases that it can take part in."""
    able = [case for case in cases if case.peer]
    if not able:
        return
    try:
        with make() as peer:
            for case in able:
                work = getattr(peer, case.peer or "", None)
                if work is None:
                    continue
                say(f"{case.id}: {name}")
                size = case.size[quick]
                started = time.perf_counter()
                outcome = work(size)
                elapsed = time.perf_counter() - started
                setattr(rows[case.id], f"{name}_s", elapsed if outcome is None else case.pick(outcome))
    except Missing as missing:
        for case in able:
            rows[case.id].note = "; ".join(filter(None, [rows[case.id].note, f"no {name}: {missing}"]))


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 when every case was measured, budgets met or not; a wrong value is an error."""
    args = parser().parse_args(argv)
    cases = [case for case in CASES if not args.only or case.id in args.only]
    rows = {case.id: Row(case.id) for case in cases}
    measure_ours(cases, rows, args.quick)
    for name, make in PEERS.items():
        measure_peer(name, make, cases, rows, args.quick)
    for case in cases:
        rows[case.id].judge(case)
    print(table(list(rows.values())))
    if args.quick:
        print("\nquick: small sizes; these figures are not to be quoted, nor held against the budgets")
    if args.json:
        args.json.write_text(json.dumps([as_json(row) for row in rows.values()], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
