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
#: what the second of equal rows has more than the first
APART = np.uint64(0x9E3779B97F4A7C15)
#: what was told of (mostly a column) -> signature; what nobody asked for has none
Signature = dict[str, str]


@dataclass(slots=True)
class Signed:
    """The rows of one file that ever took part: sorted keys, and for each the number of its signature."""

    keys: Hashes
    numbers: NDArray[np.uint32]
    signatures: list[Signature]


def row_keys(found: Measured) -> Hashes:
    """One key a row, sorted: equal rows are told apart by how many came before."""
    return np.sort(numbered(np.sort(np.frombuffer(found.row_hashes, np.uint64))))


def numbered(hashes: Hashes) -> Hashes:
    """Sorted hashes, made unique, and no longer sorted."""
    first = np.ones(len(hashes), bool)
    first[1:] = hashes[1:] != hashes[:-1]
    starts = np.flatnonzero(first)
    repeat = np.arange(len(hashes), dtype=np.uint64)
    repeat -= np.repeat(starts, np.diff(np.append(starts, len(hashes)))).astype(np.uint64)
    repeat *= APART
    repeat += hashes
    return repeat


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


def joined(rows: Signed, found: Measured) -> Joined:
    """The rows of the ledger beside those of the file; what is done with is let go, for files are long."""
    hashes = np.frombuffer(found.row_hashes, np.uint64)
    order = np.argsort(hashes, kind="stable")
    keys, pattern = numbered(hashes[order]), np.frombuffer(found.row_patterns, np.uint32)[order]
    order = np.argsort(keys, kind="stable")
    keys, pattern = keys[order], pattern[order]
    del order

    all_keys = np.union1d(keys, rows.keys)
    nothing = len(found.patterns)
    pair = np.full(len(all_keys), nothing, np.uint64)
    pair[np.searchsorted(all_keys, keys)] = pattern
    masks: list[int | None] = [*found.patterns, None]
    del keys, pattern
    # the number of the empty signature is 0
    pair[np.searchsorted(all_keys, rows.keys)] += rows.numbers * np.uint64(nothing + 1)

    pairs, counts = np.unique(pair, return_counts=True)
    kinds = np.searchsorted(pairs, pair).astype(np.uint32)
    each = []
    for pair, n in zip(pairs.tolist(), counts.tolist(), strict=True):
        old, new = divmod(pair, nothing + 1)
        each.append((old, masks[new], n))
    return Joined(all_keys, kinds, each)


def asked(rows: Signed, both: Joined, marks: Sequence[Mark], fingerprint: str) -> Signed:
    """The rows after this graph: those of the file, asked once more, and those that are no longer in it."""
    signatures: list[Signature] = [{}]
    at = {"{}": 0}
    numbers = []
    for old, mask, _ in both.each:
        signature = extended(rows.signatures[old], mask or 0, marks, fingerprint)
        text = json.dumps(signature, sort_keys=True)
        if text not in at:
            at[text] = len(signatures)
            signatures.append(signature)
        numbers.append(at[text])
    return Signed(both.keys, np.array(numbers, np.uint32)[both.kinds], signatures)


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


def surplus(rows: Signed, both: Joined, marks: Sequence[Mark]) -> Iterator[tuple[str, int, int]]:
    """(column, rows that are no longer told of, rows that newly are), where the former are gone in part.

    Rows that are gone and rows that are new may be the same people, with a cell rewritten. Then what they add
    cancels, and a difference of graphs tells of as many rows as the two numbers differ by.
    """
    gone: set[tuple[str, str]] = set()
    lost: Counter[tuple[str, str]] = Counter()
    new: Counter[str] = Counter()
    for old, mask, n in both.each:
        before, now = rows.signatures[old], told_of(mask or 0, marks)
        new.update({column: n for column in now if column not in before})
        lost.update({(column, mark): n for column, mark in before.items() if column not in now})
        if mask is None:
            gone.update(before.items())
    for column in new:
        each = [lost[column, mark] for name, mark in sorted(gone) if name == column]
        yield from ((column, n, new[column]) for n in dict.fromkeys([*each, sum(each)]) if n)


def smallest_classes(rows: Signed) -> dict[str, int]:
    """For each column, how many rows are in the smallest group that can be told from the others."""
    counts = np.bincount(rows.numbers, minlength=len(rows.signatures)).tolist()
    sizes: dict[str, dict[str, int]] = {}
    for signature, n in zip(rows.signatures, counts, strict=True):
        for column, mark in signature.items():
            of = sizes.setdefault(column, {})
            of[mark] = of.get(mark, 0) + n
    return {column: min(filter(None, of.values()), default=0) for column, of in sizes.items()}
