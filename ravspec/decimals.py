"""Numbers as they stand in a file, as exact integers: 12.50 with two decimals is 1250.

Floats appear nowhere between a cell and the sums, so a sum of ten million cells has no error at all. What a
column cannot hold exactly is rounded half to even, and counted.
"""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction

#: a column that says nothing of its range and decimals has these: money and Unix times in ms fit
DEFAULT_LIMIT = 10**13
DEFAULT_DECIMALS = 6
#: what a column may say
MOST_DECIMALS = 18
MOST_LIMIT = 10**18
#: a longer cell is no number that anybody wrote
CELL_CHARACTERS = 400

#: how missing cells are written, in lower case
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})


def number(text: str) -> Decimal:
    """A finite decimal number; ValueError for everything else."""
    try:
        value = Decimal(text) if len(text) <= CELL_CHARACTERS and "_" not in text else None
    except decimal.InvalidOperation:
        value = None
    if value is None or not value.is_finite() or not text.isascii():
        raise ValueError(f"{text[:60]!r} is not a number")
    return value


def pointed(text: str) -> str:
    """A number with a decimal comma as one with a point.

    A point in it is an error: where decimals have a comma, 1.234 is a thousand and more to most who write it.
    """
    if "." in text:
        raise ValueError("it has a point, where decimals have a comma")
    return text.replace(",", ".")


def scaled(value: Decimal, decimals: int) -> tuple[int, bool]:
    """value x 10^decimals as an integer, and whether nothing was rounded away."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    whole, shift = int("".join(map(str, digits))), exponent + decimals
    if value.adjusted() > 40:
        raise ValueError(f"{str(value)[:60]} is larger than any column takes")
    if shift >= 0:
        return (-whole if sign else whole) * 10**shift, True
    if -shift > len(digits) + 1:
        return 0, not whole
    result, rest = divmod(whole, 10**-shift)
    twice = 2 * rest - 10**-shift
    if twice > 0 or (twice == 0 and result % 2):
        result += 1
    return -result if sign else result, not rest


class Encoder:
    """Cells of a column to integers; `rounded` counts those that had more decimals than the column."""

    def __init__(self, decimals: int, comma: bool = False, missing: frozenset[str] = MISSING) -> None:
        self._decimals, self._comma, self._missing = decimals, comma, missing
        self._zeros = "0" * decimals
        #: words that look like numbers, such as -9; they are few or none
        self._codes = frozenset(word for word in missing if any(c.isdigit() for c in word))
        self.rounded = 0

    def __call__(self, cell: str) -> int | None:
        """The integer; None for a missing cell; ValueError for what is no number."""
        text = cell.strip()
        if self._codes and text.lower() in self._codes:
            return None
        if self._comma:
            if text.lower() in self._missing:
                return None
            text = pointed(text)
        whole, _, fraction = text.partition(".")
        spare = self._decimals - len(fraction)
        # most cells are plain: digits, a point, digits
        if spare >= 0 and whole.removeprefix("-").isdigit() and len(text) < 40 and text.isascii():
            if not fraction:
                if text[-1] != ".":
                    return int(whole + self._zeros)
            elif fraction.isdigit():
                return int(whole + fraction + self._zeros[:spare])
        if text.lower() in self._missing:
            return None
        value, exact = scaled(number(text), self._decimals)
        self.rounded += not exact
        return value


def exactly(text: str, decimals: int) -> int:
    """A bound or an edge as an integer; it must be exact."""
    value, exact = scaled(number(text), decimals)
    if not exact:
        raise ValueError(f"{text} has more than {decimals} decimals")
    return value


def written(value: object) -> str:
    """A number of the developer's as canonical text: 18, 0.5, -1000."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        if not hasattr(value, "item"):
            raise ValueError(f"{value!r} is not a number")
        return written(value.item())
    plain = number(str(value))
    text = f"{plain:f}" if abs(plain.adjusted()) <= 60 else str(plain)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def as_float(value: Fraction) -> float:
    """The nearest float."""
    return value.numerator / value.denominator


def root(value: Fraction) -> float:
    """The square root of an exact number, right to the last bit or so; one that is negative is an error."""
    if value < 0:
        raise ValueError(f"no root of {as_float(value)}")
    if value == 0:
        return 0.0
    # 128 bits of the root, as an integer times a power of two
    shift = 256 - value.numerator.bit_length() + value.denominator.bit_length()
    shift += shift % 2
    scaled_up = (value.numerator << shift if shift >= 0 else value.numerator >> -shift) // value.denominator
    power = Fraction(2) ** (-shift // 2)
    return as_float(math.isqrt(scaled_up) * power)
