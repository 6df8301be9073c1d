"""Decisions about federated graphs, pure: what becomes of a contribution, and when a total is released.

The server holds one running product of ciphertexts a graph and no key. A single contribution is folded in
when it comes and then forgotten; of it stays who sent it and its SHA-256. The total is given out once it is
complete, never before.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ravspec.ciphertexts import Wire
from ravspec.federated import Fingerprint, Spec, canonical, fingerprint
from ravspec.slots import layout_of
from ravspec.states import GraphState


class Outcome(enum.StrEnum):
    """What became of a contribution."""

    COUNTED = "counted"
    REPEATED = "repeated"  #: that contributor has one in the total already
    REPLAYED = "replayed"  #: another contributor has sent these very bytes
    CLOSED = "closed"  #: the graph takes none


class End(enum.StrEnum):
    """How the gathering ends, once it must."""

    RELEASE = "release"
    TOO_FEW = "too few"


@dataclass(frozen=True, slots=True)
class Question:
    """A spec, and what follows from it."""

    spec: Spec
    text: str
    fingerprint: Fingerprint
    wire: Wire

    @classmethod
    def of(cls, spec: Spec) -> Question:
        """The question that a spec puts."""
        return cls(spec, canonical(spec).decode(), fingerprint(spec), Wire(spec, layout_of(spec)))

    def fold(self, total: bytes, body: bytes) -> bytes:
        """The total with one contribution more."""
        return self.wire.to_bytes(self.wire.add(self.wire.from_bytes(total), self.wire.from_bytes(body)))

    def nothing(self) -> bytes:
        """The total before anybody came."""
        return self.wire.to_bytes(self.wire.none())


def outcome(state: GraphState, has_one: bool, known_bytes: bool) -> Outcome:
    """What becomes of a contribution to a graph in this state."""
    if has_one:
        return Outcome.REPEATED
    if state is not GraphState.ENDED:
        return Outcome.CLOSED
    return Outcome.REPLAYED if known_bytes else Outcome.COUNTED


def end_of(spec: Spec, contributors: int, now: float) -> End | None:
    """How it ends now; None while more may come."""
    if contributors >= spec.max_clients:
        return End.RELEASE
    if spec.deadline is None or now < spec.deadline:
        return None
    return End.RELEASE if contributors >= spec.min_clients else End.TOO_FEW
