"""Kin: files with rows of the same people, found by the rows that they have in common.

An extract of a file, a longer export, last year's export with some rows added: each is another file, and the
sums of both together may tell of few rows. Files of other people have equal rows too, by chance, where cells
have few values. How often that comes about is seen from inside: by how many pairs of equal rows one file has.
Rows that come three times or more are not counted at all, as such a row says nothing of whose it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ravpy.signatures import Hashes, shifted

#: files are the same data if so much of the smaller one is in the other
SAME_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Common:
    """What two files have in common."""

    rows: int
    by_chance: float  #: so many would be expected of files of different people
    share: float  #: of the smaller file

    def kin(self, min_rows: int) -> bool:
        """Are there rows of the same people in both?

        Fewer than half of min_rows may be, unseen: where neither file's questions tell of fewer than min_rows
        rows, those of both together tell of no fewer than min_rows - rows of one, and as many of the other.
        """
        noise = self.by_chance + 3 * math.sqrt(self.by_chance)
        return self.rows >= max(1, min_rows // 2) + noise

    def same(self, min_rows: int) -> bool:
        """Is most of one also in the other?"""
        return self.kin(min_rows) and self.share >= SAME_SHARE


class Rare:
    """How many rows of a file come once or twice, of the slices that were looked at."""

    def __init__(self) -> None:
        self.rows = self.twice = 0

    def hashes(self, keys: Hashes) -> Hashes:
        """Those of one more slice, each once; keys are sorted."""
        second = contains(keys, shifted(keys, 1))
        later = contains(keys, shifted(keys, -1)) | (second & contains(keys, shifted(keys, 2)))
        hashes: Hashes = keys[~later]
        self.rows += len(hashes)
        self.twice += int(np.count_nonzero(second[~later]))
        return hashes

    def chance(self) -> float:
        """How probable it is that two rows are equal."""
        return 2 * self.twice / max(1, self.rows) ** 2


def contains(keys: Hashes, wanted: Hashes) -> NDArray[np.bool_]:
    """Which of these are among sorted keys."""
    if not len(keys):
        return np.zeros(len(wanted), bool)
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0
    found: NDArray[np.bool_] = keys[at] == wanted
    return found


def common(slices: Iterable[tuple[Hashes, Hashes]]) -> Common:
    """What two files have in common, by the sorted keys of both, slice by slice."""
    a, b, rows = Rare(), Rare(), 0
    for keys, others in slices:
        rows += int(np.count_nonzero(contains(b.hashes(others), a.hashes(keys))))
    small, large = sorted((a.rows, b.rows))
    by_chance = small * -math.expm1(-max(a.chance(), b.chance()) * large)
    return Common(rows, by_chance, rows / max(1, small))
