"""`ravpy list --approach federated` tells what a graph asks for, before anybody reads a file for it."""

from __future__ import annotations

from typing import Any

import pytest
from fedpeople import COLUMNS, Owner, all_take_part, federated, rules

import ravop as R
from ravpy.ledger import Ledger
from ravpy.listing import show_graphs
from ravpy.seals import SealKey

pytestmark = pytest.mark.usefixtures("at_home")


def test_the_list_shows_groups_conditions_noise_and_roster(owners: list[Owner], capsys: Any) -> None:
    roster = {f"owner {i}": SealKey(o.state, Ledger(o.state)).public() for i, o in enumerate(owners)}
    graph = federated(COLUMNS, where={"salary": {"min": 500}, "sex": ["f", "m"]}, roster=roster, epsilon=0.5)
    R.federated_mean("age", by={"sex": ["f", "m"]})
    word = graph.fingerprint
    show_graphs(owners[0].config, "federated")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        "state: asks for contributions",
        "rules: age: min 0 max 120; salary: min 0 max 100000",
        "rows: salary: min 500",
        "rows: sex: f or m",
        "statistics: mean for each sex of f, m",
        "contributors: 0 of 3",
        "released with: 3 at least",
        "sealed for: owner 0, owner 1, owner 2",
        "noise: epsilon 0.5",
        f"fingerprint: {word}",
    ]


def test_graphs_that_are_over_stand_below_the_others_in_a_line_each(owners: list[Owner], capsys: Any) -> None:
    show_graphs(owners[0].config, "federated")
    assert capsys.readouterr().out == f"no federated graphs at {owners[0].config.url}\n"
    for name in ("done", "dropped", "asking"):
        graph: Any = R.Graph(name=name, approach="federated", rules=rules(COLUMNS))
        R.federated_mean("age")
        if name == "done":
            all_take_part(owners, graph)
        elif name == "dropped":
            graph.cancel()
        else:
            assert graph.fingerprint
    show_graphs(owners[0].config, "federated")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "asked for by" in line or not line.startswith("    ")] == [
        "3  asking, asked for by (no name)",
        "over, and without contributions from now on:",
        "    1  done, asked for by (no name): computed",
        "    2  dropped, asked for by (no name): cancelled",
    ]


def test_what_is_not_asked_for_has_no_line(owners: list[Owner], capsys: Any) -> None:
    graph = federated(COLUMNS)
    R.federated_mean("age")
    assert graph.fingerprint
    show_graphs(owners[0].config, "federated")
    shown = capsys.readouterr().out
    assert "statistics: mean\n" in shown
    assert not any(word in shown for word in ("rows:", "sealed", "noise"))
