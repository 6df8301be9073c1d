"""Cells to integers, in whatever form they are written, as Decimal has them; roots to the last bit."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravspec.decimals import (
    CELL_CHARACTERS,
    MISSING,
    Encoder,
    as_float,
    exactly,
    number,
    root,
    scaled,
    written,
)

decimals = st.integers(0, 18)
plain = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14)


@given(plain, decimals)
def test_a_cell_is_what_decimal_says(value: Decimal, places: int) -> None:
    with localcontext(prec=500):
        expected = int((value * 10**places).to_integral_value(ROUND_HALF_EVEN))
        exact = value * 10**places == expected
    for text in (str(value), f"{value:f}", f"  {value:E} "):
        if len(text.strip()) <= CELL_CHARACTERS:
            encoder = Encoder(places)
            assert encoder(text) == expected
            assert encoder.rounded == (not exact)
    assert scaled(value, places) == (expected, exact)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12", 1200), ("-0.5", -50), ("-.5", -50), ("5.", 500), ("+3", 300), ("1e2", 10000), ("0.005", 0),
        ("0.015", 2), ("-0.015", -2), ("007", 700), ("-0", 0), ("", None), ("NA", None), ("nan", None),
        (" null ", None), ("1E-30", 0), ("-0.004", 0),
    ],
)  # fmt: skip
def test_cells_with_two_decimals(cell: str, expected: int | None) -> None:
    assert Encoder(2)(cell) == expected


@pytest.mark.parametrize(
    "cell", ["abc", "1_000", "1 000", "--5", "-", ".", "1.2.3", "0x1F", "inf", "-Infinity", "٣", "1e400000",
             "5.x", "1" * 500, "1e", "²", "snan"],
)  # fmt: skip
def test_what_is_no_number_is_an_error(cell: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|larger than any"):
        Encoder(2)(cell)


def test_a_decimal_comma_is_an_option() -> None:
    assert Encoder(2, comma=True)("3,25") == 325
    with pytest.raises(ValueError, match="not a number"):
        Encoder(2)("3,25")


@pytest.mark.parametrize("cell", ["1.234", "1.234,56", ".5", "1.", "1e.5"])
def test_where_decimals_have_a_comma_a_point_is_an_error(cell: str) -> None:
    with pytest.raises(ValueError, match="has a point, where decimals have a comma"):
        Encoder(2, comma=True)(cell)


@pytest.mark.parametrize("comma", [False, True])
def test_words_for_missing_cells_may_be_numbers_or_have_points(comma: bool) -> None:
    encoder = Encoder(1, comma, MISSING | {"-9", "n.a.", "99,9"})
    assert [encoder(cell) for cell in ("-9", " N.A. ", "99,9", "na")] == [None] * 4
    assert [encoder(cell) for cell in ("9", "-90")] == [90, -900]


def test_bounds_are_exact_or_refused() -> None:
    assert exactly("18.5", 1) == 185
    with pytest.raises(ValueError, match="more than 1 decimals"):
        exactly("18.55", 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(18, "18"), (18.0, "18"), (0.1, "0.1"), ("1e3", "1000"), (-0.0, "0"), (1e22, "10000000000000000000000")],
)
def test_a_number_has_one_form(value: object, text: str) -> None:
    assert written(value) == text


@given(plain)
def test_the_one_form_is_the_number(value: Decimal) -> None:
    assert number(written(value)) == value
    assert written(written(value)) == written(value)


@given(st.fractions(min_value=0))
def test_a_root_is_right_to_the_last_bit_or_so(value: Fraction) -> None:
    found = Fraction(root(value))
    below, above = Fraction(math.nextafter(found, 0)), Fraction(math.nextafter(found, math.inf))
    assert below**2 <= value <= above**2


@given(st.floats(min_value=0, max_value=1e300))
def test_a_fraction_is_the_nearest_float(value: float) -> None:
    assert as_float(Fraction(value)) == value
