"""Rows as a table for people and as JSON for programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from figures import PEERS, Row

HEAD = (
    "case",
    "ours",
    "(best)",
    "Dask",
    "Ray",
    "NumPy",
    "Dask/ours",
    "Ray/ours",
    "value",
    "budget",
    "result",
)

#: largest first: a time is shown in the first unit of which it has at least one
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def duration(seconds: float | None) -> str:
    """A time to three digits, in a unit that suits it."""
    if seconds is None:
        return ""
    scale, unit = next((u for u in UNITS if seconds >= u[0]), UNITS[-1])
    return f"{three_digits(seconds / scale)} {unit}"


def three_digits(value: float) -> str:
    """1.23, 12.3, 123, 1,234."""
    size = abs(value)
    return f"{value:,.{0 if size >= 99.95 else 1 if size >= 9.995 else 2}f}"


def ratio(value: float | None) -> str:
    """A ratio, or nothing."""
    return "" if value is None else three_digits(value)


def verdict(row: Row) -> str:
    """The budget's fate in a word."""
    if not row.judged:
        return "not judged"
    return {None: "", True: "met", False: "MISSED"}[row.met]


def cells(row: Row) -> tuple[str, ...]:
    """One row in words."""
    return (
        row.case,
        duration(row.median_s("ours")),
        duration(row.best_s("ours")),
        *(duration(row.median_s(peer)) for peer in PEERS),
        ratio(row.ratio("dask")),
        ratio(row.ratio("ray")),
        "" if row.value is None else f"{three_digits(row.value)} {row.unit}",
        row.budget.text,
        verdict(row),
    )


def table(rows: list[Row]) -> str:
    """The table, and the notes below it."""
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    text = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{row.case}: {row.note}" for row in rows if row.note]
    return "\n".join([*text, *([""] if notes else []), *notes])


def as_json(row: Row) -> dict[str, Any]:
    """One row for --json."""
    return {
        "case": row.case,
        "ours_s": row.median_s("ours"),
        **{f"{peer}_s": row.median_s(peer) for peer in PEERS},
        "ratio_dask": row.ratio("dask"),
        "ratio_ray": row.ratio("ray"),
        "value": row.value,
        "unit": row.unit,
        "ours_best_s": row.best_s("ours"),
        "budget": row.budget.text,
        "met": row.met,
        "note": row.note,
    }


def progress() -> Callable[[str], None]:
    """Says on standard error what is going on, and since when."""
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {text}", file=sys.stderr, flush=True)

    return say
