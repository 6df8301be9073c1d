"""Every statistic of federated graphs, one row each: the sums it needs, and how it comes from their totals.

A contributor computes the sums of its own rows; added up over all contributors they give the statistic of all
rows, exactly: everything up to the last division is an integer or a fraction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement, pairwise
from typing import Any

from ravspec.decimals import exactly, number
from ravspec.errors import ParamError
from ravspec.federated import Spec, Statistic
from ravspec.sums import Group, Kind, Sum
from ravspec.totals import Totals

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Row:
    """A statistic. `sums`: what it needs of one group; `result`: what it is, from the totals of one group."""

    name: str
    text: str
    sums: Callable[[Statistic, Group], Iterator[Sum]]
    result: Callable[[Statistic, Totals, Group], dict[str, Any]]
    fields: frozenset[str] = frozenset()
    fewest_columns: int = 1

    def check(self, spec: Spec, s: Statistic) -> None:
        """A ParamError where the statistic is not well formed."""
        if len(s.columns) < self.fewest_columns or len(set(s.columns)) != len(s.columns):
            raise ParamError(f"{self.name}: {self.fewest_columns} columns at least, each once")
        for field, default in (("ddof", 0), ("edges", ()), ("q", ())):
            if getattr(s, field) != default and field not in self.fields:
                raise ParamError(f"{self.name} takes no {field}")
        if s.ddof not in (0, 1):
            raise ParamError(f"{self.name}: ddof is 0 or 1, not {s.ddof}")
        if "edges" in self.fields:
            check_edges(spec, s)
        if "q" in self.fields and not (s.q and all(0 <= number(q) <= 1 for q in s.q)):
            raise ParamError(f"{self.name}: q is one or more numbers from 0 to 1")


def check_edges(spec: Spec, s: Statistic) -> None:
    """Edges rise, and are values that the column can have."""
    if len(s.columns) != 1 or len(s.edges) < 2:
        raise ParamError(f"{s.name}: one column, and two edges at least")
    column = spec.columns[s.columns[0]]
    try:
        edges = [exactly(edge, column.decimals) for edge in s.edges]
    except ValueError as error:
        raise ParamError(f'{s.name} of "{s.columns[0]}": edge {error}') from None
    low, high = column.bounds()
    if any(a >= b for a, b in pairwise(edges)) or edges[0] < low or edges[-1] > high:
        raise ParamError(f'{s.name} of "{s.columns[0]}": edges rise, and are within the rule of the column')


# --- sums --------------------------------------------------------------------------------------------


def of_columns(*kinds: Kind) -> Callable[[Statistic, Group], Iterator[Sum]]:
    """These sums of each column by itself: of its own usable cells."""

    def sums(s: Statistic, group: Group) -> Iterator[Sum]:
        for c in s.columns:
            for kind in kinds:
                of = {Kind.SUM: (c,), Kind.PRODUCT: (c, c)}.get(kind, ())
                yield Sum(kind, (c,), of, group=group)

    return sums


def of_complete_rows(s: Statistic, group: Group) -> Iterator[Sum]:
    """Count, sums and products of the rows in which all the columns are usable."""
    over = tuple(sorted(s.columns))
    yield Sum(Kind.COUNT, over, group=group)
    for c in over:
        yield Sum(Kind.SUM, over, (c,), group=group)
    for pair in combinations_with_replacement(over, 2):
        yield Sum(Kind.PRODUCT, over, pair, group=group)


def of_bins(s: Statistic, group: Group) -> Iterator[Sum]:
    """The rows below the first edge, in each bin, and above the last edge."""
    for k in range(len(s.edges) + 1):
        yield Sum(Kind.CELL, s.columns, edges=s.edges, index=k, group=group)


# --- results -----------------------------------------------------------------------------------------


def each(of: Callable[[Statistic, Totals, str], Any], s: Statistic, t: Totals, g: Group) -> dict[str, Any]:
    """{column: value} of a statistic that looks at each column by itself."""
    return {c: of(s, t.of(g), c) for c in s.columns}


def matrix(
    of: Callable[[Statistic, Totals, str, str], Any], s: Statistic, t: Totals, g: Group
) -> dict[str, Any]:
    """{column: {column: value}}."""
    return {a: {b: of(s, t.of(g), a, b) for b in s.columns} for a in s.columns}


def regression(s: Statistic, t: Totals, g: Group) -> dict[str, Any]:
    """{"intercept": value, column: coefficient}; the first column is the target."""
    target, *on = s.columns
    return dict(zip(("intercept", *on), t.of(g).least_squares(target, on), strict=True))


def histogram(s: Statistic, t: Totals, c: str) -> dict[str, Any]:
    """Edges and counts, as NumPy has them (the last bin has both its ends), and what is outside."""
    below, *counts, above = t.cells(c, s.edges)
    return {"edges": [float(e) for e in s.edges], "counts": counts, "below": below, "above": above}


def quantile(s: Statistic, t: Totals, c: str) -> Any:
    """The quantile, or {q: quantile} where several are asked for; see `bracket`."""
    found = {float(q): t.quantile(c, s.edges, q)[0] for q in s.q}
    return found if len(found) > 1 else next(iter(found.values()))


def lowest(s: Statistic, t: Totals, c: str) -> Any:
    """(low, high) of the first bin that is not empty."""
    return t.extreme(c, s.edges, first=True)


def highest(s: Statistic, t: Totals, c: str) -> Any:
    """(low, high) of the last bin that is not empty."""
    return t.extreme(c, s.edges, first=False)


COUNT, TOTAL, SQUARES = Kind.COUNT, Kind.SUM, Kind.PRODUCT
DDOF, EDGES, Q = frozenset({"ddof"}), frozenset({"edges"}), frozenset({"edges", "q"})

# fmt: off
ROWS = (
    Row("count", "how many values", of_columns(COUNT), partial(each, lambda s, t, c: t.count((c,)))),
    Row("missing", "how many missing cells", of_columns(Kind.MISSING),
        partial(each, lambda s, t, c: t.missing(c))),
    Row("sum", "the sum", of_columns(COUNT, TOTAL), partial(each, lambda s, t, c: t.sum(c))),
    Row("mean", "the mean", of_columns(COUNT, TOTAL), partial(each, lambda s, t, c: t.mean(c))),
    Row("variance", "the variance", of_columns(COUNT, TOTAL, SQUARES),
        partial(each, lambda s, t, c: t.variance(c, s.ddof)), DDOF),
    Row("standard_deviation", "the standard deviation", of_columns(COUNT, TOTAL, SQUARES),
        partial(each, lambda s, t, c: t.deviation(c, s.ddof)), DDOF),
    Row("covariance", "covariances of complete rows", of_complete_rows,
        partial(matrix, lambda s, t, a, b: t.covariance(tuple(sorted(s.columns)), a, b, s.ddof)), DDOF, 2),
    Row("correlation", "correlations of complete rows", of_complete_rows,
        partial(matrix, lambda s, t, a, b: t.correlation(tuple(sorted(s.columns)), a, b)), fewest_columns=2),
    Row("linear_regression", "the linear regression", of_complete_rows, regression,
        fewest_columns=2),
    Row("histogram", "how many values are in each bin", of_bins, partial(each, histogram), EDGES),
    Row("quantile", "quantiles, to within a bin", of_bins, partial(each, quantile), Q),
    Row("minimum", "the bin of the smallest value", of_bins, partial(each, lowest), EDGES),
    Row("maximum", "the bin of the largest value", of_bins, partial(each, highest), EDGES),
)
# fmt: on
STATISTICS = {row.name: row for row in ROWS}


def groups(s: Statistic) -> list[Group]:
    """The groups of a statistic; the one group None where it has none."""
    return [None] if s.by is None else [(s.by.column, value) for value in s.by.values]


def sums_of(spec: Spec, s: Statistic) -> list[Sum]:
    """The sums that a statistic needs."""
    return [total for group in groups(s) for total in STATISTICS[s.name].sums(s, group)]


def all_sums(spec: Spec) -> list[Sum]:
    """The sums that a contributor sends, each once, in the order in which they are first needed."""
    return list(dict.fromkeys(total for s in spec.statistics for total in sums_of(spec, s)))


def result_of(s: Statistic, totals: Totals) -> dict[str, Any]:
    """{column: value}, or {group: {column: value}}."""
    row = STATISTICS[s.name]
    if s.by is None:
        return row.result(s, totals, None)
    return {value: row.result(s, totals, (s.by.column, value)) for value in s.by.values}
