"""RDF beside Dask, Ray and NumPy, case by case, in one run on one machine: see --help and README.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy reads it; the peers' workers inherit it

from cases import CASES
from cluster import ClusterError, stop_in_order
from sitting import Sitting
from table import as_json, progress, table
from work import WrongValue

from ravspec.errors import RavError

DESCRIPTION = """\
Measure RDF (a server and two contributors, started and stopped here) beside Dask (two worker processes),
Ray (two CPUs) and NumPy: the same work, its values checked, in one run."""

EPILOG = """\
A budget such as Ray/30 means: at most a thirtieth of Ray's time. Ratios are the peer's time by ours, so
above 1 we are faster. Times are medians. A full run takes some ten minutes, most of them the peers', and
wants the machine for itself. --quick takes smaller sizes to show that all works: it ends within a minute,
and its figures are not held against the budgets.

Exit code: 0 everything was measured, budgets met or not; 1 something failed or a value was wrong; 130
stopped by Ctrl-C. Nothing is left running in any case."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    cases = "\n".join(f"  {case.id:16} {case.what}\n{'':19}budget: {case.budget.text}" for case in CASES)
    p = argparse.ArgumentParser(
        prog="benchmarks/run.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=f"cases:\n{cases}\n\n{EPILOG}",
    )
    p.add_argument("--quick", action="store_true", help="small sizes, within a minute")
    p.add_argument(
        "--only", action="append", metavar="NAME", choices=[case.id for case in CASES],
        help="only this case; may be given again",
    )  # fmt: skip
    p.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there, a list of objects")
    return p


def main(argv: list[str] | None = None) -> int:
    """Measure, print the table; gives the exit code."""
    args = parser().parse_args(argv)
    stop_in_order()
    cases = [case for case in CASES if not args.only or case.id in args.only]
    sitting = Sitting(cases, args.quick, progress())
    code = 0
    try:
        sitting.run()
    except KeyboardInterrupt:
        print("stopped; what was measured so far:", file=sys.stderr)
        code = 130
    except (RavError, ClusterError, WrongValue, OSError) as error:
        print(f"benchmarks: {type(error).__name__}: {error}", file=sys.stderr)
        code = 1
    rows = list(sitting.rows.values())
    print(table(rows))
    if args.quick:
        print("\nQUICK RUN: most sizes are small ones, and those figures say nothing about the budgets.")
    if args.json and code != 130:
        args.json.write_text(json.dumps([as_json(row) for row in rows], indent=1) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
