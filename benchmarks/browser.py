"""The contributor in a browser beside ravpy, in one run on one machine: see --help."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from cluster import ROOT, ClusterError, stop_in_order
from table import progress, three_digits
from visitors import ADDS, LARGE_BYTES, Sample, chromium_path, ravpys_round, tabs_round
from work import WrongValue

from ravsock.assets import find_runtime
from ravspec.errors import RavError

sys.path.append(str(ROOT / "tests" / "js"))

from parity import counts

DESCRIPTION = """\
Measure a visitor's tab (Chromium, one worker) beside ravpy (one BLAS thread): each alone at a server on
this machine, started and stopped here. Then run the whole op table in Pyodide and in NumPy, and count how
closely they agree. Prints tables in plain text."""

EPILOG = f"""\
Each round has a new server and a new profile of the browser: a first visit, then two later ones, and in the
last of these the rates, three times each. Every figure is the best of all rounds, and seen by the developer:
from the click, or the call, to the value. "up" is an array of {LARGE_BYTES / 1e6:g} MB that the contributor
makes, until it is at the server; "down" one that it needs for a value; adds are a chain of {ADDS:,}.
What ravpy has beside "later visits" is the time from the start of its command.

Three rounds take some three minutes and want the machine for themselves; how busy it was is printed too.
Needs Chromium, Node, playwright and the browser's runtime, as the tests do.

Exit code: 0 measured; 1 something failed, a value was wrong, or an op disagrees; 130 stopped by Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    id: str
    text: str
    unit: str
    scale: float = 1.0
    best: Callable[[Iterable[float]], float] = max


FIGURES = (
    Figure("first_s", "click to first op, first visit", "s", best=min),
    Figure("later_s", "click to first op, later visits", "s", best=min),
    Figure("first_bytes", "loaded, first visit", "MB", 1e6, best=min),
    Figure("later_bytes", "loaded, later visits", "kB", 1e3, best=min),
    Figure("product_512", "products of 512 x 512 matrices", "GFLOP/s", 1e9),
    Figure("product_1024", "products of 1024 x 1024 matrices", "GFLOP/s", 1e9),
    Figure("adds", "adds in a chain", "/s"),
    Figure("up", "up to the server", "MB/s", 1e6),
    Figure("down", "down from the server", "MB/s", 1e6),
)


def best(samples: Sequence[Sample]) -> Sample:
    """Each figure's best of several rounds; one that a side does not have is left out."""
    found = {f.id: [sample[f.id] for sample in samples if f.id in sample] for f in FIGURES}
    return {f.id: f.best(found[f.id]) for f in FIGURES if found[f.id]}


def lines(sides: Mapping[str, Sample]) -> str:
    """The table: a row a figure, a column a side."""
    head = ["", *sides]
    rows = [head]
    for f in FIGURES:
        values = [side.get(f.id) for side in sides.values()]
        cells = ["" if v is None else f"{three_digits(v / f.scale)} {f.unit}" for v in values]
        rows.append([f.text, *cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def agreement(rows: Mapping[str, int]) -> str:
    """The counts of the op table in words."""
    words = {
        "equal": "equal bit by bit", "ulp": "within 4 units in the last place",
        "tolerance": "within the tolerance of their class", "outside": "outside",
    }  # fmt: skip
    parts = ", ".join(f"{rows.get(how, 0)} {text}" for how, text in words.items())
    return f"{sum(rows.values())} rows of the op table, {parts}"


def machine(chromium: str, load: float) -> str:
    """Where this was measured."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"NumPy {np.__version__}, {chromium}, {date.today()}; load {load:.1f} before the run"
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="benchmarks/browser.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    p.add_argument("--rounds", type=int, default=3, metavar="N", help="so many rounds (3)")
    return p


def measure(rounds: int) -> int:
    """Everything; gives the exit code."""
    from playwright.sync_api import sync_playwright  # of the extra `dev`

    find_runtime()
    if chromium_path() is None:
        raise ClusterError("no Chromium: install your system's package chromium, or name one by CHROMIUM")
    say, load = progress(), os.getloadavg()[0]
    tabs, ravpys = [], []
    for n in range(rounds):
        say(f"round {n + 1}: a tab")
        # the folder goes last: a browser that is being ended writes into it
        with tempfile.TemporaryDirectory(prefix="rdf-profile-") as folder, sync_playwright() as driver:
            sample, chromium = tabs_round(driver, folder)
        tabs.append(sample)
        say(f"round {n + 1}: ravpy")
        ravpys.append(ravpys_round())
    say("the op table")
    calls, rows, _ = counts()
    print(lines({"a tab": best(tabs), "ravpy": best(ravpys)}))
    print(f"\n{agreement(rows)}; {sum(calls.values())} calls")
    print(f"\nBest of {rounds}. {machine(chromium, load)}")
    return 1 if rows.get("outside") else 0


def main(argv: list[str] | None = None) -> int:
    """The command; gives the exit code."""
    args = parser().parse_args(argv)
    if args.rounds < 1:
        parser().error(f"--rounds is at least 1, not {args.rounds}")
    stop_in_order()
    try:
        return measure(args.rounds)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except (RavError, ClusterError, WrongValue, OSError, ImportError) as error:
        print(f"benchmarks: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
