"""What a question tells of which rows, so that the ledger can see what several questions tell together.

A sum tells of its column, for the rows that it is of. But a count tells, too: of the column by which rows are
chosen. How many of the rows with an age have a diagnosis is the sum of a one for the diagnosis over the rows
with an age; counted again over all of them but one, the difference is that one's diagnosis. So each question
leaves a mark for every column that it tells of, on the rows among which that column was looked at: whether
they have what was looked for or not, because a difference of nothing tells as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ravspec.sums import Group


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows some sums are of: those of the group in which all these columns are usable."""

    over: tuple[str, ...]
    group: Group
    #: its cells are counted where it is missing; `over` is empty then
    missing: str = ""

    def text(self) -> str:
        """How a person calls it."""
        what = f"cells of {self.missing}, missing or not" if self.missing else ", ".join(self.over)
        return what + (f" where {self.group[0]} is {self.group[1]}" if self.group else "")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows in which these columns are usable, of a group, where all conditions but one hold."""

    over: tuple[str, ...] = ()
    group: Group = None
    without: str = ""  #: the condition, by its column


@dataclass(frozen=True, slots=True)
class Mark:
    """What is told of some rows: something of each of these columns."""

    rows: Rows
    tells: tuple[str, ...]


def marks_of(queries: Iterable[Query], conditions: Sequence[str]) -> list[Mark]:
    """The marks of all queries, each set of rows once."""
    told: dict[Rows, dict[str, None]] = {}

    def mark(rows: Rows, *columns: str) -> None:
        told.setdefault(rows, {}).update(dict.fromkeys(columns))

    for query in queries:
        if query.over:
            mark(Rows(query.over, query.group), *query.over)
        # a count tells for how many rows there is a usable cell, or none
        mark(Rows((), query.group), *(f"there being a {c}" for c in query.over or (query.missing,)))
        if query.group:
            mark(Rows(query.over), query.group[0])
        for condition in conditions:
            mark(Rows(query.over, query.group, condition), condition)
    return [Mark(rows, tuple(columns)) for rows, columns in told.items()]
