"""Answers of federated graphs: called, they give {column: value}; with each other they do arithmetic.

So a developer's own op is a function that puts some of them together: `@R.op` gives it a name, and
contributors see in its place what it needs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ravspec.errors import ParamError
from ravspec.federated import Statistic
from ravspec.statistics import groups
from ravspec.totals import Totals

if TYPE_CHECKING:
    from ravop.federated import FederatedGraph


class Answer:
    """What a statistic will be."""

    def __call__(self, timeout: float | None = None) -> dict[str, Any]:
        """{column: value}; waits until all have contributed."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Answer:
        return Combined(operator.add, self, other)

    def __sub__(self, other: Any) -> Answer:
        return Combined(operator.sub, self, other)

    def __mul__(self, other: Any) -> Answer:
        return Combined(operator.mul, self, other)

    def __truediv__(self, other: Any) -> Answer:
        return Combined(operator.truediv, self, other)

    def __pow__(self, other: Any) -> Answer:
        return Combined(operator.pow, self, other)

    def __radd__(self, other: Any) -> Answer:
        return Combined(operator.add, other, self)

    def __rsub__(self, other: Any) -> Answer:
        return Combined(operator.sub, other, self)

    def __rmul__(self, other: Any) -> Answer:
        return Combined(operator.mul, other, self)

    def __rtruediv__(self, other: Any) -> Answer:
        return Combined(operator.truediv, other, self)

    def __neg__(self) -> Answer:
        return Combined(operator.sub, 0, self)


class Asked(Answer):
    """One statistic of a graph."""

    def __init__(self, graph: FederatedGraph, statistic: Statistic) -> None:
        self._graph, self.statistic = graph, statistic

    def __call__(self, timeout: float | None = None) -> dict[str, Any]:
        """{column: value}; waits until all have contributed."""
        return self._graph.result(self.statistic, timeout)

    def __repr__(self) -> str:
        return f"<{self.statistic.name} of {', '.join(self.statistic.columns)}, of {self._graph}>"

    def brackets(self, timeout: float | None = None) -> dict[str, Any]:
        """Of a quantile: {q: (low, high)}, between which it is for certain; of groups, {group: ...}."""
        s = self.statistic
        if s.name != "quantile":
            raise ParamError(f"a {s.name} has no brackets; quantiles have")
        totals = self._graph._wait(timeout)
        if s.by is None:
            return self._brackets(totals)
        return {g[1]: self._brackets(totals.of(g)) for g in groups(s) if g}

    def _brackets(self, totals: Totals) -> dict[Any, Any]:
        s = self.statistic
        return {float(q): totals.quantile(s.columns[0], s.edges, q)[1:] for q in s.q}


class Combined(Answer):
    """Answers and numbers put together, value by value."""

    def __init__(self, function: Callable[[Any, Any], Any], a: Any, b: Any, name: str = "") -> None:
        self._function, self._a, self._b, self._name = function, a, b, name

    def __call__(self, timeout: float | None = None) -> dict[str, Any]:
        """{column: value}; waits until all have contributed."""
        a, b = (x(timeout) if isinstance(x, Answer) else x for x in (self._a, self._b))
        result: dict[str, Any] = together(self._function, a, b)
        return result


def together(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """A function of two values, or of dicts of them with equal keys."""
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            raise ParamError(f"these answers are not of the same columns: {', '.join(a)} and {', '.join(b)}")
        return {key: together(function, a[key], b[key]) for key in a}
    if isinstance(a, dict):
        return {key: together(function, value, b) for key, value in a.items()}
    if isinstance(b, dict):
        return {key: together(function, a, value) for key, value in b.items()}
    try:
        return function(a, b)
    except ZeroDivisionError:
        return float("nan")
