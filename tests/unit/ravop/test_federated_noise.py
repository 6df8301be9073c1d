"""The noise that a developer is told of is the noise that contributors add."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from msgspec import structs

from ravop.noise import deviation, drowned, noise_of
from ravspec.federated import By, Column, Spec, Statistic

COLUMNS = {"age": Column("0", "120", 0), "pay": Column("0", "1000", 2)}


def spec_of(*statistics: Statistic, epsilon: str | None = "0.5") -> Spec:
    return Spec(
        version=1, graph=1, name="", developer="", encryption=False, modulus="", nonce="0" * 32,
        columns=COLUMNS, statistics=statistics, min_clients=3, max_clients=5, epsilon=epsilon,
    )  # fmt: skip


@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(1), Fraction(25, 2), Fraction(300)])
def test_the_deviation_is_that_of_the_distribution(scale: Fraction) -> None:
    t = float(scale)
    p = (1 - math.exp(-1 / t)) / (1 + math.exp(-1 / t))
    variance = math.fsum(k * k * p * math.exp(-abs(k) / t) for k in range(-20_000, 20_001))
    assert deviation(scale) == pytest.approx(math.sqrt(variance), rel=1e-9)


def test_scales_and_deviations_are_in_the_unit_of_what_is_added_up() -> None:
    noise = noise_of(spec_of(Statistic("mean", ("pay",))), contributors=4)
    assert noise is not None
    # epsilon 0.5 is shared by two sums, and a row changes a sum of pay less 500 by up to 500.00
    assert noise.scales == {"count of pay": 4.0, "sum of pay": 2000.0}
    assert noise.deviations["sum of pay"] == pytest.approx(2000 * math.sqrt(2) * math.sqrt(4))
    assert "epsilon 0.5 by each of 4 contributors" in str(noise)
    assert "sum of pay 5657" in str(noise)


def test_bins_and_groups_share_one_line_and_many_sums_are_counted() -> None:
    sexes, ages = By("sex", ("f", "m")), ("0", "40", "80", "120")
    spec = spec_of(Statistic("histogram", ("age",), edges=ages), Statistic("mean", ("pay",), by=sexes))
    noise = noise_of(spec, contributors=5)
    assert noise is not None
    assert list(noise.scales) == ["each bin of age", "count of pay", "sum of pay"]
    many = noise_of(spec_of(Statistic("variance", ("age", "pay")), Statistic("missing", ("age", "pay"))), 5)
    assert str(many).endswith(" and 2 more")


def test_there_is_none_where_none_is_asked_for() -> None:
    assert noise_of(spec_of(Statistic("mean", ("age",)), epsilon=None), 5) is None


def test_columns_that_noise_hides_for_lack_of_bounds_are_named() -> None:
    def asked(pay: Column, statistic: str = "mean", epsilon: str | None = "1") -> str:
        spec = spec_of(Statistic(statistic, ("age", "pay")), epsilon=epsilon)
        return drowned(structs.replace(spec, columns={**COLUMNS, "pay": pay}))

    for unbounded in (Column(), Column(min="0"), Column(max="9")):
        assert "hide all of pay: " in asked(unbounded)
        assert asked(unbounded, "count") == "", "a row is one row, however large its values"
        assert asked(unbounded, epsilon=None) == ""
    assert asked(COLUMNS["pay"]) == ""
