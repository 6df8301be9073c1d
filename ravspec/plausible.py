"""Can totals be sums of values within the rules? What is out of range is noticed, a lie in range is not."""

from __future__ import annotations

from collections.abc import Mapping

from ravspec.errors import ComputeError
from ravspec.federated import Spec
from ravspec.sums import Kind, Sum


def check_plausible(spec: Spec, sums: Mapping[Sum, int], contributors: int) -> None:
    """A ComputeError for totals that no values within the rules have; with noise, anything is possible."""
    if spec.epsilon is not None:
        return
    for total, value in sums.items():
        if not possible(spec, sums, total, value, contributors):
            raise ComputeError(
                f"the total of {total.text()} is impossible for values within the rules: at least one "
                "contributor sent something else, and nothing of this graph can be trusted"
            )


def possible(spec: Spec, sums: Mapping[Sum, int], total: Sum, value: int, contributors: int) -> bool:
    """Is this total within what the count and the rule of its column allow?"""
    if total.kind in (Kind.COUNT, Kind.MISSING, Kind.CELL):
        return 0 <= value <= contributors * spec.max_rows
    n = sums[Sum(Kind.COUNT, total.over, group=total.group)]
    if total.kind is Kind.SUM:
        low, high = ends(spec, total.of[0])
        return n * low <= value <= n * high
    a, b = total.of
    if a != b:
        most = max(abs(x * y) for x in ends(spec, a) for y in ends(spec, b))
        return abs(value) <= n * most
    low, high = ends(spec, a)
    of_values = sums[Sum(Kind.SUM, total.over, (a,), group=total.group)]
    # a variance is not negative, and not more than that of values at both ends (Bhatia and Davis)
    spread = n * value - of_values**2
    return 0 <= spread <= (n * high - of_values) * (of_values - n * low)


def ends(spec: Spec, column: str) -> tuple[int, int]:
    """The smallest and the largest value of a column, its centre taken off."""
    rule = spec.columns[column]
    low, high = rule.bounds()
    return low - rule.centre(), high - rule.centre()
