"""Statistics from totals: the exact values, on columns that ruin floats."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from fedspecs import Rows, local_sums, make_spec
from hypothesis import given, settings
from hypothesis import strategies as st

from ravspec.federated import By, Column, Spec, Statistic
from ravspec.slots import layout_of, pack, unpack
from ravspec.statistics import result_of
from ravspec.totals import Totals

#: name -> decimals and a way to draw one value, as an integer
Draw = Callable[[random.Random], int]
HOSTILE: dict[str, tuple[int, Draw]] = {
    "mean 1e8, sd 1e-2": (6, lambda r: int(r.gauss(1e14, 1e4))),
    "Unix time, ms": (3, lambda r: r.randint(1_600_000_000_000, 1_700_000_000_000)),
    "nine-digit fractions": (9, lambda r: r.randint(1, 10**9 - 1)),
    "constant": (2, lambda r: 123_456),
    "almost constant": (0, lambda r: 10**12 + (r.random() < 0.01)),
    "both signs": (4, lambda r: r.choice([-1, 1]) * r.randint(0, 10**12)),
    "age": (0, lambda r: r.randint(18, 80)),
    "salary": (2, lambda r: int(math.exp(r.gauss(15, 1)))),
    "latitude": (6, lambda r: r.randint(-90_000_000, 90_000_000)),
    "tiny": (12, lambda r: r.randint(1, 1000)),
    "zero or one": (0, lambda r: r.randint(0, 1)),
    "huge and nothing": (0, lambda r: r.choice([0, 10**13])),
}


def totals_of(spec: Spec, rows: Rows, clients: int = 5) -> Totals:
    """The totals of rows dealt to contributors, packed and unpacked."""
    layout = layout_of(spec)
    parts = [0] * layout.parts
    for i in range(clients):
        packed = pack(layout, local_sums(spec, rows[i::clients]))
        parts = [(a + b) % layout.modulus for a, b in zip(parts, packed, strict=True)]
    sums = unpack(layout, parts, clients)
    assert sums == local_sums(spec, rows)
    return Totals(spec, sums)


def close(found: float, exact: Fraction, bound: float = 5e-16) -> bool:
    """Within `bound` of the exact value, relatively."""
    return abs(Fraction(found) - exact) <= Fraction(bound) * abs(exact)


@pytest.mark.parametrize("name", HOSTILE)
def test_mean_variance_and_deviation_are_the_exact_ones(name: str) -> None:
    decimals, draw = HOSTILE[name]
    rng = random.Random(name)
    values = [draw(rng) for _ in range(2000)]
    asked = [Statistic(s, ("x",)) for s in ("mean", "variance", "standard_deviation", "sum", "count")]
    spec = make_spec({"x": Column(decimals=decimals)}, *asked)
    totals = totals_of(spec, [{"x": value} for value in values])
    mean, variance, deviation, total, count = (result_of(s, totals)["x"] for s in spec.statistics)
    exact = [Fraction(value, 10**decimals) for value in values]
    true_mean = sum(exact) / len(exact)
    true_variance = sum((x - true_mean) ** 2 for x in exact) / len(exact)
    assert count == 2000
    assert close(total, sum(exact, Fraction()))
    assert close(mean, true_mean)
    assert close(variance, true_variance)
    assert close(deviation, Fraction(math.sqrt(true_variance)), 1e-15)
    assert abs(Fraction(deviation) ** 2 - true_variance) <= Fraction(5e-16) * 2 * true_variance


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.none() | st.integers(-9, 9)), min_size=3, max_size=60))
def test_two_columns_are_what_numpy_says(pairs: list[tuple[int, int | None]]) -> None:
    columns = {"a": Column("0", "99", 0), "b": Column("-9", "9", 0)}
    asked = [Statistic("covariance", ("a", "b"), ddof=1), Statistic("correlation", ("b", "a")),
             Statistic("linear_regression", ("a", "b")), Statistic("missing", ("b",)),
             Statistic("mean", ("a",))]  # fmt: skip
    spec = make_spec(columns, *asked)
    totals = totals_of(spec, [{"a": a, "b": b} for a, b in pairs], 3)
    covariance, correlation, line, missing, mean = (result_of(s, totals) for s in asked)
    whole = np.array([pair for pair in pairs if pair[1] is not None], float).reshape(-1, 2)
    assert missing == {"b": sum(b is None for _, b in pairs)}
    assert mean["a"] == pytest.approx(np.mean([a for a, _ in pairs]))  # of all rows, not of complete ones
    if len(whole) < 2:
        assert math.isnan(covariance["a"]["b"])
        return
    assert covariance["a"]["b"] == covariance["b"]["a"] == pytest.approx(np.cov(whole.T)[0, 1])
    assert covariance["b"]["b"] == pytest.approx(np.var(whole[:, 1], ddof=1))
    if np.ptp(whole[:, 1]) == 0:
        assert math.isnan(line["b"])
        return
    slope, intercept = np.polyfit(whole[:, 1], whole[:, 0], 1)
    assert (line["b"], line["intercept"]) == (
        pytest.approx(slope, abs=1e-9),
        pytest.approx(intercept, abs=1e-9),
    )
    if np.ptp(whole[:, 0]):
        assert correlation["b"]["a"] == pytest.approx(np.corrcoef(whole.T)[0, 1], abs=1e-12)
        assert correlation["a"]["a"] == 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=3, max_size=300), st.floats(0, 1).map(lambda q: round(q, 3)))
def test_bins_are_numpys_and_quantiles_are_within_theirs(values: list[int], q: float) -> None:
    edges = tuple(map(str, range(-40, 41, 10)))
    names = ("histogram", "quantile", "minimum", "maximum")
    asked = [Statistic(n, ("x",), edges=edges, q=(str(q),) * (n == "quantile")) for n in names]
    spec = make_spec({"x": Column("-50", "50", 0)}, *asked)
    totals = totals_of(spec, [{"x": v} for v in values], 3)
    histogram, quantile, lowest, highest = (result_of(s, totals)["x"] for s in asked)
    counts, _ = np.histogram(values, [float(e) for e in edges])
    assert histogram["counts"] == counts.tolist()
    assert histogram["below"] == sum(v < -40 for v in values)
    assert histogram["above"] == sum(v > 40 for v in values)
    value, low, high = totals.quantile("x", edges, str(q))
    assert value == quantile
    assert low <= np.quantile(values, q) <= high
    assert low <= value <= high
    assert lowest[0] <= min(values) <= lowest[1]
    assert highest[0] <= max(values) <= highest[1]


def test_groups_are_by_themselves() -> None:
    by = By("site", ("north", "south", "nowhere"))
    asked = [Statistic("mean", ("x",), by=by), Statistic("histogram", ("x",), by=by, edges=("0", "5", "9"))]
    spec = make_spec({"x": Column("0", "9", 0)}, *asked)
    rows: Any = [{"x": i % 10, "site": ("north", "south", "east")[i % 3]} for i in range(60)]
    means, bins = (result_of(s, totals_of(spec, rows)) for s in asked)
    for site in ("north", "south"):
        mine = [row["x"] for row in rows if row["site"] == site]
        assert means[site] == {"x": float(np.mean(mine))}
        assert sum(bins[site]["x"]["counts"]) == len(mine)
    assert math.isnan(means["nowhere"]["x"])
    assert "east" not in means


def test_nothing_is_nan_and_not_a_division_by_zero() -> None:
    names = ("mean", "variance", "standard_deviation", "count", "sum")
    asked = [Statistic(name, ("x",)) for name in names]
    totals = totals_of(make_spec({"x": Column()}, *asked), [])
    mean, variance, deviation, count, total = (result_of(s, totals)["x"] for s in asked)
    assert math.isnan(mean)
    assert math.isnan(variance)
    assert math.isnan(deviation)
    assert (count, total) == (0, 0.0)


#: NIST's Longley data: employment by deflator, GNP, unemployed, armed forces, population, year
LONGLEY = """60323 83.0 234289 2356 1590 107608 1947|61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949|61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951|63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953|63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955|67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957|66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959|69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961|70551 116.9 554894 4007 2827 130081 1962"""
#: NIST's certified values, 15 digits
CERTIFIED = [-3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683,
             -1.03322686717359, -0.511041056535807e-01, 1829.15146461355]  # fmt: skip


def test_longley_is_fitted_to_the_last_certified_digit() -> None:
    names = ("y", "deflator", "gnp", "unemployed", "forces", "population", "year")
    rows = [[float(x) for x in row.split()] for row in LONGLEY.replace("\n", "|").split("|")]
    statistic = Statistic("linear_regression", names)
    spec = make_spec(dict.fromkeys(names, Column("0", "600000", 1)), statistic)
    totals = totals_of(spec, [{n: round(x * 10) for n, x in zip(names, row, strict=True)} for row in rows], 3)
    found = list(result_of(statistic, totals).values())
    assert max(abs(a / b - 1) for a, b in zip(found, CERTIFIED, strict=True)) <= 1e-14
