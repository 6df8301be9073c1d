"""The sums of one file, as a spec asks for them: one pass, in exact integers, whatever the file's size.

Beside the sums it measures what the local policy looks at: rows of each query, the largest value, which rows
were used by which queries. None of that leaves the machine.
"""

from __future__ import annotations

import contextlib
import hashlib
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import mul

from ravpy.marks import Query, Rows, marks_of
from ravpy.selection import Selection, Values
from ravpy.table import Batch, Table, TableError, bad_cell
from ravspec.decimals import MISSING, Encoder, exactly, number, pointed
from ravspec.federated import Column, Spec, Where
from ravspec.statistics import all_sums
from ravspec.sums import Group, Kind, Sum

#: a column of more values than this is not one of codes
MOST_VALUES = 1000


@dataclass(slots=True)
class Spread:
    """The largest value of a query's column, and the sum of all, both without their signs."""

    largest: int = 0
    total: int = 0
    #: how often each value comes, where a column is multiplied by others; no more than MOST_VALUES of them
    values: Counter[int] = field(default_factory=Counter)

    def share(self) -> float:
        """How much of the sum is one row's."""
        return self.largest / self.total if self.total else 0.0

    def apart(self) -> int:
        """How many rows have another value than most; so many at least."""
        return self.values.total() - max(self.values.values(), default=0)


@dataclass(slots=True)
class Measured:
    """What was found in a file."""

    sums: dict[Sum, int]
    rows: int = 0  #: of the file
    chosen: int = 0  #: that the conditions on rows let through
    counts: dict[Query, int] = field(default_factory=dict)
    spreads: dict[tuple[Query, str], Spread] = field(default_factory=dict)
    excluded: Counter[str] = field(default_factory=Counter)  #: cells outside the rule, by column
    missing: Counter[str] = field(default_factory=Counter)
    rounded: dict[str, int] = field(default_factory=dict)
    #: of each row: a keyed hash of its cells, and a number for the set of marks that it has
    row_hashes: array[int] = field(default_factory=lambda: array("Q"))
    row_patterns: array[int] = field(default_factory=lambda: array("I"))
    patterns: dict[int, int] = field(default_factory=dict)  #: set of marks, as bits -> its number


class Rule:
    """A column of the spec, at work on cells."""

    def __init__(
        self, name: str, column: Column, table: Table, decimal_comma: bool, missing: frozenset[str]
    ) -> None:
        self.name, self._column, self._table = name, column, table
        self.place = table.place(name)
        self.encode = Encoder(column.decimals, decimal_comma, MISSING | missing)
        self._quiet = Encoder(column.decimals, decimal_comma, MISSING | missing)
        self._low, self._high = column.bounds()
        self._centre = column.centre()

    def values(self, batch: Batch, found: Measured, chosen: Sequence[int] | None) -> tuple[Values, list[int]]:
        """The values of a batch, the centre taken off; and which of its rows have no cell there."""
        cells = batch.columns[self.place]
        rows = range(len(batch)) if chosen is None else chosen
        low, high, centre, encode = self._low, self._high, self._centre, self.encode
        values: Values = [None] * len(batch)
        missing = []
        for i in rows:
            try:
                value = encode(cells[i])
            except ValueError as error:
                raise bad_cell(self._table, batch, self.name, cells, i, no_number(cells[i], error)) from None
            if value is None:
                missing.append(i)
            elif low <= value <= high:
                values[i] = value - centre
            else:
                self._outside(batch, cells, i, value)
                found.excluded[self.name] += 1
        found.missing[self.name] += len(missing)
        return values, missing

    def fill(self, values: Values, batch: Batch, rows: Iterable[int]) -> None:
        """Values of rows that are not looked at, as far as they have any; nothing of them is counted."""
        cells = batch.columns[self.place]
        for i in rows:
            with contextlib.suppress(ValueError):
                value = self._quiet(cells[i])
                if value is not None and self._low <= value <= self._high:
                    values[i] = value - self._centre

    def _outside(self, batch: Batch, cells: Sequence[str], row: int, value: int) -> None:
        """A value beyond a stated bound is left out; beyond one that nobody stated, it is an error."""
        stated = self._column.min if value < self._low else self._column.max
        if stated is None:
            low, high = (x // 10**self._column.decimals for x in (self._low, self._high))
            raise bad_cell(
                self._table, batch, self.name, cells, row,
                f"is outside {low:,} to {high:,}, the range of a rule without that bound",
            )  # fmt: skip


def no_number(cell: str, error: ValueError) -> str:
    """Why a cell is none, and what helps."""
    why = f" ({error})" if "not a number" not in str(error) else ""
    with contextlib.suppress(ValueError):
        number(cell.strip().replace(",", "."))
        if "," in cell:
            return f"is no number{why}; see --decimal-comma"
    return f"is no number{why}; see --missing"


class Condition:
    """A condition on rows, at work on cells."""

    def __init__(
        self, name: str, where: Where, table: Table, decimal_comma: bool, missing: frozenset[str]
    ) -> None:
        self.name, self._where, self._table = name, where, table
        self._comma, self._missing = decimal_comma, missing
        self.place = table.place(name)
        self._low = None if where.min is None else number(where.min)
        self._high = None if where.max is None else number(where.max)

    def holds(self, batch: Batch, row: int) -> bool:
        """Is the row looked at?"""
        cells = batch.columns[self.place]
        text = cells[row].strip()
        if text.lower() in self._missing:
            return False
        if self._where.values is not None:
            return text in self._where.values  # NA too, which may be a country
        if text.lower() in MISSING:
            return False
        try:
            value = number(pointed(text) if self._comma else text)
        except ValueError as error:
            raise bad_cell(self._table, batch, self.name, cells, row, no_number(cells[row], error)) from None
        return not (
            (self._low is not None and value < self._low) or (self._high is not None and value > self._high)
        )


class Measuring:
    """One pass over a table."""

    def __init__(self, spec: Spec, table: Table, key: bytes, comma: bool, missing: frozenset[str]) -> None:
        self._table, self._key, self._missing = table, key, missing
        sums = all_sums(spec)
        used = {c for total in sums for c in total.over}
        self._rules = [Rule(c, spec.columns[c], table, comma, missing) for c in sorted(used)]
        self._conditions = [
            Condition(name, where, table, comma, missing) for name, where in spec.where.items()
        ]
        self._groups = {g[0]: table.place(g[0]) for total in sums if (g := total.group)}
        self._centres = {c: spec.columns[c].centre() for c in used}
        self._sums: dict[Query, list[Sum]] = {}
        for total in sums:
            if total.kind is Kind.MISSING:
                query = Query((), total.group, missing=total.over[0])
            else:
                query = Query(total.over, total.group)
            self._sums.setdefault(query, []).append(total)
        self.marks = marks_of(self._sums, list(spec.where))
        self._edges = {
            total.edges: [exactly(e, spec.columns[c].decimals) - self._centres[c] for e in total.edges]
            for total in sums if total.edges for c in total.over
        }  # fmt: skip
        self._order = sorted(range(len(table.names)), key=lambda i: table.names[i])
        self.found = Measured(dict.fromkeys(sums, 0), counts=dict.fromkeys(self._sums, 0))

    def run(self, watch: Callable[[float], None] | None = None) -> Measured:
        """Read the table to its end; `watch` is told how much of it has been read."""
        for batch in self._table.batches():
            self._batch(batch)
            if watch:
                watch(self._table.share_read())
        for rule in self._rules:
            self.found.rounded[rule.name] = rule.encode.rounded
        return self.found

    def _batch(self, batch: Batch) -> None:
        found = self.found
        chosen, near = self._chosen(batch)
        found.rows += len(batch)
        found.chosen += len(chosen)
        values: dict[str, Values] = {}
        missing: dict[str, list[int]] = {}
        for rule in self._rules:
            values[rule.name], missing[rule.name] = rule.values(batch, found, chosen)
            for rows in near.values():
                rule.fill(values[rule.name], batch, rows)
        selection = Selection(chosen, near, self._members(batch), values)
        masks = [0] * len(batch)
        for bit, mark in enumerate(self.marks):
            for i in selection.rows(mark.rows):
                masks[i] |= 1 << bit
        for query in self._sums:
            rows_of = selection.rows(Rows(query.over, query.group))
            if query.missing:
                found.counts[query] += len(rows_of)
                for total in self._sums[query]:
                    found.sums[total] += len(set(rows_of).intersection(missing[query.missing]))
            else:
                self._add(query, values, rows_of)
        self._remember(batch, masks)

    def _chosen(self, batch: Batch) -> tuple[Sequence[int], dict[str, list[int]]]:
        """The rows for which all conditions hold; and by condition, those that fail it and no other."""
        if not self._conditions:
            return range(len(batch)), {}
        near: dict[str, list[int]] = {}
        for i in range(len(batch)):
            fails: list[str] = []
            for condition in self._conditions:
                try:
                    holds = condition.holds(batch, i)
                except TableError:
                    if not fails:
                        raise
                    holds = False
                if not holds:
                    fails.append(condition.name)
            if len(fails) < 2:
                near.setdefault("".join(fails), []).append(i)
        return near.pop("", []), near

    def _members(self, batch: Batch) -> dict[Group, set[int]]:
        """The rows of each group; the owner's own words for missing cells are none, as in conditions."""
        members: dict[Group, set[int]] = {}
        for name, place in self._groups.items():
            for i, cell in enumerate(batch.columns[place]):
                value = cell.strip()
                if value.lower() not in self._missing:
                    members.setdefault((name, value), set()).add(i)
        return members

    def _add(self, query: Query, values: dict[str, Values], rows: list[int]) -> None:
        """Add the sums of these rows."""
        found = self.found
        columns: dict[str, list[int]] = {c: [values[c][i] for i in rows] for c in query.over}  # type: ignore[misc]
        found.counts[query] += len(rows)
        cells: dict[tuple[str, ...], Counter[int]] = {}
        for total in self._sums[query]:
            match total.kind:
                case Kind.COUNT:
                    amount = len(rows)
                case Kind.SUM:
                    amount = sum(columns[total.of[0]])
                    self._spread(query, total.of[0], columns[total.of[0]])
                case Kind.PRODUCT:
                    amount = sum(map(mul, columns[total.of[0]], columns[total.of[1]]))
                case _:
                    if total.edges not in cells:
                        cells[total.edges] = self._cells(total.edges, columns[total.over[0]])
                    amount = cells[total.edges][total.index]
            found.sums[total] += amount

    def _cells(self, edges: tuple[str, ...], values: list[int]) -> Counter[int]:
        """How many values are in each bin; the last one has both its ends."""
        at = self._edges[edges]
        counts = Counter(bisect_right(at, value) for value in values)
        on_last = values.count(at[-1])
        counts[len(at)] -= on_last
        counts[len(at) - 1] += on_last
        return counts

    def _spread(self, query: Query, column: str, values: list[int]) -> None:
        spread = self.found.spreads.setdefault((query, column), Spread())
        if values:
            centre = self._centres[column]
            sizes = [abs(value + centre) for value in values]
            spread.largest = max(spread.largest, max(sizes))
            spread.total += sum(sizes)
        if len(query.over) > 1 and len(spread.values) <= MOST_VALUES:
            spread.values.update(values)

    def _remember(self, batch: Batch, masks: list[int]) -> None:
        """A keyed hash of each row, whatever the order of its columns, and its set of marks."""
        found, key = self.found, self._key
        for row in zip(*(batch.columns[i] for i in self._order), strict=True):
            digest = hashlib.blake2b("\x1f".join(row).encode("utf-8", "replace"), digest_size=8, key=key)
            found.row_hashes.append(int.from_bytes(digest.digest(), "little"))
        numbers = found.patterns
        found.row_patterns.extend([numbers.setdefault(mask, len(numbers)) for mask in masks])
