"""The table of moves."""

from __future__ import annotations

import enum

import pytest

from ravspec.states import (
    MOVES,
    AssignmentState,
    ContributorState,
    GraphState,
    Move,
    OpState,
    SubgraphState,
    outcome,
    sources,
    target,
)

KINDS = (GraphState, OpState, SubgraphState, AssignmentState, ContributorState)


def test_every_state_is_reached_or_is_the_first() -> None:
    for kind in KINDS:
        first = next(iter(kind))
        reached = {to for state, _, to in MOVES if isinstance(state, kind)}
        assert reached | {first} == set(kind)


def test_every_move_stays_within_its_kind_and_is_used() -> None:
    for state, _, to in MOVES:
        assert type(state) is type(to)
    assert {move for _, move, _ in MOVES} == set(Move)


def test_guard_check_and_outcome_agree() -> None:
    for kind in KINDS:
        for move in Move:
            legal = sources(kind, move)
            assert legal == [state for state in kind if target(state, move) is not None]
            if legal:
                assert {target(state, move) for state in legal} == {outcome(kind, move)}


@pytest.mark.parametrize(
    "final",
    [
        GraphState.COMPUTED, GraphState.FAILED, GraphState.CANCELLED, OpState.FAILED, OpState.CANCELLED,
        AssignmentState.COMMITTED, AssignmentState.VOID, ContributorState.LEFT, ContributorState.LOST,
    ],
)  # fmt: skip
def test_final_states_are_never_left(final: enum.StrEnum) -> None:
    assert not any(target(final, move) for move in Move)


def test_a_committed_assignment_cannot_be_committed_again() -> None:
    assert target(AssignmentState.LIVE, Move.COMMIT) is AssignmentState.COMMITTED
    assert target(AssignmentState.COMMITTED, Move.COMMIT) is None
    assert target(AssignmentState.VOID, Move.COMMIT) is None


def test_equal_words_of_different_kinds_are_not_mistaken() -> None:
    assert OpState.COMPUTED == GraphState.COMPUTED  # as text
    assert target(OpState.COMPUTED, Move.REDO) is OpState.PENDING
    assert target(GraphState.COMPUTED, Move.REDO) is None
