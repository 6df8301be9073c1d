"""Rows as a table for people and as JSON for programs."""

from __future__ import annotations

from typing import Any

from cases import Row

HEAD = ("case", "ours", "Dask", "Ray", "NumPy", "Dask/ours", "Ray/ours", "value", "budget", "met")


def seconds(value: float | None) -> str:
    """Seconds with a unit that suits them."""
    if value is None:
        return ""
    return f"{value * 1e3:.2f} ms" if value < 0.1 else f"{value:.2f} s"


def ratio(value: float | None) -> str:
    """A ratio, or nothing."""
    return "" if value is None else f"{value:.1f}"


def cells(row: Row) -> tuple[str, ...]:
    """One row in words."""
    value = "" if row.value is None else f"{row.value:.2f} {row.unit}"
    met = {None: "", True: "yes", False: "NO"}[row.met]
    return (
        row.case, seconds(row.ours_s), seconds(row.dask_s), seconds(row.ray_s), seconds(row.numpy_s),
        ratio(row.ratio("dask")), ratio(row.ratio("ray")), value, row.budget, met,
    )  # fmt: skip


def table(rows: list[Row]) -> str:
    """The table, the notes below it."""
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    text = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * w for w in widths))
    text += ["", *(f"{row.case}: {row.note}" for row in rows if row.note)]
    return "\n".join(text)


def as_json(row: Row) -> dict[str, Any]:
    """One row for --json."""
    return {
        "case": row.case,
        "ours_s": row.ours_s, "dask_s": row.dask_s, "ray_s": row.ray_s, "numpy_s": row.numpy_s,
        "ratio_dask": row.ratio("dask"), "ratio_ray": row.ratio("ray"),
        "value": row.value, "unit": row.unit, "budget": row.budget, "met": row.met, "note": row.note,
    }  # fmt: skip
