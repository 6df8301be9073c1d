"""The list of cases, the command line, and the order of rounds; the work itself on NumPy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import work
from cases import CASES, Case
from peers import Numpy
from sitting import PEERS, Sitting, share, told

RUN = Path(__file__).parents[3] / "benchmarks" / "run.py"

IDS = [
    "independent-10k", "chain-1k", "tree-4096", "one-add", "up-256mb", "down-256mb", "matmul-2v1", "million",
    "build-op", "build-rows", "idle", "federated",
]  # fmt: skip


def test_the_case_ids_are_those_that_scripts_rely_on() -> None:
    assert [case.id for case in CASES] == IDS


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_case_says_for_every_peer_who_takes_part_or_why_not(case: Case) -> None:
    assert (case.work is None) != (case.alone is None)
    for rounds in case.rounds:
        for peer in ("dask", "ray"):
            assert (peer in rounds) != (peer in case.blank)
    assert case.budget.limits


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_only_sizes_of_the_budget_are_judged(case: Case) -> None:
    assert case.row(quick=False).judged
    assert case.row(quick=True).judged == (case.sizes[0] == case.sizes[1])


def test_help_names_every_case() -> None:
    done = subprocess.run([sys.executable, RUN, "--help"], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in IDS)


def test_an_unknown_case_is_wrong_usage() -> None:
    done = subprocess.run([sys.executable, RUN, "--only", "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "one-add" in done.stderr, "the message lists the cases"


@pytest.mark.parametrize("case", [case for case in CASES if case.work], ids=lambda case: case.id)
def test_the_work_is_right_on_numpy_and_gives_seconds(case: Case) -> None:
    assert case.work is not None
    seconds = case.work(Numpy(), 64)
    assert seconds
    assert all(s >= 0 for s in seconds)


class Wrong(Numpy):
    """A side that adds wrongly."""

    def adds(self, xs: list[Any], ys: list[Any]) -> list[Any]:
        return [sum_ + 1 for sum_ in super().adds(xs, ys)]

    def down(self, handle: Any) -> Any:
        return handle + 1


@pytest.mark.parametrize("case", [case for case in CASES if case.work], ids=lambda case: case.id)
def test_a_wrong_value_is_an_error(case: Case) -> None:
    assert case.work is not None
    with pytest.raises(work.WrongValue):
        case.work(Wrong(), 64)


@pytest.mark.parametrize(("rounds", "halves"), [(8, (4, 4)), (7, (4, 3)), (1, (1, 0))])
def test_ours_is_measured_half_before_and_half_after_its_peers(rounds: int, halves: tuple[int, int]) -> None:
    assert (share(rounds, 0), share(rounds, 1)) == halves
    assert share(rounds, None) == rounds


def test_an_error_is_told_in_one_line() -> None:
    assert told(ValueError("first\nsecond")) == "ValueError: first"
    assert told(KeyError()) == "KeyError"


@pytest.fixture
def chain() -> Case:
    return next(case for case in CASES if case.id == "chain-1k")


def peer_of(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], case: Case) -> Sitting:
    monkeypatch.setitem(PEERS, "dask", make)
    sitting = Sitting([case], True, lambda text: None)
    sitting._peer("dask")
    return sitting


def test_a_peer_that_breaks_is_a_blank_with_its_reason(monkeypatch: pytest.MonkeyPatch, chain: Case) -> None:
    class Broken(Numpy):
        def values(self, handles: list[Any]) -> list[Any]:
            raise OSError("lost its workers")

    row = peer_of(monkeypatch, Broken, chain).rows["chain-1k"]
    assert row.median_s("dask") is None
    assert row.blank == {"dask": "OSError: lost its workers"}


def test_a_peer_with_a_wrong_value_stops_the_run(monkeypatch: pytest.MonkeyPatch, chain: Case) -> None:
    with pytest.raises(work.WrongValue, match="dask gave a wrong value in chain-1k"):
        peer_of(monkeypatch, Wrong, chain)


def test_a_peer_is_measured_in_all_its_rounds(monkeypatch: pytest.MonkeyPatch, chain: Case) -> None:
    row = peer_of(monkeypatch, Numpy, chain).rows["chain-1k"]
    assert len(row.seconds["dask"]) == chain.rounds[True]["dask"]
