"""Specs of federated graphs for tests, and sums of rows as plain as can be."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ravspec.federated import Column, Spec, Statistic
from ravspec.statistics import all_sums
from ravspec.sums import Kind, Sum

Rows = Sequence[dict[str, int | None]]


def make_spec(columns: dict[str, Column], *statistics: Statistic, **more: Any) -> Spec:
    """A plain spec; `modulus` makes it an encrypted one."""
    base = {"version": 1, "graph": 1, "name": "", "developer": "", "nonce": "ab" * 16, "modulus": ""}
    given = {**base, "min_clients": 3, "max_clients": 5, "max_rows": 1 << 20, **more}
    return Spec(**given, columns=columns, statistics=statistics, encryption=bool(given["modulus"]))


def local_sums(spec: Spec, rows: Rows) -> dict[Sum, int]:
    """Sums of rows of integers (None: missing); groups are looked up as they are."""
    return {total: sum(_of_row(spec, total, row) for row in rows) for total in all_sums(spec)}


def _of_row(spec: Spec, total: Sum, row: dict[str, Any]) -> int:
    if total.group and row[total.group[0]] != total.group[1]:
        return 0
    if total.kind is Kind.MISSING:
        return int(row[total.over[0]] is None)
    if any(row[c] is None for c in total.over):
        return 0
    if total.kind is Kind.CELL:
        column = spec.columns[total.over[0]]
        edges = [int(float(e) * 10**column.decimals) for e in total.edges]
        x, k = row[total.over[0]], total.index
        if k == 0:
            return int(x < edges[0])
        if k == len(edges):
            return int(x > edges[-1])
        return int(edges[k - 1] <= x < edges[k] or (k == len(edges) - 1 and x == edges[k]))
    return prod(row[c] - spec.columns[c].centre() for c in total.of)
