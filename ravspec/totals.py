"""From totals to statistics: integers and fractions to the end, one rounding at the very last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any

from ravspec.decimals import as_float, exactly, root
from ravspec.federated import Spec
from ravspec.sums import Group, Kind, Sum

NAN = float("nan")


class Totals:
    """The totals of all contributors; `of` a group looks at that group alone."""

    def __init__(self, spec: Spec, sums: Mapping[Sum, int], group: Group = None) -> None:
        self._spec, self._sums, self._group = spec, sums, group

    def of(self, group: Group) -> Totals:
        """The same totals, of one group."""
        return Totals(self._spec, self._sums, group)

    def get(self, kind: Kind, over: tuple[str, ...], *of: str) -> int:
        """One of the totals."""
        return self._sums[Sum(kind, over, of, group=self._group)]

    def count(self, over: tuple[str, ...]) -> int:
        """Rows in which these columns are usable."""
        return self.get(Kind.COUNT, over)

    def missing(self, column: str) -> int:
        """Missing cells."""
        return self.get(Kind.MISSING, (column,))

    def unit(self, *columns: str) -> int:
        """How many integers are 1."""
        return int(10 ** sum(self._spec.columns[c].decimals for c in columns))

    # --- one column --------------------------------------------------------------------------------

    def sum(self, c: str) -> float:
        """The sum of a column."""
        n, s = self.count((c,)), self.get(Kind.SUM, (c,), c)
        return as_float(Fraction(s + n * self._spec.columns[c].centre(), self.unit(c)))

    def exact_mean(self, over: tuple[str, ...], c: str) -> Fraction:
        """The mean of a column."""
        n, s = self.count(over), self.get(Kind.SUM, over, c)
        return (Fraction(s, n) + self._spec.columns[c].centre()) / self.unit(c)

    def mean(self, c: str) -> float:
        """The mean of a column; nan where there is nothing."""
        return as_float(self.exact_mean((c,), c)) if self.count((c,)) > 0 else NAN

    def variance(self, c: str, ddof: int) -> float:
        """The variance of a column; nan where there are not enough values."""
        if self.count((c,)) <= ddof:
            return NAN
        return as_float(self.exact_covariance((c,), c, c, ddof))

    def deviation(self, c: str, ddof: int) -> float:
        """The standard deviation of a column."""
        if self.count((c,)) <= ddof:
            return NAN
        value = self.exact_covariance((c,), c, c, ddof)
        return root(value) if value >= 0 else NAN  # below zero by noise only

    # --- several columns ---------------------------------------------------------------------------

    def exact_covariance(self, over: tuple[str, ...], a: str, b: str, ddof: int) -> Fraction:
        """The covariance of two columns."""
        n = self.count(over)
        a, b = sorted((a, b))
        sa, sb = self.get(Kind.SUM, over, a), self.get(Kind.SUM, over, b)
        numerator = n * self.get(Kind.PRODUCT, over, a, b) - sa * sb
        return Fraction(numerator, n * (n - ddof) * self.unit(a, b))

    def covariance(self, over: tuple[str, ...], a: str, b: str, ddof: int) -> float:
        """The same as a float."""
        return as_float(self.exact_covariance(over, a, b, ddof)) if self.count(over) > ddof else NAN

    def correlation(self, over: tuple[str, ...], a: str, b: str) -> float:
        """The correlation of two columns; nan where one of them is constant."""
        if self.count(over) < 1:
            return NAN
        both = self.exact_covariance(over, a, b, 0)
        spread = self.exact_covariance(over, a, a, 0) * self.exact_covariance(over, b, b, 0)
        if spread <= 0:
            return NAN
        return root(both * both / spread) * (1 if both >= 0 else -1)

    def least_squares(self, target: str, on: Sequence[str]) -> list[float]:
        """Intercept and coefficients; nan where they are not determined."""
        over = tuple(sorted((target, *on)))
        if self.count(over) < 1:
            return [NAN] * (len(on) + 1)
        gram = [[self.exact_covariance(over, a, b, 0) for b in on] for a in on]
        right = [self.exact_covariance(over, a, target, 0) for a in on]
        slopes = solve(gram, right)
        if slopes is None:
            return [NAN] * (len(on) + 1)
        means = [self.exact_mean(over, c) for c in on]
        intercept = self.exact_mean(over, target) - sum(
            (slope * mean for slope, mean in zip(slopes, means, strict=True)), Fraction()
        )
        return [as_float(intercept), *map(as_float, slopes)]

    # --- bins --------------------------------------------------------------------------------------

    def cells(self, c: str, edges: tuple[str, ...]) -> list[int]:
        """Counts below the first edge, in each bin, above the last edge."""
        find = (Sum(Kind.CELL, (c,), edges=edges, index=k, group=self._group) for k in range(len(edges) + 1))
        return [self._sums[cell] for cell in find]

    def ends(self, c: str, edges: tuple[str, ...]) -> list[Fraction]:
        """The edges, and before and behind them the smallest and the largest value of the column's rule."""
        column, unit = self._spec.columns[c], self.unit(c)
        low, high = column.bounds()
        return [Fraction(x, unit) for x in (low, *(exactly(e, column.decimals) for e in edges), high)]

    def quantile(self, c: str, edges: tuple[str, ...], q: str) -> tuple[float, float, float]:
        """(value, low, high): between low and high for certain, the value by straight interpolation."""
        cells, ends = [max(0, n) for n in self.cells(c, edges)], self.ends(c, edges)
        n = sum(cells)
        if not n:
            return NAN, NAN, NAN
        rank = Fraction(q) * (n - 1)  # from 0, as NumPy counts
        through = list(accumulate(cells))
        lower = next(k for k, reached in enumerate(through) if reached > int(rank))
        upper = next(k for k, reached in enumerate(through) if reached > -(-rank // 1))
        before = through[lower] - cells[lower]
        share = min(Fraction(1), (rank - before + Fraction(1, 2)) / cells[lower])
        value = ends[lower] + (ends[lower + 1] - ends[lower]) * share
        return as_float(value), as_float(ends[lower]), as_float(ends[upper + 1])

    def extreme(self, c: str, edges: tuple[str, ...], first: bool) -> tuple[float, float]:
        """(low, high) of the first or the last bin with something in it."""
        filled = [k for k, n in enumerate(self.cells(c, edges)) if n > 0]
        if not filled:
            return NAN, NAN
        k, ends = filled[0 if first else -1], self.ends(c, edges)
        return as_float(ends[k]), as_float(ends[k + 1])


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """x of matrix x = right, exactly; None where the matrix is singular."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            if factor:
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    found: list[Fraction] = [Fraction()] * n
    for k in reversed(range(n)):
        rest: Any = sum((rows[k][j] * found[j] for j in range(k + 1, n)), Fraction())
        found[k] = (rows[k][n] - rest) / rows[k][k]
    return found
