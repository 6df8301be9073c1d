"""No statistic tells of few rows, whichever of them is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from fedfiles import make_spec, measure, take_part, write_csv

from ravpy.ledger import Ledger
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
    with pytest.raises(Refused, match=r"min_rows: .*: 1 row; 10 are"):
        check(make_spec(columns, Statistic(name, ("x",)), where={"id": Where(values=("17",))}), path)
    with pytest.raises(Refused, match=r"min_rows: .* where id is 17: 1 row; 10 are"):
        check(make_spec(columns, Statistic(name, ("x",), by=By("id", ("17",)))), path)


def test_few_missing_cells_are_as_few_as_a_bin_may_be(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d", ["id", "x"], [[i, "" if i in "01" else i] for i in IDS])
    spec = make_spec({"x": Column(decimals=0)}, Statistic("missing", ("x",)))
    check(spec, path)
    with pytest.raises(Refused, match="min_cell: missing cells of x is 2; 3 are"):
        check(spec, path, Policy(min_cell=3))


@pytest.mark.parametrize("few", [1, 2, 9])
def test_a_column_of_codes_does_not_tell_the_sum_of_those_with_a_rare_code(tmp_path: Path, few: int) -> None:
    columns = {"salary": Column(decimals=0), "flag": Column("1", "2", 0)}
    for name in ("covariance", "correlation", "linear_regression"):
        spec = make_spec(columns, Statistic(name, ("salary", "flag")))
        for n, rare in ((few, True), (10, False)):
            rows = [[1000 + i * i, 2 if i < n else 1] for i in range(100)]
            path = write_csv(tmp_path / "d", ["salary", "flag"], rows)
            if rare:
                with pytest.raises(Refused, match=f"all rows but {few} have the same flag, so its products"):
                    check(spec, path)
            else:
                check(spec, path)


def test_bins_of_many_statistics_are_taken_together(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d", ["x"], [[i] for i in range(100)])
    columns = {"x": Column("0", "200", 0)}
    one_bin = [Statistic("histogram", ("x",), edges=(str(i), str(i + 1))) for i in range(11)]
    check(make_spec(columns, *one_bin[:10]), path)
    with pytest.raises(Refused, match="bins_per_row: 11 bins of 100 rows of x, all questions"):
        check(make_spec(columns, *one_bin), path)
    same_cells = [Statistic(name, ("x",), edges=("0", "1")) for name in ("minimum", "maximum")]
    check(make_spec(columns, *one_bin[:10], *same_cells), path)


def test_bins_and_products_of_many_graphs_are_taken_together(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(5)]
    path = write_csv(tmp_path / "d", names, [[i * j % 31 for j in (1, 2, 3, 5, 7)] for i in range(40)])
    columns = {c: Column("0", "200", 0) for c in names}

    def part(index: int, statistic: Statistic) -> None:
        take_part(ledger, Policy(), make_spec(columns, statistic, nonce=f"{index:032x}"), path)

    ledger = Ledger(tmp_path / "bins")
    for i in range(4):
        part(i, Statistic("histogram", ("c0",), edges=(str(i), str(i + 1))))
    with pytest.raises(Refused, match="bins_per_row: 5 bins of 40 rows of c0"):
        part(4, Statistic("minimum", ("c0",), edges=("9", "10")))
    part(5, Statistic("minimum", ("c1",), edges=("9", "10")))
    ledger = Ledger(tmp_path / "products")
    for i in range(3):
        part(i, Statistic("covariance", (names[i], names[i + 1])))
    with pytest.raises(Refused, match="coefficients_per_row: 5 columns multiplied with each other, of 40"):
        part(4, Statistic("correlation", ("c3", "c4")))
    part(5, Statistic("mean", ("c4",)))


@pytest.mark.parametrize("name", ["covariance", "correlation", "linear_regression"])
def test_the_same_sums_are_refused_whatever_is_made_of_them(tmp_path: Path, name: str) -> None:
    names = [f"c{i}" for i in range(12)]
    path = write_csv(tmp_path / "d", names, [[i * j % 13 for j in range(1, 13)] for i in range(12)])
    spec = make_spec({c: Column(decimals=0) for c in names}, Statistic(name, tuple(names)))
    with pytest.raises(Refused, match="coefficients_per_row: 12 columns multiplied with each other, of 12"):
        check(spec, path)


@pytest.mark.parametrize("together", [True, False])
def test_two_codes_that_one_row_alone_has_are_refused_whatever_the_rest_is(
    tmp_path: Path, together: bool
) -> None:
    # a hundred people, twenty with each flag; one has both, and is told by neither alone
    rows = [[1000 + i, "ny"[i < 20], "ny"[19 <= i < 39]] for i in range(100)]
    path = write_csv(tmp_path / "d", ["salary", "ill", "abroad"], rows)
    columns = {"salary": Column("0", "2000", 0)}
    ill, abroad = (Statistic("mean", ("salary",), by=By(c, ("y", "n"))) for c in ("ill", "abroad"))
    alone = Ledger(tmp_path / "alone")
    take_part(alone, Policy(), make_spec(columns, abroad), path)
    ledger = Ledger(tmp_path / "both")
    if not together:
        take_part(ledger, Policy(), make_spec(columns, ill), path)
    second = make_spec(columns, *([ill] if together else []), abroad, nonce="cd" * 16)
    with pytest.raises(Refused, match=r"ledger: .* the sum of salary of 1 row; 10 are"):
        take_part(ledger, Policy(), second, path)
