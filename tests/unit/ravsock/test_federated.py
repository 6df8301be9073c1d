"""What becomes of a contribution, and when a total is released: the decisions as a table."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravsock.federated import End, Outcome, Question, end_of, outcome
from ravspec.federated import Column, Spec, Statistic
from ravspec.slots import layout_of, pack, unpack
from ravspec.states import GraphState


def make_spec(**more: Any) -> Spec:
    base: dict[str, Any] = {
        "version": 1, "graph": 1, "name": "", "developer": "", "nonce": "ab" * 16, "modulus": "",
        "encryption": False, "min_clients": 3, "max_clients": 5, "columns": {"x": Column()},
        "statistics": (Statistic("variance", ("x",)),),
    }  # fmt: skip
    return Spec(**{**base, **more})


@pytest.mark.parametrize(
    ("state", "has_one", "known", "expected"),
    [
        (GraphState.ENDED, False, False, Outcome.COUNTED),
        (GraphState.ENDED, False, True, Outcome.REPLAYED),
        (GraphState.ENDED, True, True, Outcome.REPEATED),
        (GraphState.ENDED, True, False, Outcome.REPEATED),
        (GraphState.OPEN, False, False, Outcome.CLOSED),
        (GraphState.COMPUTED, False, False, Outcome.CLOSED),
        (GraphState.COMPUTED, True, False, Outcome.REPEATED),
        (GraphState.FAILED, False, False, Outcome.CLOSED),
        (GraphState.CANCELLED, False, False, Outcome.CLOSED),
    ],
)
def test_what_becomes_of_a_contribution(
    state: GraphState, has_one: bool, known: bool, expected: Outcome
) -> None:
    assert outcome(state, has_one, known) is expected


@pytest.mark.parametrize(
    ("deadline", "contributors", "now", "expected"),
    [
        (None, 4, 1e12, None),
        (None, 5, 0.0, End.RELEASE),
        (100, 4, 99.9, None),
        (100, 4, 100.0, End.RELEASE),
        (100, 3, 100.0, End.RELEASE),
        (100, 2, 99.9, None),
        (100, 2, 100.0, End.TOO_FEW),
        (100, 5, 0.0, End.RELEASE),
    ],
)
def test_when_a_gathering_ends(
    deadline: int | None, contributors: int, now: float, expected: End | None
) -> None:
    assert end_of(make_spec(deadline=deadline), contributors, now) is expected


@given(st.randoms(use_true_random=False))
def test_folding_is_adding_in_any_order(rng: random.Random) -> None:
    question = Question.of(make_spec())
    layout = layout_of(question.spec)
    each = [{s.sum: rng.randint(-s.most, s.most) for s in layout.slots} for _ in range(4)]
    total = question.nothing()
    for sums in rng.sample(each, 4):
        total = question.fold(total, question.wire.to_bytes(pack(layout, sums)))
    expected = {s.sum: sum(sums[s.sum] for sums in each) for s in layout.slots}
    assert unpack(layout, question.wire.from_bytes(total), 4) == expected
