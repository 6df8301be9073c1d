"""Signatures: what was asked of each row of a file, and how many rows cannot be told apart by it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ravpy.marks import Mark
from ravpy.measuring import Measured

Hashes = NDArray[np.uint64]
#: rows are looked at in so many slices, by how their hashes begin, so that no more than one is in memory
SLICES = 16
_BEGINNING = np.uint64(60)
_REST = np.uint64((1 << 60) - 1)
#: what the second of equal rows has more than the first
APART = 0x9E3779B97F4A7C15
#: what was told of (mostly a column) -> signature; what nobody asked for has none
Signature = dict[str, str]


@dataclass(slots=True)
class Signed:
    """The rows of a slice that ever took part: sorted keys, and for each the number of its signature."""

    keys: Hashes
    numbers: NDArray[np.uint32]
    signatures: list[Signature]


@dataclass(slots=True)
class Slice:
    """The rows of a file whose hashes begin alike, and for each the number of its set of marks."""

    hashes: Hashes
    patterns: NDArray[np.uint32]
    masks: list[int]  #: the sets, by their numbers

    def keys(self) -> Hashes:
        """One key a row, sorted: equal rows are told apart by how many came before."""
        return np.sort(numbered(np.sort(self.hashes)))


def slices(found: Measured) -> Iterator[Slice]:
    """A file's rows, slice by slice."""
    hashes = np.frombuffer(found.row_hashes, np.uint64)
    patterns = np.frombuffer(found.row_patterns, np.uint32)
    for i in range(SLICES):
        here = hashes >= np.uint64(i) << _BEGINNING
        if i + 1 < SLICES:
            here &= hashes < np.uint64(i + 1) << _BEGINNING
        yield Slice(hashes[here], patterns[here], list(found.patterns))


def numbered(hashes: Hashes) -> Hashes:
    """Sorted hashes, made unique, and no longer sorted."""
    first = np.ones(len(hashes), bool)
    first[1:] = hashes[1:] != hashes[:-1]
    starts = np.flatnonzero(first)
    repeat = np.arange(len(hashes), dtype=np.uint64)
    repeat -= np.repeat(starts, np.diff(np.append(starts, len(hashes)))).astype(np.uint64)
    return shifted(hashes, repeat)


def shifted(keys: Hashes, places: int | Hashes) -> Hashes:
    """The keys of rows that are equal to these, so many places further on; in the same slice."""
    on = np.asarray(places).astype(np.uint64) * np.uint64(APART & int(_REST))
    return keys & ~_REST | keys + on & _REST


def nothing_signed() -> Signed:
    """No rows; the signature of number 0 is that of rows that nothing was asked of."""
    return Signed(np.zeros(0, np.uint64), np.zeros(0, np.uint32), [{}])


def united(a: Signed, b: Signed) -> Signed:
    """The rows of two ledgers: what can be told apart by either, can by both."""
    keys = np.union1d(a.keys, b.keys)
    pair = np.zeros(len(keys), np.uint64)
    pair[np.searchsorted(keys, a.keys)] = a.numbers
    pair[np.searchsorted(keys, b.keys)] += b.numbers * np.uint64(len(a.signatures))
    pairs, numbers = np.unique(pair, return_inverse=True)
    signatures: list[Signature] = [{}]
    for one in pairs.tolist():
        of_b, of_a = divmod(one, len(a.signatures))
        signatures.append(told_by_both(a.signatures[of_a], b.signatures[of_b]))
    return Signed(keys, (numbers + 1).astype(np.uint32), signatures)


def told_by_both(a: Signature, b: Signature) -> Signature:
    """The signature of a row that two ledgers know."""
    both = dict(a)
    for column, mark in b.items():
        other = a.get(column, mark)
        if mark != other:
            mark = hashlib.blake2b(f"{other} and {mark}".encode(), digest_size=16).hexdigest()
        both[column] = mark
    return both


@dataclass(slots=True)
class Joined:
    """The rows that the ledger knows and those of the file, as kinds of rows to which the same happened."""

    keys: Hashes
    kinds: NDArray[np.uint32]  #: of each key, its kind
    #: of each kind: the number of the signature before, the marks of now (None: not in the file), how many
    each: list[tuple[int, int | None, int]]


def joined(rows: Signed, new: Slice) -> Joined:
    """The rows of the ledger beside those of the file."""
    order = np.argsort(new.hashes, kind="stable")
    keys, pattern = numbered(new.hashes[order]), new.patterns[order]
    order = np.argsort(keys, kind="stable")
    keys, pattern = keys[order], pattern[order]

    all_keys = np.union1d(keys, rows.keys)
    nothing = len(new.masks)
    pair = np.full(len(all_keys), nothing, np.uint64)
    pair[np.searchsorted(all_keys, keys)] = pattern
    masks: list[int | None] = [*new.masks, None]
    # the number of the empty signature is 0
    pair[np.searchsorted(all_keys, rows.keys)] += rows.numbers * np.uint64(nothing + 1)

    pairs, counts = np.unique(pair, return_counts=True)
    kinds = np.searchsorted(pairs, pair).astype(np.uint32)
    each = []
    for both, n in zip(pairs.tolist(), counts.tolist(), strict=True):
        before, now = divmod(both, nothing + 1)
        each.append((before, masks[now], n))
    return Joined(all_keys, kinds, each)


class Asking:
    """What a graph leaves of all slices; a signature has one number in all of them."""

    def __init__(self, marks: Sequence[Mark], fingerprint: str) -> None:
        self._marks, self._fingerprint = marks, fingerprint
        self.signatures: list[Signature] = [{}]
        self._at = {"{}": 0}
        self._counts: Counter[int] = Counter()

    def asked(self, rows: Signed, both: Joined) -> Signed:
        """A slice after this graph: the rows of the file, asked once more, and those no longer in it."""
        numbers = []
        for old, mask, n in both.each:
            signature = extended(rows.signatures[old], mask or 0, self._marks, self._fingerprint)
            text = json.dumps(signature, sort_keys=True)
            if text not in self._at:
                self._at[text] = len(self.signatures)
                self.signatures.append(signature)
            numbers.append(self._at[text])
            self._counts[numbers[-1]] += n
        return Signed(both.keys, np.array(numbers, np.uint32)[both.kinds], self.signatures)

    def smallest_classes(self) -> dict[str, int]:
        """For each column, how many rows are in the smallest group that can be told from the others."""
        sizes: dict[str, Counter[str]] = {}
        for number, n in self._counts.items():
            for column, mark in self.signatures[number].items():
                sizes.setdefault(column, Counter())[mark] += n
        return {column: min(of.values()) for column, of in sizes.items()}


def told_of(mask: int, marks: Sequence[Mark]) -> dict[str, list[int]]:
    """What these marks tell of, and which of them do."""
    told: dict[str, list[int]] = {}
    for bit, mark in enumerate(marks):
        if mask >> bit & 1:
            for column in mark.tells:
                told.setdefault(column, []).append(bit)
    return told


def extended(old: Signature, mask: int, marks: Sequence[Mark], fingerprint: str) -> Signature:
    """A row's signature when it has these marks, too."""
    new = dict(old)
    for column, bits in told_of(mask, marks).items():
        text = f"{old.get(column, '')} {fingerprint} {bits}".encode()
        new[column] = hashlib.blake2b(text, digest_size=16).hexdigest()
    return new


class Surplus:
    """Rows that are no longer told of, and rows that newly are, where the former are gone in part.

    Rows that are gone and rows that are new may be the same people, with a cell rewritten. Then what they add
    cancels, and a difference of graphs tells of as many rows as the two numbers differ by.
    """

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._marks = marks
        self._gone: set[tuple[str, str]] = set()
        self._lost: Counter[tuple[str, str]] = Counter()
        self._new: Counter[str] = Counter()

    def add(self, rows: Signed, both: Joined) -> None:
        """Look at one slice."""
        for old, mask, n in both.each:
            before, now = rows.signatures[old], told_of(mask or 0, self._marks)
            self._new.update({column: n for column in now if column not in before})
            self._lost.update({(column, mark): n for column, mark in before.items() if column not in now})
            if mask is None:
                self._gone.update(before.items())

    def each(self) -> Iterator[tuple[str, int, int]]:
        """(column, rows no longer told of, rows newly told of)."""
        for column, new in self._new.items():
            lost = [self._lost[column, mark] for name, mark in sorted(self._gone) if name == column]
            yield from ((column, n, new) for n in dict.fromkeys([*lost, sum(lost)]) if n)
