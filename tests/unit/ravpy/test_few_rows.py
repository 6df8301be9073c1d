"""No statistic tells of few rows, whichever of them is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from fedfiles import make_spec, measure, write_csv

from ravpy.policy import Policy, Refused, check_measured
from ravspec.federated import By, Column, Spec, Statistic, Where

IDS = [str(i) for i in range(30)]


def check(spec: Spec, path: Path, policy: Policy | None = None) -> None:
    """What is done when the file is measured."""
    check_measured(policy or Policy(), spec, measure(spec, path)[0])


@pytest.mark.parametrize("name", ["missing", "count", "mean"])
def test_a_single_row_is_asked_for_by_no_statistic(tmp_path: Path, name: str) -> None:
    path = write_csv(tmp_path / "d", ["id", "x"], [[i, ""] if i == "18" else [i, i] for i in IDS])
    columns = {"x": Column(decimals=0)}
    check(make_spec(columns, Statistic(name, ("x",))), path)
    with pytest.raises(Refused, match=r"min_rows: .*: 1 rows; 10 are"):
        check(make_spec(columns, Statistic(name, ("x",)), where={"id": Where(values=("17",))}), path)
    with pytest.raises(Refused, match=r"min_rows: .* where id is 17: 1 rows; 10 are"):
        check(make_spec(columns, Statistic(name, ("x",), by=By("id", ("17",)))), path)


def test_few_missing_cells_are_as_few_as_a_bin_may_be(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d", ["id", "x"], [[i, "" if i in "01" else i] for i in IDS])
    spec = make_spec({"x": Column(decimals=0)}, Statistic("missing", ("x",)))
    check(spec, path)
    with pytest.raises(Refused, match="min_cell: missing cells of x is 2; 3 are"):
        check(spec, path, Policy(min_cell=3))
