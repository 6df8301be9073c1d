"""What people and programs get to see."""

from __future__ import annotations

import json

import pytest
from figures import Budget, Limit, Row
from table import as_json, duration, table, three_digits


@pytest.fixture
def row() -> Row:
    return Row(
        "chain-1k",
        Budget("Ray/50", (Limit("ratio_ray", least=50),)),
        seconds={"ours": [0.02, 0.04, 0.03], "ray": [3.0]},
        blank={"dask": "dask is not installed"},
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (23.97, "24.0 s"),
        (1.0, "1.00 s"),
        (0.0138, "13.8 ms"),
        (4.2e-7, "0.42 us"),
        (0, "0.00 us"),
    ],
)
def test_a_duration_has_a_unit_that_suits_it(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.234, "1.23"), (9.999, "10.0"), (99.99, "100"), (1234.5, "1,234")]
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert three_digits(value) == text


def test_the_table_shows_median_best_ratio_budget_and_blanks(row: Row) -> None:
    head, rule, line, empty, note = table([row]).splitlines()
    assert head.split() == [
        "case", "ours", "(best)", "Dask", "Ray", "NumPy", "Dask/ours", "Ray/ours", "value", "budget",
        "result",
    ]  # fmt: skip
    assert set(rule) == {"-", " "}
    assert line.split() == ["chain-1k", "30.0", "ms", "20.0", "ms", "3.00", "s", "100", "Ray/50", "met"]
    assert line.index("3.00 s") == head.index("Ray"), "figures stand under their side"
    assert empty == ""
    assert note == "chain-1k: no figure of dask: dask is not installed"


def test_a_missed_budget_and_one_that_is_not_judged_can_be_told_apart(row: Row) -> None:
    row.seconds["ray"] = [1.0]
    assert table([row]).splitlines()[2].endswith("MISSED")
    row.judged = False
    assert table([row]).splitlines()[2].endswith("not judged")


def test_json_has_the_documented_keys_and_nulls_for_what_there_is_not(row: Row) -> None:
    assert json.loads(json.dumps(as_json(row))) == {
        "case": "chain-1k",
        "ours_s": 0.03,
        "dask_s": None,
        "ray_s": 3.0,
        "numpy_s": None,
        "ratio_dask": None,
        "ratio_ray": 100.0,
        "value": None,
        "unit": None,
        "ours_best_s": 0.02,
        "budget": "Ray/50",
        "met": True,
        "note": "no figure of dask: dask is not installed",
    }
