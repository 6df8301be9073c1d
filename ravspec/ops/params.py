"""Kinds of op params: each turns what a developer writes into one canonical, hashable form.

Canonical forms are None, bool, int, float, str and tuples of those, so that they travel as JSON,
intern as dictionary keys, and `canonical(canonical(v)) == canonical(v)`; the server checks that.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravspec.codec import dtype_of
from ravspec.errors import ParamError

Canonical = Callable[[Any], Any]


class Required:
    """The default of a param that has none."""

    def __repr__(self) -> str:
        return "<required>"


REQUIRED = Required()


@dataclass(frozen=True, slots=True)
class Param:
    """One param of an op: how its values are made canonical, and its default."""

    canonical: Canonical
    default: Any = REQUIRED


def flag(value: Any) -> bool:
    """True or False; RDF's "True" and "False" too."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if value in ("True", "False"):
        return bool(value == "True")
    raise ParamError(f"must be True or False, not {value!r}")


def integer(value: Any) -> int:
    """An integer, or anything with __index__ (but not a bool)."""
    if isinstance(value, bool | np.bool_):
        raise ParamError(f"must be an integer, not {value!r}")
    try:
        return operator.index(value)
    except TypeError:
        raise ParamError(f"must be an integer, not {value!r}") from None


def number(value: Any) -> int | float:
    """A finite real number, which a float64 can be near to."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and abs(int(value)) < 2**1023:
        return int(value)
    if isinstance(value, float | np.floating) and math.isfinite(value):
        return float(value)
    raise ParamError(f"must be a finite number, not {value!r}")


def between(low: float, high: float, words: str) -> Canonical:
    """A number from low to high, both included; words: how an error says it."""

    def canonical(value: Any) -> int | float:
        given = number(value)
        if not low <= given <= high:
            raise ParamError(f"must be {words}, not {value!r}")
        return given

    return canonical


def scalar(value: Any) -> Any:
    """Any number or bool; what JSON has no word for becomes ("number", text)."""
    if isinstance(value, tuple | list):
        value = scalar_value(value)
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        return ("number", str(value))
    if isinstance(value, bool | int | float):
        return value
    raise ParamError(f"must be a number, not {value!r}")


def scalar_value(canonical: Any) -> Any:
    """The Python number that `scalar` made canonical."""
    match canonical:
        case ("number", str(text)) | ["number", str(text)]:
            try:
                return complex(text) if "j" in text else float(text)
            except ValueError:
                raise ParamError(f"must be a number, not {text!r}") from None
    return canonical


def axis(value: Any) -> int | tuple[int, ...] | None:
    """None, an integer or several."""
    if value is None:
        return None
    return integers(value) if isinstance(value, tuple | list) else integer(value)


def some_axes(value: Any) -> int | tuple[int, ...]:
    """An integer or several."""
    return integers(value) if isinstance(value, tuple | list) else integer(value)


def integers(value: Any) -> tuple[int, ...]:
    """A sequence of integers."""
    if not isinstance(value, tuple | list | range | np.ndarray):
        raise ParamError(f"must be a sequence of integers, not {value!r}")
    return tuple(integer(v) for v in value)


def sizes(value: Any) -> tuple[int, ...]:
    """An integer or a sequence of integers."""
    return integers(value) if isinstance(value, tuple | list | range | np.ndarray) else (integer(value),)


def shape(value: Any) -> tuple[int, ...]:
    """A shape: a length or a sequence of lengths."""
    lengths = sizes(value)
    if any(n < 0 for n in lengths):
        raise ParamError(f"must not hold a negative length, as {lengths} does")
    return lengths


def count(value: Any) -> int:
    """An integer that is not negative."""
    number = integer(value)
    if number < 0:
        raise ParamError(f"must not be negative, as {number} is")
    return number


def dtype(value: Any) -> str:
    """A dtype by its wire name."""
    try:
        name = str(np.dtype(value).name)
    except (TypeError, ValueError, SyntaxError):  # NumPy reads little languages of fields and sizes here
        raise ParamError(f"must be a dtype, not {value!r}") from None
    dtype_of(name)
    return name


def optional(kind: Canonical) -> Canonical:
    """None, or the kind."""

    def canonical(value: Any) -> Any:
        return None if value is None else kind(value)

    canonical.__annotations__["return"] = f"{kind.__annotations__.get('return', 'Any')} | None"
    return canonical


def choice(*words: str) -> Canonical:
    """One of a few words."""

    def canonical(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ParamError(f"must be one of {', '.join(words)}, not {value!r}")
        return value

    return canonical
