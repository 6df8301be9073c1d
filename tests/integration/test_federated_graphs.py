"""Federated graphs from script to result: every statistic beside pooled NumPy, and what scripts meet."""

from __future__ import annotations

import json
import math
import stat
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from door import ask
from fedpeople import COLUMNS, Owner, all_take_part, federated, pooled, rules

import ravop as R
from ravop import federated as developers
from ravpy.policy import Refused

pytestmark = pytest.mark.usefixtures("at_home")


def test_every_statistic_is_numpys_of_the_pooled_rows(owners: list[Owner]) -> None:
    graph = federated(COLUMNS)
    edges, sexes = list(range(0, 121, 40)), {"sex": ["f", "m"]}
    mean, variance, deviation = (
        R.federated_mean(),
        R.federated_variance(ddof=1),
        R.federated_standard_deviation(),
    )
    count, missing, total = R.federated_count(), R.federated_missing("age"), R.federated_sum()
    covariance, correlation = R.federated_covariance(), R.federated_correlation()
    line = R.federated_linear_regression("salary", on=["age"])
    bins, median = R.federated_histogram("age", edges), R.federated_quantile("age", 0.5, edges)
    low, high = R.federated_minimum("age", edges), R.federated_maximum("age", edges)
    by_sex = R.federated_mean("salary", by=sexes)
    all_take_part(owners, graph)
    p = pooled(owners)
    for c in ("age", "salary"):
        assert mean()[c] == pytest.approx(p[c].mean(), rel=1e-15)
        assert variance()[c] == pytest.approx(p[c].var(ddof=1), rel=1e-14)
        assert deviation()[c] == pytest.approx(p[c].std(), rel=1e-14)
        assert count()[c] == 120
        assert total()[c] == pytest.approx(p[c].sum(), rel=1e-15)
    assert missing() == {"age": 0}
    both = np.cov(p["age"], p["salary"], ddof=0)
    assert covariance()["age"]["salary"] == pytest.approx(both[0, 1], rel=1e-12)
    assert correlation()["age"]["salary"] == pytest.approx(np.corrcoef(p["age"], p["salary"])[0, 1])
    slope, intercept = np.polyfit(p["age"], p["salary"], 1)
    assert line() == {"intercept": pytest.approx(intercept), "age": pytest.approx(slope)}
    assert bins()["age"]["counts"] == np.histogram(p["age"], edges)[0].tolist()
    ((below, above),) = median.brackets().values()
    assert below <= np.median(p["age"]) <= above
    assert low()["age"][0] <= p["age"].min() <= low()["age"][1]
    assert high()["age"][0] <= p["age"].max() <= high()["age"][1]
    for sex in "fm":
        assert by_sex()[sex]["salary"] == pytest.approx(p["salary"][p["sex"] == sex].mean(), rel=1e-15)
    assert graph.end() == "Graph computed successfully!"
    assert mean()["age"] == pytest.approx(p["age"].mean())  # what is there stays there


def test_quantiles_are_refined_in_a_second_graph(owners: list[Owner]) -> None:
    with federated(COLUMNS) as graph:
        first = R.federated_quantile("salary", [0.1, 0.5], list(range(0, 100001, 25000)))
        all_take_part(owners, graph)
        (low, high) = first.brackets()[0.5]
        assert set(first()["salary"]) == {0.1, 0.5}
    edges = np.linspace(low, high, 5)
    with federated(COLUMNS) as graph:
        second = R.federated_quantile("salary", 0.5, edges)
        word = str(graph.fingerprint)
        for owner in owners:
            with pytest.raises(Refused, match="bins_per_row: 8 bins of 40 rows of salary"):
                owner.take_part(graph.id, expect=word)
            owner.take_part(graph.id, expect=word, policy={"bins_per_row": 0.2})
        (closer,) = second.brackets().values()
    assert closer[0] <= np.median(pooled(owners)["salary"]) <= closer[1]
    assert closer[1] - closer[0] <= (high - low) / 2


#: those of RDF's own example
RDF_RULES = {
    "age": {"min": 18, "max": 80},
    "salary": {"min": 1, "max": 5},
    "bonus": {"min": 0, "max": 10},
    "fund": {},
}


def test_rdfs_script_for_one_client_and_only_for_who_lowers_the_floor(server: Any, tmp_path: Path) -> None:
    graph = R.Graph(name="test", approach="federated", rules=rules(RDF_RULES, 1))
    mean = R.federated_mean()
    variance = R.federated_variance()
    standard_deviation = R.federated_standard_deviation()
    rows = [[18, 1, 0, 1e9], [80, 5, 10, 0.5], [81, 6, 11, -3], [49, 3, "", 2]]
    owner = Owner(server.url, tmp_path / "o", ["age", "bonus", "fund", "more", "salary"],
                  ([a, b, f, "x", s] for a, s, b, f in rows))  # fmt: skip
    word = str(graph.fingerprint)
    with pytest.raises(Refused, match="min_clients: the graph may be opened with 1 contributor; 3 are"):
        owner.take_part(graph.id, expect=word)
    with pytest.raises(Refused, match="min_rows"):
        owner.take_part(graph.id, expect=word, policy={"min_clients": 1})
    assert graph.contributors == 0
    assert owner.screens == []
    owner.take_part(graph.id, expect=word, policy={"min_clients": 1, "min_rows": 1, "dominance": 1})
    assert "YOU ARE THE ONLY ONE" in owner.screens[0]
    # both ends count; each column by itself
    assert mean() == {"age": 49.0, "salary": 3.0, "bonus": 5.0, "fund": 249999999.875}
    assert variance()["age"] == np.var([18, 80, 49])
    assert standard_deviation()["bonus"] == 5.0
    assert graph.end() == "Graph computed successfully!"


def test_the_key_is_its_owners_only_never_sent_survives_the_script_and_is_deleted(
    owners: list[Owner], tmp_path: Path, server: Any
) -> None:
    graph = federated(COLUMNS)
    mean = R.federated_mean()
    word = graph.fingerprint
    path = graph._keys.path(graph._kept)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    primes = [int(json.loads(path.read_text())[x], 16) for x in "pq"]
    assert primes[0] * primes[1] == graph._frozen().spec.n
    # the script ends, and another comes back: by the id, with the same questions
    again: Any = R.Graph(id=graph.id)
    assert (again.id, again.fingerprint, again.name) == (graph.id, word, graph.name)
    all_take_part(owners, again)
    assert R.federated_mean()() == mean()
    everything = b"".join(p.read_bytes() for p in server.config.data_dir.parent.glob("rdf.db*"))
    assert not any(f"{prime:x}".encode() in everything for prime in primes)
    again.end()
    assert not path.exists()
    with pytest.raises(R.GraphError, match=r"the key of graph 1 is not on this machine"):
        R.Graph(id=graph.id)


def test_a_script_that_died_between_key_and_question_goes_on(
    owners: list[Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = federated(COLUMNS)
    R.federated_mean()
    with monkeypatch.context() as m:
        m.setattr(
            developers.FederatedGraph, "_send", lambda self, kept: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            _ = graph.fingerprint
    again: Any = R.Graph(id=graph.id)
    mean = R.federated_mean()
    with pytest.raises(R.Timeout, match=r"Come back with R\.Graph"):
        mean(timeout=0.1)  # this has put the question
    all_take_part(owners, again)
    assert mean()["age"] == pytest.approx(pooled(owners)["age"].mean())


def test_a_frozen_graph_takes_no_further_statistics(owners: list[Owner]) -> None:
    graph = federated(COLUMNS)
    assert isinstance(graph.id, int)
    R.federated_mean()
    word = graph.fingerprint
    with pytest.raises(R.GraphError, match="is frozen"):
        R.federated_variance()
    R.federated_mean()  # the same again is no other
    assert graph.fingerprint == word
    all_take_part(owners, graph)
    graph.end()
    with pytest.raises(R.GraphError, match="no federated graph"):
        R.federated_sum()


ROSTER = {"A": "1" * 64, "B": "2" * 64}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "has rules for its columns"),
        ("{", "cannot be read as JSON"),
        ({"rules": {"a": {}}}, "max_clients"),
        ({"rules": {"a": {"minimum": 1}}, "max_clients": 3}, 'nothing of "minimum"'),
        ({"rules": {"a": {"min": "x"}}, "max_clients": 3}, "not a number"),
        ({"rules": {"a": {"min": 0.5, "decimals": 0}}, "max_clients": 3}, "more than 0 decimals"),
        ({"rules": {"a": {"decimals": 1.5}}, "max_clients": 3}, "whole number"),
        ({"rules": {"a": 5}, "max_clients": 3}, "its rule is a dict"),
        ({"rules": {"a": {}}, "max_clients": 3, "min_clients": 4}, "min_clients is not the larger"),
        ({"rules": {"a": {}}, "max_clients": 3, "min_client": 4}, 'did you mean "min_clients"'),
        ({"rules": {"a": {}}, "max_clients": True}, "cannot be used"),
        ({"rules": {"a": {}}, "max_clients": 3, "epsilon": -1}, "epsilon"),
        *(({"rules": {"a": {}}, "max_clients": 3, "deadline_s": s}, "is no time above 0 and up to 3,000,000")
          for s in (math.nan, math.inf, Decimal("sNaN"), 10**400, -5, 0, 1e12)),
        ('{"rules": {"a": {}}, "max_clients": 3, "deadline_s": NaN}', "is no time above 0"),
        ({"rules": {"a": {}}, "max_clients": 3, "epsilon": math.nan}, "epsilon: 'nan' is not a number"),
        ({"rules": {"a": {}}, "max_clients": 3, "epsilon": "some"}, "epsilon: 'some' is not a number"),
        ({"rules": {"a": {}}, "roster": {"A": "1" * 64}}, "a roster of 1"),
        ({"rules": {"a": {}}, "roster": ROSTER, "max_clients": 3}, "max_clients and min_clients are 2 too"),
        ({"rules": {"a": {}}, "roster": ROSTER, "min_clients": 1}, "max_clients and min_clients are 2 too"),
        ({"rules": {"a": {}}, "roster": ROSTER, "encryption": False}, "a roster needs encryption"),
        ({"rules": {"a": {}}, "roster": {"A": "1" * 64, "B": "x"}}, 'roster "B": a key is the 64 hex'),
        ({"rules": {"a": {}}, "roster": {"A": "1" * 64, "B": "1" * 64}}, "have the same key"),
    ],
)  # fmt: skip
def test_bad_rules_are_named_at_once(server: Any, given: Any, why: str) -> None:
    with pytest.raises(R.ParamError) as raised:
        R.Graph(approach="federated", rules=given)
    assert why in str(raised.value)
    assert ask(server.port, "GET", "/v1/federated")[1] == {"graphs": []}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: R.federated_mean("wage"), 'no rule names the column "wage"'),
        (lambda: R.federated_histogram("age", [0]), "two edges"),
        (lambda: R.federated_histogram("age", ["x", 2]), "no numbers"),
        (lambda: R.federated_mean(by={"a": [1], "b": [2]}), "names one column"),
        (lambda: R.federated_variance(ddof=3), "ddof"),
        (lambda: R.federated_quantile("age", 50, [0, 9]), "from 0 to 1"),
    ],
)
def test_bad_statistics_are_named_at_once_and_leave_the_graph_good(
    server: Any, make: Callable[[], Any], why: str
) -> None:
    graph = federated(COLUMNS)
    with pytest.raises(R.ParamError, match=why):
        make()
    R.federated_mean()
    assert graph.fingerprint


def test_an_op_of_ones_own_is_shown_as_what_it_needs(owners: list[Owner]) -> None:
    @R.op
    def coefficient_of_variation(columns: Any = None) -> Any:
        return R.federated_standard_deviation(columns) / R.federated_mean(columns)

    graph = federated(COLUMNS)
    variation = coefficient_of_variation("age")
    all_take_part(owners, graph)
    ages = pooled(owners)["age"]
    assert variation()["age"] == pytest.approx(ages.std() / ages.mean())
    assert 'the standard deviation of age (for "coefficient_of_variation")' in owners[0].screens[0]
    assert 'the mean of age (for "coefficient_of_variation")' in owners[0].screens[0]


def test_noise_is_added_by_each_shown_and_written_down(owners: list[Owner], capsys: Any) -> None:
    graph = federated(COLUMNS, epsilon=8)
    mean = R.federated_mean()
    all_take_part(owners, graph)
    true = pooled(owners)
    # noise may be nothing by chance: for ages one time in a hundred, for salaries in hundredths in 10 million
    assert mean()["salary"] != true["salary"].mean()
    assert abs(mean()["age"] - true["age"].mean()) < 15  # the scale is 30 years in a sum of 120, three times
    assert "epsilon 8 in total" in owners[0].screens[0]
    # and it is told with the result: four sums share epsilon 8, and a row changes that of ages by up to 60
    assert "noise of epsilon 8 by each of 3 contributors" in capsys.readouterr().err
    noise = graph.noise()
    assert noise.scales == {
        "count of age": 0.5, "sum of age": 30.0, "count of salary": 0.5, "sum of salary": 25_000.0,
    }  # fmt: skip
    assert noise.deviations["sum of age"] == pytest.approx(30 * 6**0.5, rel=1e-3)
    follow = federated(COLUMNS, epsilon=1)
    R.federated_mean("age")
    owners[0].take_part(follow.id, expect=str(follow.fingerprint))
    assert "epsilon so far: 8" in owners[0].screens[1]


def test_a_developer_who_waits_hears_how_it_gets_on(owners: list[Owner], capsys: Any) -> None:
    graph = federated(COLUMNS)
    mean = R.federated_mean()
    word = str(graph.fingerprint)
    assert word in capsys.readouterr().err
    got: list[Any] = []
    waiting = threading.Thread(target=lambda: got.append(mean()))
    waiting.start()
    assert graph.progress == 0
    for owner in owners:
        owner.take_part(graph.id, expect=word)
    waiting.join(20)
    assert got
    assert (graph.status, graph.progress, graph.contributors) == ("computed", 100.0, 3)


def test_local_has_no_contributors() -> None:
    R.initialize(url="local:")
    with pytest.raises(R.ConfigError, match="needs a server"):
        R.Graph(approach="federated", rules=rules(COLUMNS))


def test_encryption_is_on_unless_the_environment_says_otherwise(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert federated(COLUMNS)._said().encryption
    monkeypatch.setenv("ENCRYPTION", "False")
    assert not federated(COLUMNS)._said().encryption
    monkeypatch.setenv("ENCRYPTION", "perhaps")
    with pytest.raises(R.ConfigError, match="ENCRYPTION='perhaps'"):
        federated(COLUMNS)
