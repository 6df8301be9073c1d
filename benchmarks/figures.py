"""Figures of a case and the budget they are held against: arithmetic only."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

PEERS = ("dask", "ray", "numpy")


@dataclass(frozen=True, slots=True)
class Limit:
    """One condition of a budget: a figure of the row is at least, or at most, so much."""

    figure: str
    least: float | None = None
    most: float | None = None

    def holds(self, value: float) -> bool:
        """True if the value is within it."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a case has to reach, in words and as limits."""

    text: str
    limits: tuple[Limit, ...] = ()


@dataclass(slots=True)
class Row:
    """The figures of one case: seconds of every round by side, and what is not seconds."""

    case: str
    budget: Budget = field(default_factory=lambda: Budget(""))
    judged: bool = True  #: False where the size is not the one that the budget is for
    seconds: dict[str, list[float]] = field(default_factory=dict)
    value: float | None = None
    unit: str | None = None
    extra: dict[str, float] = field(default_factory=dict)  #: further figures that limits name
    blank: dict[str, str] = field(default_factory=dict)  #: side -> why it has no figure
    notes: list[str] = field(default_factory=list)

    def add(self, side: str, seconds: list[float]) -> None:
        """A side's seconds of one more round."""
        self.seconds.setdefault(side, []).extend(seconds)

    def median_s(self, side: str) -> float | None:
        """A side's median; None where it has no figure."""
        samples = self.seconds.get(side)
        return statistics.median(samples) if samples else None

    def best_s(self, side: str) -> float | None:
        """A side's best."""
        return min(self.seconds[side]) if self.seconds.get(side) else None

    def p95_s(self, side: str) -> float | None:
        """Nineteen of twenty of a side's rounds took at most so long."""
        samples = sorted(self.seconds.get(side, ()))
        return samples[max(0, -(-len(samples) * 19 // 20) - 1)] if samples else None

    def ratio(self, peer: str) -> float | None:
        """Peer's time by ours: above 1 where ours is faster."""
        ours, theirs = self.median_s("ours"), self.median_s(peer)
        return None if not ours or theirs is None else theirs / ours

    def figure(self, name: str) -> float | None:
        """A figure by the name that limits use: `value`, `ratio_dask`, or one of the extra ones."""
        if name == "value":
            return self.value
        if name.startswith("ratio_"):
            return self.ratio(name.removeprefix("ratio_"))
        return self.extra.get(name)

    @property
    def met(self) -> bool | None:
        """Does the budget hold? None where a figure that it needs is missing, or the size is another."""
        if not self.judged or not self.budget.limits:
            return None
        held = []
        for limit in self.budget.limits:
            value = self.figure(limit.figure)
            held.append(None if value is None else limit.holds(value))
        if False in held:
            return False
        return None if None in held else True

    @property
    def note(self) -> str:
        """Everything that the figures do not say."""
        blanks = [f"no figure of {side}: {why}" for side, why in self.blank.items()]
        return "; ".join([*self.notes, *blanks])
