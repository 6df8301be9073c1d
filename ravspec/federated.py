"""The spec of a federated graph: what is asked, of which columns, for whom, to be opened by which key.

It is the one thing that developer and contributors agree on. Its canonical form is JSON with sorted keys and
numbers as decimal text, never floats; its fingerprint, SHA-256 of that form, covers the key too, so whoever
compares fingerprints by another way than the server knows that the server has changed nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import msgspec

from ravspec.decimals import DEFAULT_DECIMALS, DEFAULT_LIMIT, MOST_DECIMALS, MOST_LIMIT, exactly, number
from ravspec.errors import ParamError

VERSION = 1

#: what one spec may hold; see ravspec.specs
MOST_COLUMNS = 1000
#: rows of one contributor, unless the rules say `max_rows`
DEFAULT_ROWS = 1 << 26
NAME_CHARACTERS = 200


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all parts of a spec have in common."""


class Column(Struct, frozen=True):
    """The rule of a column: its values, both ends included, and how many decimals are kept."""

    min: str | None = None
    max: str | None = None
    decimals: int = DEFAULT_DECIMALS

    def bounds(self) -> tuple[int, int]:
        """Smallest and largest value, as integers."""
        limit = DEFAULT_LIMIT * 10**self.decimals
        low = -limit if self.min is None else exactly(self.min, self.decimals)
        high = limit if self.max is None else exactly(self.max, self.decimals)
        return low, high

    def centre(self) -> int:
        """What is taken off each value before it is summed, so that sums are small."""
        low, high = self.bounds()
        return (low + high) // 2

    def half(self) -> int:
        """The largest that a value can be when the centre is taken off."""
        low, high = self.bounds()
        return max(high - self.centre(), self.centre() - low)


class Where(Struct, frozen=True):
    """Which rows are looked at: the cell is between these, or one of the values."""

    min: str | None = None
    max: str | None = None
    values: tuple[str, ...] | None = None


class By(Struct, frozen=True):
    """One result for each of these values of a column."""

    column: str
    values: tuple[str, ...]


class Statistic(Struct, frozen=True):
    """One statistic; what else than columns it has depends on its name (ravspec.statistics)."""

    name: str
    columns: tuple[str, ...]
    by: By | None = None
    ddof: int = 0
    edges: tuple[str, ...] = ()
    q: tuple[str, ...] = ()
    #: the developer's own op that this is a part of
    part_of: str = ""


class Spec(Struct, frozen=True):
    """All of it."""

    version: int
    graph: int
    name: str
    developer: str
    encryption: bool
    modulus: str  #: of the public key, hexadecimal; empty without encryption
    nonce: str  #: random, so that no two specs are the same
    columns: dict[str, Column]
    statistics: tuple[Statistic, ...]
    min_clients: int
    max_clients: int
    max_rows: int = DEFAULT_ROWS
    where: dict[str, Where] = {}
    deadline: int | None = None  #: Unix time
    epsilon: str | None = None  #: noise: the total of each contributor
    #: sealed: who takes part, and the X25519 key of each, hexadecimal; all of them or none
    roster: dict[str, str] = {}

    @property
    def n(self) -> int:
        """The modulus of the public key."""
        return int(self.modulus, 16)

    def reads(self) -> list[str]:
        """Every column of the file that is looked at."""
        asked = {c for s in self.statistics for c in (*s.columns, *([s.by.column] if s.by else []))}
        return sorted(asked | set(self.where))


def canonical(spec: Spec) -> bytes:
    """The one form of a spec."""
    return json.dumps(
        msgspec.to_builtins(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=True
    ).encode()


class Fingerprint(str):
    """SHA-256 of a spec as one word: sixteen groups of four hexadecimal digits."""

    __slots__ = ()


def fingerprint(spec: Spec) -> Fingerprint:
    """What is compared by another way than the server."""
    digest = hashlib.sha256(b"RDF federated spec\n" + canonical(spec)).hexdigest()
    return Fingerprint("-".join(digest[i : i + 4] for i in range(0, 64, 4)))


def same_fingerprint(given: str, own: str) -> bool:
    """Is what somebody typed that fingerprint, whole? Case, spaces and dashes do not matter."""
    plain = re.sub(r"[\s:-]", "", given).lower()
    return plain == own.replace("-", "")


def check_epsilon(text: str) -> None:
    """The epsilon of noise is a decimal number above zero."""
    try:
        good = 0 < number(text) <= 1000 and number(text).adjusted() >= -9
    except ValueError:
        good = False
    if not good:
        raise ParamError(f"epsilon={text!r} is not a number above 0 and up to 1000")


def check_name(name: str, empty: bool = False) -> None:
    """Names are text of one line; what a terminal obeys is not text."""
    if not (name or empty) or len(name) > NAME_CHARACTERS or not (name.isprintable()):
        raise ParamError(f"{name!r:.60} is no name: 1 to {NAME_CHARACTERS} printable characters")


def check_columns(spec: Spec) -> None:
    """The rules of columns, and the conditions on rows."""
    if not 1 <= len(spec.columns) <= MOST_COLUMNS:
        raise ParamError(f"{len(spec.columns)} columns; a graph has 1 to {MOST_COLUMNS}")
    for name, column in spec.columns.items():
        check_name(name)
        if not 0 <= column.decimals <= MOST_DECIMALS:
            raise ParamError(f'column "{name}": decimals={column.decimals} is not from 0 to {MOST_DECIMALS}')
        check_bounds(name, column.min, column.max, column.decimals)
        low, high = column.bounds()
        if not low <= high:
            raise ParamError(f'column "{name}": no value is from {column.min} to {column.max}')
    for name, where in spec.where.items():
        check_name(name)
        check_bounds(name, where.min, where.max, None)
        if (where.values is None) == (where.min is None and where.max is None):
            raise ParamError(f'where "{name}": it takes min, max or both, or values')
        check_values(name, where.values)


def check_bounds(name: str, low: str | None, high: str | None, decimals: int | None) -> None:
    """The bounds of a rule: decimal text in canonical form, exact at these decimals."""
    for text in (low, high):
        if text is None:
            continue
        try:
            if abs(number(text)) > MOST_LIMIT:
                raise ValueError(f"{text} is beyond {MOST_LIMIT:.0e}")
            if decimals is not None:
                exactly(text, decimals)
        except ValueError as error:
            raise ParamError(f'column "{name}": {error}') from None


def check_values(name: str, values: tuple[str, ...] | None) -> None:
    """The values of a group or a condition."""
    if values is None:
        return
    if not values or len(set(values)) != len(values):
        raise ParamError(f'column "{name}": values are one or more, each once')
    for value in values:
        check_name(value)


def to_json(spec: Spec) -> dict[str, Any]:
    """A spec as plain JSON values."""
    result: dict[str, Any] = msgspec.to_builtins(spec)
    return result
