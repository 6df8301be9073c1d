"""A scheduler with one graph at a desk: a test tells it one event after the other."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from ravsock.scheduler import Scheduler, Settings
from ravsock.scheduler.events import AddOps, Instruction, Join, OpenGraph

T = TypeVar("T")


class Desk:
    """A scheduler with one graph, checked after every event."""

    def __init__(
        self,
        ins: list[tuple[int, ...]],
        cost_s: float = 0.01,
        size_bytes: int = 8,
        settings: Settings | None = None,
    ) -> None:
        self.scheduler = Scheduler(settings)
        self.now = 0.0
        self.tell(OpenGraph(1, "ada"))
        self.add(ins, cost_s, size_bytes)

    def tell(self, event: object, at: float | None = None) -> list[Instruction]:
        self.now = self.now if at is None else at
        instructions = self.scheduler.handle(event, self.now)  # type: ignore[arg-type]
        self.scheduler.check()
        return instructions

    def add(self, ins: list[tuple[int, ...]], cost_s: float = 0.01, size_bytes: int = 8) -> list[Instruction]:
        return self.tell(
            AddOps(
                1,
                np.array([len(operands) for operands in ins], np.uint16),
                np.array([operand for operands in ins for operand in operands], np.int32),
                np.full(len(ins), cost_s),
                np.full(len(ins), size_bytes, np.int64),
                np.zeros(len(ins), np.bool_),
            )
        )

    def join(self, life: str = "a", memory_bytes: int = 10**9) -> list[Instruction]:
        return self.tell(Join(life, life, 1.0, memory_bytes, 1e9, 1e9, 0.001))


def only(kind: type[T], instructions: list[Instruction]) -> T:
    (it,) = (it for it in instructions if isinstance(it, kind))
    return it
