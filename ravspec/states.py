"""States and legal moves of graph, op, subgraph, assignment and contributor.

Two rules: everything that affects a move stands in this file, and the file does not know who moves.
A move is a row (state, move, state after); a pair of state and move that has no row is not legal. The
server's check, the SQL guard (`WHERE state IN (...)`, from `sources`) and the diagram in docs/states.md
are read from here.

- A graph is OPEN while its developer adds ops; END closes it. It FINISHES as computed, or as failed
  if any of its ops failed. CANCEL ends it before.
- An op is PENDING until a result with it is committed, or its kernel raises. A computed value may be
  forgotten or lost; if it is needed again the op goes back to PENDING by REDO, the only way back.
- A subgraph and its assignment live from the moment they are sent. COMMIT happens at most once, under
  a live assignment; VOID (deadline, lost life, refusal, restart) gives its ops back.
- A contributor row is one life: it is PRESENT until it says goodbye or falls silent, never again after.
"""

from __future__ import annotations

import enum
from typing import TypeVar


class GraphState(enum.StrEnum):
    OPEN = "open"
    ENDED = "ended"
    COMPUTED = "computed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OpState(enum.StrEnum):
    PENDING = "pending"
    COMPUTED = "computed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SubgraphState(enum.StrEnum):
    COMPUTING = "computing"
    COMPUTED = "computed"
    RETURNED = "returned"


class AssignmentState(enum.StrEnum):
    LIVE = "live"
    COMMITTED = "committed"
    VOID = "void"


class ContributorState(enum.StrEnum):
    PRESENT = "present"
    LEFT = "left"
    LOST = "lost"


class Move(enum.StrEnum):
    """What may happen to them."""

    END = "end"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"
    COMMIT = "commit"
    REDO = "redo"
    VOID = "void"
    LEAVE = "leave"
    LOSE = "lose"


# fmt: off
MOVES: tuple[tuple[enum.StrEnum, Move, enum.StrEnum], ...] = (
    (GraphState.OPEN,           Move.END,    GraphState.ENDED),
    (GraphState.ENDED,          Move.END,    GraphState.ENDED),
    (GraphState.ENDED,          Move.FINISH, GraphState.COMPUTED),
    (GraphState.ENDED,          Move.FAIL,   GraphState.FAILED),
    (GraphState.OPEN,           Move.CANCEL, GraphState.CANCELLED),
    (GraphState.ENDED,          Move.CANCEL, GraphState.CANCELLED),

    (OpState.PENDING,           Move.COMMIT, OpState.COMPUTED),
    (OpState.PENDING,           Move.FAIL,   OpState.FAILED),
    (OpState.PENDING,           Move.CANCEL, OpState.CANCELLED),
    (OpState.COMPUTED,          Move.REDO,   OpState.PENDING),

    (SubgraphState.COMPUTING,   Move.COMMIT, SubgraphState.COMPUTED),
    (SubgraphState.COMPUTING,   Move.VOID,   SubgraphState.RETURNED),

    (AssignmentState.LIVE,      Move.COMMIT, AssignmentState.COMMITTED),
    (AssignmentState.LIVE,      Move.VOID,   AssignmentState.VOID),

    (ContributorState.PRESENT,  Move.LEAVE,  ContributorState.LEFT),
    (ContributorState.PRESENT,  Move.LOSE,   ContributorState.LOST),
)
# fmt: on

State = TypeVar("State", bound=enum.StrEnum)

#: words of different kinds are equal as text ("computed"), so the kind is part of the key
_TO = {(type(state), state, move): to for state, move, to in MOVES}


def target(state: State, move: Move) -> State | None:
    """Where the move leads from that state; None where it is not legal."""
    return _TO.get((type(state), state, move))  # type: ignore[return-value]


def sources(kind: type[State], move: Move) -> list[State]:
    """The states of that kind from which the move is legal: the SQL guard."""
    return [state for state in kind if (kind, state, move) in _TO]


def outcome(kind: type[State], move: Move) -> State:
    """The one state of that kind in which the move ends."""
    ends = {_TO[kind, state, move] for state in sources(kind, move)}
    assert len(ends) == 1, f"{move} of {kind.__name__} ends in {ends}"
    return ends.pop()  # type: ignore[return-value]
