"""The consent screen shows all that would leave, and says it in words that are true of the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fedfiles import make_spec, measure, write_csv

from ravpy.consent import amount, columns, history, screen, written
from ravpy.ledger import Entry
from ravspec.federated import By, Column, Spec, Statistic, fingerprint
from ravspec.statistics import all_sums
from ravspec.sums import Kind

COLUMNS = {"x": Column("0", "10", 1), "y": Column(decimals=2)}


def shown(spec: Spec, tmp_path: Path) -> tuple[str, Any]:
    rows = [[f"{i % 10}.5", f"{i - 20}.25", "fm"[i % 2]] for i in range(40)]
    found, _ = measure(spec, write_csv(tmp_path / "d.csv", ["x", "y", "sex"], rows))
    return screen(spec, found, "http://server", "d.csv", [], 768, 1), found


def test_every_number_that_leaves_is_shown(tmp_path: Path) -> None:
    asked = [
        Statistic("variance", ("x", "y")),
        Statistic("linear_regression", ("y", "x")),
        Statistic("missing", ("y",)),
        Statistic("mean", ("x",), by=By("sex", ("f", "m"))),
        Statistic("histogram", ("x",), edges=("0", "5", "10")),
    ]
    spec = make_spec(COLUMNS, *asked, modulus="f" * 768)
    text, found = shown(spec, tmp_path)
    for total, value in found.sums.items():
        if total.kind is not Kind.CELL:
            assert any(
                line.split() == [*written(spec, total).split(), amount(spec, total, value)]
                for line in text.splitlines()
            ), total.text()
    cells = [str(value) for total, value in found.sums.items() if total.kind is Kind.CELL]
    assert f"counts of x, below 0, in each bin, above 10: {' '.join(cells)}" in text
    word = fingerprint(spec)
    assert word[:39] in text
    assert word[40:] in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "No noise is added"),
        ({"modulus": ""}, "NOT ENCRYPTED"),
        ({"min_clients": 1, "max_clients": 1}, "YOU ARE THE ONLY ONE"),
        ({"min_clients": 1, "max_clients": 1}, "released when 1 has contributed."),
        ({"min_clients": 2}, "WITH TWO CONTRIBUTORS"),
        ({"min_clients": 3}, "If all others were made up by one person"),
        ({"max_clients": 5}, "asked of all but one of you as well, the two totals tell that one's numbers"),
        ({"epsilon": "0.5"}, "epsilon 0.5 in total"),
        ({"deadline": 1}, "with 3 at least"),
        ({"developer": ""}, "somebody without a name"),
    ],
)
def test_what_is_special_about_a_graph_is_said(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    spec = make_spec(COLUMNS, Statistic("mean", ("x",)), **{"modulus": "f" * 768, **more})
    assert words in shown(spec, tmp_path)[0]


def test_bounds_that_nobody_stated_are_shown(tmp_path: Path) -> None:
    columns = {"x": Column(decimals=2), "y": Column("0", decimals=2)}
    text = shown(make_spec(columns, Statistic("mean", ("x", "y"))), tmp_path)[0]
    assert "x: values from -10^13 to 10^13, 2 decimals" in text
    assert "y: values from 0 to 10^13, 2 decimals" in text


def test_numbers_stand_one_below_the_other_however_long_their_names_are() -> None:
    lines = list(columns([("count of x", "7"), ("n" * 60, "1,234.56"), ("m" * 100, "8")]))
    assert lines[2] == "m" * 100
    del lines[2]
    assert len({len(line) for line in lines}) == 1
    assert max(map(len, lines)) <= 98
    assert [line.split()[-1] for line in lines] == ["7", "1,234.56", "8"]


def test_sums_are_decimal_numbers() -> None:
    spec = make_spec(COLUMNS, Statistic("mean", ("x", "y")))
    (total,) = [s for s in all_sums(spec) if s.of == ("y",)]
    assert [amount(spec, total, v) for v in (0, 5, -5, 123456, -123456)] == [
        "0.00",
        "0.05",
        "-0.05",
        "1,234.56",
        "-1,234.56",
    ]


def test_the_middle_is_taken_off_the_column_it_belongs_to_whatever_that_is_called() -> None:
    columns = {
        "m": Column("0", "100", 0), "age_old": Column("0", "10", 0), "old": Column("0", "20", 0),
        "b": Column(),
    }  # fmt: skip
    asked = [
        Statistic("variance", ("m",)),
        Statistic("covariance", ("age_old", "old")),
        Statistic("sum", ("b",), by=By("m", ("1",))),
    ]
    spec = make_spec(columns, *asked)
    assert {written(spec, total) for total in all_sums(spec)} >= {
        "count of m",
        "sum of (m - 50)",
        "sum of (m - 50) squared",
        "sum of (age_old - 5) x (old - 10) (rows with age_old, old)",
        "sum of b where m is 1",
    }


def test_earlier_graphs_say_of_which_file_they_were() -> None:
    entries = [
        Entry("f", i, "pay", who, "s", name, "d", 0.0, 12)
        for i, (who, name) in enumerate([("ann", "a"), ("", "b")])
    ]
    first, second = history(entries, "a")
    assert first.endswith('graph 0 "pay" by "ann", 12 rows, begun')
    assert second.endswith('graph 1 "pay" by somebody without a name, 12 rows, begun, with b')
