"""Leases of lives, deadlines of assignments, and the one heap of alarms behind `Scheduler.timer`.

A lease starts anew with every word from a life, so its alarm is moved lazily: an alarm that rings is
compared with what the life or assignment says now, and is pushed back or dropped if it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush, heapreplace

from .state import Assignment, Life, Settings

LEASE, REST, DEADLINE = range(3)


class Alarms:
    """When something has to happen although nobody says anything."""

    def __init__(self, settings: Settings, lives: Mapping[str, Life], assignments: Mapping[int, Assignment]):
        self._settings = settings
        self._lives = lives
        self._assignments = assignments
        #: when to look again for somebody to give ready work to, if it waits for a better contributor
        self.retry: float | None = None
        self._heap: list[tuple[float, int, str, int]] = []

    def lease(self, life: Life) -> None:
        heappush(self._heap, (life.heard + self._settings.lease_s, LEASE, life.life, 0))

    def rest(self, life: Life) -> None:
        heappush(self._heap, (life.rest_until, REST, life.life, 0))

    def deadline(self, assignment: Assignment) -> None:
        heappush(self._heap, (assignment.deadline, DEADLINE, assignment.life, assignment.number))

    def try_again(self, time: float) -> None:
        self.retry = time if self.retry is None else min(self.retry, time)

    def next(self) -> float | None:
        """When something is due next, whatever it is."""
        time = self._next()
        if self.retry is None or (time is not None and time < self.retry):
            return time
        return self.retry

    def _next(self) -> float | None:
        """The time of the next alarm in the heap that still means something."""
        heap = self._heap
        while heap:
            time, kind, life_id, number = heap[0]
            life = self._lives.get(life_id)
            if kind == DEADLINE:
                if number in self._assignments:
                    return time
                heappop(heap)
            elif life is None or (kind == REST and life.rest_until != time):
                heappop(heap)
            elif kind == LEASE and life.heard + self._settings.lease_s > time:
                heapreplace(heap, (life.heard + self._settings.lease_s, LEASE, life_id, 0))
            else:
                return time
        return None

    def ring(self, now: float) -> Iterator[tuple[int, str]]:
        """Take out the alarms that are due, one at a time: (kind, life)."""
        while (time := self._next()) is not None and time <= now:
            _, kind, life_id, _ = heappop(self._heap)
            yield kind, life_id

    def deadlines(self) -> set[int]:
        """The assignments that have an alarm, for the invariants."""
        return {number for _, kind, _, number in self._heap if kind == DEADLINE}


def own_seconds(life: Life, cost_s: float, down_bytes: int, up_bytes: int) -> float:
    """Predicted seconds of a piece at a life that has nothing else to do."""
    return (
        down_bytes / life.down_bps + cost_s / life.speed + up_bytes / life.up_bps + 2 * life.latency_s
    )  # fmt: skip


def learned_speed(life: Life, cost_s: float, exec_s: float, settings: Settings) -> float:
    """The speed estimate after one more measurement.

    In logarithms, with a small weight and a clipped ratio: one stall must not scatter a graph for good. A
    piece shorter than `speed_sample_s` says little, so it weighs little.
    """
    expected_s = cost_s / life.speed
    if expected_s <= 0.0 or exec_s <= 0.0:
        return life.speed
    ratio = min(2.0, max(0.5, expected_s / exec_s))
    weight = settings.speed_weight * min(1.0, max(expected_s, exec_s) / settings.speed_sample_s)
    return float(life.speed * ratio**weight)
