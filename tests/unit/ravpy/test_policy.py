"""The owner's rules, each of them: what it refuses, and that it lets through what is just within."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fedfiles import make_spec, measure, write_csv

from ravpy.policy import KINDS, POLICY_FILE, Policy, Refused, check_measured, check_spec, read_policy
from ravspec.errors import ConfigError
from ravspec.federated import By, Column, Spec, Statistic, Where

MEAN = Statistic("mean", ("x",))
X = {"x": Column(decimals=0)}
SECRET = {"modulus": "f" * 768}


def spec_of(*statistics: Statistic, **more: Any) -> Spec:
    return make_spec(X, *(statistics or (MEAN,)), **{**SECRET, **more})


@pytest.mark.parametrize(
    ("policy", "good", "bad"),
    [
        (Policy(), spec_of(), spec_of(min_clients=2)),
        (Policy(min_clients=1), spec_of(min_clients=1), None),
        (Policy(), spec_of(max_clients=3), spec_of(min_clients=1, max_clients=1)),
        (Policy(), spec_of(), spec_of(modulus="")),
        (Policy(allow_plain=True), spec_of(modulus=""), None),
        (Policy(columns=("x",)), spec_of(), spec_of(Statistic("mean", ("x",), by=By("sex", ("f",))))),
        (Policy(columns=("x",)), spec_of(), spec_of(where={"age": Where("1")})),
        (Policy(columns=("y",)), None, spec_of()),
        (Policy(max_epsilon=1.0), spec_of(epsilon="1"), spec_of()),
    ],
)
def test_rules_of_specs(policy: Policy, good: Spec | None, bad: Spec | None) -> None:
    if good is not None:
        check_spec(policy, good)
    if bad is not None:
        with pytest.raises(Refused):
            check_spec(policy, bad)


def bins(n: int) -> Statistic:
    return Statistic("histogram", ("x",), edges=tuple(map(str, range(n + 1))))


@pytest.mark.parametrize(
    ("rule", "policy", "spec", "good", "bad"),
    [
        ("min_rows", Policy(), spec_of(), range(10), range(9)),
        ("min_rows", Policy(min_rows=1), spec_of(), [1, 1], []),
        ("dominance", Policy(), spec_of(), [9, *[1] * 9], [10, *[1] * 9]),
        ("dominance", Policy(), spec_of(), [-9, *[1] * 9], [-10, *[1] * 9]),
        ("bins_per_row", Policy(), spec_of(bins(3)), range(30), range(29)),
        ("min_cell", Policy(min_cell=5), spec_of(bins(2)), [0] * 15 + [1] * 5, [0] * 16 + [1] * 4),
        ("max_rows", Policy(), spec_of(max_rows=20), range(20), range(21)),
    ],
)
def test_rules_of_files(
    tmp_path: Path, rule: str, policy: Policy, spec: Spec, good: list[int], bad: list[int]
) -> None:
    check_measured(policy, spec, measure(spec, write_csv(tmp_path / "good", ["x"], [[v] for v in good]))[0])
    with pytest.raises(Refused, match=f"^{rule}: "):
        check_measured(policy, spec, measure(spec, write_csv(tmp_path / "bad", ["x"], [[v] for v in bad]))[0])


def test_singletons_in_groups_are_refused_and_empty_groups_are_not(tmp_path: Path) -> None:
    spec = spec_of(Statistic("mean", ("x",), by=By("sex", ("f", "m", "d"))))
    people = [[i, "fm"[i % 2]] for i in range(20)]
    check_measured(Policy(), spec, measure(spec, write_csv(tmp_path / "good", ["x", "sex"], people))[0])
    with pytest.raises(Refused, match="min_rows: x where sex is d: 1 row"):
        found, _ = measure(spec, write_csv(tmp_path / "bad", ["x", "sex"], [*people, [5, "d"]]))
        check_measured(Policy(), spec, found)


def test_singletons_in_bins_can_be_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d", ["x"], [[v] for v in [0] * 29 + [1]])
    found, _ = measure(spec_of(bins(2)), path)
    check_measured(Policy(), spec_of(bins(2)), found)
    with pytest.raises(Refused, match="min_cell: count of x from 1 to 2 is 1; 2 are"):
        check_measured(Policy(min_cell=2), spec_of(bins(2)), found)


def test_bins_are_counted_by_the_rows_of_their_own_question(tmp_path: Path) -> None:
    both = spec_of(bins(3), Statistic("mean", ("x",), by=By("sex", ("f", "m"))))
    people = [[i % 3, "fm"[i % 3 == 0]] for i in range(30)]
    path = write_csv(tmp_path / "d", ["x", "sex"], people)
    check_measured(Policy(), both, measure(both, path)[0])
    grouped = Statistic("histogram", ("x",), by=By("sex", ("f", "m")), edges=("0", "1", "2", "3"))
    with pytest.raises(Refused, match="bins_per_row: 3 bins of 10 rows"):
        check_measured(Policy(), spec_of(grouped), measure(spec_of(grouped), path)[0])


def test_a_regression_has_enough_rows(tmp_path: Path) -> None:
    columns = {c: Column(decimals=0) for c in "abc"}
    spec = make_spec(columns, Statistic("linear_regression", ("a", "b", "c")), **SECRET)
    for n, good in (30, True), (29, False):
        rows = [[i, i * i, i**3 % 7] for i in range(n)]
        found, _ = measure(spec, write_csv(tmp_path / "d", ["a", "b", "c"], rows))
        if good:
            check_measured(Policy(), spec, found)
        else:
            with pytest.raises(Refused, match="coefficients_per_row"):
                check_measured(Policy(), spec, found)


def test_a_policy_file_is_read_and_flags_are_over_it(tmp_path: Path) -> None:
    assert read_policy(None, tmp_path) == Policy()
    (tmp_path / "contributor").mkdir()
    (tmp_path / POLICY_FILE).write_text('min_clients = 5\ncolumns = ["age"]\n')
    assert read_policy(None, tmp_path) == Policy(min_clients=5, columns=("age",))
    assert read_policy(None, tmp_path, min_clients=1, min_rows=None).min_clients == 1
    other = tmp_path / "other.toml"
    other.write_text("dominance = 1")
    assert read_policy(other, tmp_path) == Policy(dominance=1)


@pytest.mark.parametrize(
    "text",
    [
        "min_client = 5", "min_rows = '5'", "min_rows = true", "columns = 'a'", "min_rows = 0", "x =",
        "max_epsilon = nan", "dominance = nan", "bins_per_row = nan", "coefficients_per_row = -nan",
        "max_epsilon = -1", "columns = ['größe']",
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_used_is_an_error_and_never_ignored(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError):
        read_policy(path, tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path / "none.toml", tmp_path)


def test_no_flag_is_nothing_either(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="max_epsilon = nan: it is 0 or more"):
        read_policy(None, tmp_path, max_epsilon=float("nan"))


def test_every_rule_has_a_type() -> None:
    assert set(KINDS) == set(Policy.__dataclass_fields__)
