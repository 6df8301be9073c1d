"""Medians, ratios and budgets, without a cluster."""

from __future__ import annotations

import pytest
from figures import Budget, Limit, Row


def row(*limits: Limit, **seconds: list[float]) -> Row:
    return Row("case", Budget("some budget", limits), seconds=dict(seconds))


def test_a_ratio_is_the_peers_median_by_ours() -> None:
    figures = row(ours=[1.0, 2.0, 9.0], dask=[40.0], ray=[10.0, 30.0])
    assert figures.median_s("ours") == 2.0
    assert figures.best_s("ours") == 1.0
    assert figures.ratio("dask") == 20.0
    assert figures.ratio("ray") == 10.0


def test_there_is_no_ratio_where_a_side_has_no_figure() -> None:
    assert row(dask=[1.0]).ratio("dask") is None
    assert row(ours=[1.0]).ratio("dask") is None
    assert row(ours=[]).median_s("ours") is None


@pytest.mark.parametrize(("n", "p95"), [(1, 1), (19, 19), (20, 19), (100, 95)])
def test_p95_is_met_by_nineteen_of_twenty(n: int, p95: float) -> None:
    assert row(ours=[float(i + 1) for i in range(n)]).p95_s("ours") == p95


def test_rounds_of_a_side_gather() -> None:
    figures = row()
    figures.add("ours", [3.0])
    figures.add("ours", [1.0, 2.0])
    assert figures.seconds == {"ours": [3.0, 1.0, 2.0]}


@pytest.mark.parametrize(("dask_s", "met"), [(80.0, True), (79.9, False)])
def test_a_budget_of_a_ratio_is_met_from_its_limit_on(dask_s: float, met: bool) -> None:
    assert row(Limit("ratio_dask", least=80), ours=[1.0], dask=[dask_s]).met is met


@pytest.mark.parametrize(("value", "met"), [(5.0, True), (5.1, False)])
def test_a_budget_of_a_value_is_met_up_to_its_limit(value: float, met: bool) -> None:
    figures = row(Limit("value", most=5))
    figures.value = value
    assert figures.met is met


def test_a_budget_needs_all_its_figures_but_one_that_fails_decides() -> None:
    limits = Limit("ratio_ray", least=30), Limit("ratio_dask", least=80)
    assert row(*limits, ours=[1.0], ray=[31.0]).met is None
    assert row(*limits, ours=[1.0], ray=[29.0]).met is False
    assert row(*limits, ours=[1.0], ray=[31.0], dask=[81.0]).met is True


def test_a_limit_may_name_a_further_figure() -> None:
    figures = row(Limit("server_mib", most=1536))
    assert figures.met is None
    figures.extra["server_mib"] = 2000.0
    assert figures.met is False


def test_another_size_than_the_budgets_is_not_judged() -> None:
    figures = row(Limit("value", most=1))
    figures.value, figures.judged = 100.0, False
    assert figures.met is None


def test_the_note_tells_why_a_side_is_blank() -> None:
    figures = row()
    figures.notes.append("p95 2 ms")
    figures.blank["ray"] = "ray is not installed"
    assert figures.note == "p95 2 ms; no figure of ray: ray is not installed"
