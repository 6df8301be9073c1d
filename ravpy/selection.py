"""The rows of a batch: which of them some sums are of, and which have a mark."""

from __future__ import annotations

from collections.abc import Sequence

from ravpy.marks import Rows
from ravspec.sums import Group

#: values of a column for some rows; None: not used
Values = list[int | None]


class Selection:
    """The rows of a batch, and which of them some sums or marks are of."""

    def __init__(
        self, chosen: Sequence[int], near: dict[str, list[int]], members: dict[Group, set[int]],
        values: dict[str, Values],
    ) -> None:  # fmt: skip
        self._chosen, self._near, self._members, self._values = chosen, near, members, values
        self._known: dict[Rows, list[int]] = {}

    def rows(self, of: Rows) -> list[int]:
        """These rows."""
        if of not in self._known:
            rows = [*self._chosen, *self._near.get(of.without, ())]
            if of.group:
                members = self._members.get(of.group, set())
                rows = [i for i in rows if i in members]
            for c in of.over:
                column = self._values[c]
                rows = [i for i in rows if column[i] is not None]
            self._known[of] = rows
        return self._known[of]
