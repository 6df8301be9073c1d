"""Discrete Laplace: its distribution beside the formula, and beside OpenDP where that is installed."""

from __future__ import annotations

import importlib
import math
from collections import Counter
from fractions import Fraction

import pytest
from fedfiles import make_spec

from ravpy.noise import discrete_laplace, noisy
from ravspec.federated import Column, Statistic
from ravspec.slots import layout_of, pack
from ravspec.statistics import all_sums
from ravspec.sums import noise_parts, noise_scale


def chi_squared(counts: Counter[int], scale: float, reach: int) -> float:
    """How far counts are from the distribution, per degree of freedom."""
    n = sum(counts.values())
    p = (1 - math.exp(-1 / scale)) / (1 + math.exp(-1 / scale))
    expected = {k: n * p * math.exp(-abs(k) / scale) for k in range(-reach, reach + 1)}
    return sum((counts[k] - e) ** 2 / e for k, e in expected.items()) / (2 * reach + 1)


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1), Fraction(7, 3), Fraction(12)])
def test_the_sampler_draws_the_distribution(scale: Fraction) -> None:
    counts = Counter(discrete_laplace(scale) for _ in range(6000))
    # about 1; three times that does not come by chance in a lifetime of test runs
    assert chi_squared(counts, float(scale), max(2, int(2 * scale))) < 5
    wrong = Counter({k + 1 + int(scale): v for k, v in counts.items()})
    assert chi_squared(wrong, float(scale), max(2, int(2 * scale))) > 5


def test_the_sampler_draws_what_opendp_draws() -> None:
    try:
        prelude = importlib.import_module("opendp.prelude")
    except ImportError:
        pytest.skip("OpenDP is not installed; it comes with the extra `dev` where it has a wheel")
    prelude.enable_features("contrib")
    space = prelude.atom_domain(T="i64"), prelude.absolute_distance(T="i64")
    theirs = space >> prelude.m.then_laplace(scale=3.0)
    ours, other = (Counter(draw() for _ in range(6000)) for draw in (
        lambda: discrete_laplace(Fraction(3)), lambda: theirs(0)))  # fmt: skip
    assert chi_squared(ours, 3.0, 6) < 5
    assert chi_squared(other, 3.0, 6) < 5


def test_epsilon_is_shared_by_the_sums_that_a_row_can_change() -> None:
    edges = ("0", "5", "10")
    asked = [Statistic("mean", ("x",)), Statistic("histogram", ("x",), edges=edges)]
    spec = make_spec({"x": Column("0", "10", 0)}, *asked, epsilon="0.5", max_rows=1000)
    sums = all_sums(spec)
    assert noise_parts(sums) == 3  # a count, a sum, and one of four cells
    count, total = sums[:2]
    assert noise_scale(spec, count, 3) == 6
    assert noise_scale(spec, total, 3) == 30  # five, half of the rule, times that


def test_noise_fits_the_slots_and_is_absent_where_none_is_asked_for() -> None:
    spec = make_spec({"x": Column("0", "10", 0)}, Statistic("mean", ("x",)), epsilon="0.01", max_rows=5)
    sums = {slot.sum: slot.sum.largest(spec) * 5 for slot in layout_of(spec).slots}
    for _ in range(200):
        pack(layout_of(spec), noisy(spec, sums))
    plain = make_spec({"x": Column("0", "10", 0)}, Statistic("mean", ("x",)))
    assert noisy(plain, sums) == sums
