"""The statistics of federated graphs: R.federated_mean() and the others, each an answer of the current graph.

Columns are those of the graph's rules, all of them or the ones named. `by={"sex": ["f", "m"]}` asks for each
group; the answer is then {group: {column: value}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ravop.answers import Answer
from ravop.calls import outermost
from ravop.federated import current_federated
from ravspec.decimals import written
from ravspec.errors import ParamError
from ravspec.federated import By, Statistic

Columns = str | Sequence[str] | None
Groups = Mapping[str, Sequence[Any]] | None


def federated_count(columns: Columns = None, *, by: Groups = None) -> Answer:
    """How many values each column has."""
    return ask("count", columns, by)


def federated_missing(columns: Columns = None, *, by: Groups = None) -> Answer:
    """How many cells of each column are missing."""
    return ask("missing", columns, by)


def federated_sum(columns: Columns = None, *, by: Groups = None) -> Answer:
    """The sum of each column."""
    return ask("sum", columns, by)


def federated_mean(columns: Columns = None, *, by: Groups = None) -> Answer:
    """The mean of each column."""
    return ask("mean", columns, by)


def federated_variance(columns: Columns = None, *, ddof: int = 0, by: Groups = None) -> Answer:
    """The variance of each column."""
    return ask("variance", columns, by, ddof=ddof)


def federated_standard_deviation(columns: Columns = None, *, ddof: int = 0, by: Groups = None) -> Answer:
    """The standard deviation of each column."""
    return ask("standard_deviation", columns, by, ddof=ddof)


def federated_covariance(columns: Columns = None, *, ddof: int = 0, by: Groups = None) -> Answer:
    """{column: {column: covariance}}, of the rows in which all these columns have values."""
    return ask("covariance", columns, by, ddof=ddof)


def federated_correlation(columns: Columns = None, *, by: Groups = None) -> Answer:
    """{column: {column: correlation}}, of the rows in which all these columns have values."""
    return ask("correlation", columns, by)


def federated_linear_regression(target: str, on: Columns = None, *, by: Groups = None) -> Answer:
    """{"intercept": value, column: coefficient}: least squares of target by the others, of complete rows."""
    others = [c for c in chosen(on) if c != target or on is not None]
    return ask("linear_regression", [target, *others], by)


def federated_histogram(column: str, edges: Sequence[Any], *, by: Groups = None) -> Answer:
    """{column: {"edges", "counts", "below", "above"}}; bins as NumPy's, the last with both its ends."""
    return ask("histogram", column, by, edges=texts(edges))


def federated_quantile(column: str, q: Any, edges: Sequence[Any], *, by: Groups = None) -> Answer:
    """{column: value}, or {column: {q: value}}, to within a bin; `.brackets()` are the ends of that bin.

    In a second graph with its edges inside the bracket, it is found to within a bin of that.
    """
    many = q if isinstance(q, Sequence) and not isinstance(q, str) else [q]
    return ask("quantile", column, by, edges=texts(edges), q=texts(many))


def federated_minimum(column: str, edges: Sequence[Any], *, by: Groups = None) -> Answer:
    """{column: (low, high)} of the first bin that is not empty; an exact minimum would be one person's."""
    return ask("minimum", column, by, edges=texts(edges))


def federated_maximum(column: str, edges: Sequence[Any], *, by: Groups = None) -> Answer:
    """{column: (low, high)} of the last bin that is not empty; an exact maximum would be one person's."""
    return ask("maximum", column, by, edges=texts(edges))


def ask(name: str, columns: Columns, by: Groups, **more: Any) -> Answer:
    """Declare a statistic in the current graph."""
    statistic = Statistic(name, tuple(chosen(columns)), by=groups_of(by), part_of=outermost(), **more)
    return current_federated().declare(statistic)


def chosen(columns: Columns) -> Sequence[str]:
    """The columns that are named, or all."""
    if columns is None:
        return current_federated().columns
    return [columns] if isinstance(columns, str) else list(columns)


def groups_of(by: Groups) -> By | None:
    """{column: values} as a spec has it."""
    if by is None:
        return None
    if not isinstance(by, Mapping) or len(by) != 1:
        raise ParamError(f'by = {by!r}: it names one column and its values, such as {{"sex": ["f", "m"]}}')
    ((column, values),) = by.items()
    return By(column, tuple(map(str, values)))


def texts(numbers: Sequence[Any]) -> tuple[str, ...]:
    """Numbers as canonical text."""
    try:
        return tuple(written(x) for x in numbers)
    except (ValueError, TypeError) as error:
        raise ParamError(f"{numbers!r:.60} are no numbers: {error}") from None
