"""A sum over rows: what a contributor computes and what is added up; and how large it may be."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ravspec.federated import Spec

#: (column, value): the rows in which the column has that value; None: all rows
Group = tuple[str, str] | None


class Kind(enum.StrEnum):
    """What is added up."""

    COUNT = "count"  #: 1 for each row in which all columns of `over` are usable
    SUM = "sum"  #: its value of a column, the column's centre taken off
    PRODUCT = "product"  #: the product of two such values
    MISSING = "missing"  #: 1 for each row in which the column is missing
    CELL = "cell"  #: 1 for each row whose value is in a bin


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum. The rows of `over` and `group` are what its query selects."""

    kind: Kind
    over: tuple[str, ...]
    of: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    index: int = 0
    group: Group = None

    def largest(self, spec: Spec) -> int:
        """The most that one row can add, either side of zero."""
        most = 1
        for column in self.of:
            most *= max(1, spec.columns[column].half())
        return most

    def of_contributor(self, spec: Spec, parts: int) -> int:
        """The most that one contributor's sum can be, its noise included; see `noise_parts`."""
        return self.largest(spec) * spec.max_rows + noise_margin(spec, self, parts)

    def text(self, called: Callable[[str], str] = str) -> str:
        """How a person calls it; `called` says how each column whose values are added up is called."""
        where = f" where {self.group[0]} is {self.group[1]}" if self.group else ""
        together = f" (rows with {', '.join(self.over)})" if len(self.over) > 1 else ""
        match self.kind:
            case Kind.COUNT:
                return f"count{together or f' of {self.over[0]}'}{where}"
            case Kind.MISSING:
                return f"missing cells of {self.over[0]}{where}"
            case Kind.SUM:
                return f"sum of {called(self.of[0])}{together}{where}"
            case Kind.PRODUCT:
                a, b = map(called, self.of)
                product = f"{a} squared" if self.of[0] == self.of[1] else f"{a} x {b}"
                return f"sum of {product}{together}{where}"
        return f"count of {self.over[0]} {self.bin()}{where}"

    def bin(self) -> str:
        """The bin of a cell, in words."""
        if self.index == 0:
            return f"below {self.edges[0]}"
        if self.index == len(self.edges):
            return f"above {self.edges[-1]}"
        return f"from {self.edges[self.index - 1]} to {self.edges[self.index]}"


def noise_scale(spec: Spec, total: Sum, parts: int) -> Fraction:
    """The scale of discrete Laplace noise on one sum, if epsilon is shared by so many parts."""
    assert spec.epsilon is not None
    return Fraction(total.largest(spec) * parts) / Fraction(spec.epsilon)


def noise_parts(sums: list[Sum]) -> int:
    """Into how many parts epsilon is shared: one row is in one cell of a histogram, and in one group."""
    return len({(s.kind, s.over, s.of, s.edges, s.group and s.group[0]) for s in sums})


#: noise beyond so many times its scale is drawn again (it comes about once in 10^19)
NOISE_REACH = 44


def noise_margin(spec: Spec, total: Sum, parts: int) -> int:
    """The largest noise."""
    if spec.epsilon is None:
        return 0
    return int(noise_scale(spec, total, parts) * NOISE_REACH) + 1
