"""Copies: what is overdue is dealt a second time, to another life; the first valid result wins.

Only if nothing is ready and somebody has nothing to do, and only if the copy will be done in half the time
that the original still seems to need: the longer of half the time it has taken and the time it is late.
Copying what is merely long, or because the end is near, costs more than it saves. An assignment has one copy
at a time, a *twin*: each may be the one that counts, and who comes second is void.

The life of a copy keeps nothing of it, and needs nothing that is not at the server, so a copy that comes
to nothing takes nothing with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush, nsmallest
from typing import TYPE_CHECKING

from .grow import seal, work_budget
from .leases import own_seconds
from .state import Assignment, Graph, Life, Settings

if TYPE_CHECKING:
    from .ledger import Ledger

#: overdue after so many times the predicted seconds, and a piece's length more: a short piece that waits
#: for a process to start is no straggler
_LATE = 1.5
#: a copy is done in this part of the time that the original seems to need
_GAIN = 0.5
#: idle lives that are tried: the best may lack the memory
_TRIED = 8


class Overdue:
    """Which assignments may be worth a copy, and when each is looked at next."""

    def __init__(self, settings: Settings, assignments: Mapping[int, Assignment]) -> None:
        self._settings = settings
        self._assignments = assignments
        self._heap: list[tuple[float, int]] = []

    def watch(self, it: Assignment) -> None:
        self.look_at(it, it.since + _LATE * it.predicted_s + self._settings.target_s)

    def look_at(self, it: Assignment, time: float) -> None:
        heappush(self._heap, (time, it.number))

    def next(self) -> float | None:
        """When one is to be looked at next."""
        heap, assignments = self._heap, self._assignments
        while heap and (heap[0][1] not in assignments or assignments[heap[0][1]].twin):
            heappop(heap)
        return heap[0][0] if heap else None

    def take_due(self, now: float) -> Iterator[Assignment]:
        """Take out those that are to be looked at now."""
        while (time := self.next()) is not None and time <= now:
            yield self._assignments[heappop(self._heap)[1]]


def deal_copies(ledger: Ledger) -> None:
    """Deal what is overdue a second time, as far as somebody idle would be quick enough."""
    time, now = ledger.overdue.next(), ledger.now
    if time is None or ledger.active or not ledger.roomy or len(ledger.lives) < 2:
        return
    if time <= now:
        idle = [life for name in sorted(ledger.roomy) if not (life := ledger.lives[name]).queue]
        if not idle:
            return  # when somebody is, an event says so
        for original in ledger.overdue.take_due(now):
            _deal_copy(ledger, original, idle)
    time = ledger.overdue.next()
    if time is not None:
        ledger.try_again(time - now)


def _deal_copy(ledger: Ledger, original: Assignment, idle: list[Life]) -> None:
    """To that idle life that would be done first; or have it looked at again, when it may be worth it."""
    graph, now = ledger.graphs[original.graph], ledger.now
    size_bytes = graph.size_bytes
    down_bytes = sum([size_bytes[op] for op in (*original.inputs, *original.held)])
    up_bytes = sum([size_bytes[op] for op in original.exports])
    look_again = now + ledger.settings.target_s

    def done_s(life: Life) -> float:
        return own_seconds(life, original.cost_s, down_bytes, up_bytes)

    for life in nsmallest(_TRIED, idle, key=done_s):
        begins = _worth_from(original, done_s(life))
        if begins > now:
            look_again = min(look_again, begins)
            break
        if not life.queue and (copy := copy_for(graph, life, original, ledger.settings)):
            copy.twin = original.number
            ledger.assign(graph, life, copy)
            return
    ledger.overdue.look_at(original, look_again)


def copy_for(graph: Graph, life: Life, original: Assignment, settings: Settings) -> Assignment | None:
    """The same ops for another life; None if it lacks the memory, or the server an operand."""
    copy = seal(graph, life, original.ops, original.live_bytes, owns_recipes=False)
    copy.keep = []
    brought = set(original.held)
    copy.live_bytes += sum([graph.size_bytes[op] for op in (*copy.inputs, *copy.remade) if op in brought])
    is_there = all(graph.at_server[op] or graph.recipe[op] for op in (*copy.inputs, *copy.held))
    return copy if is_there and copy.live_bytes <= work_budget(life, settings) else None


def _worth_from(original: Assignment, copy_s: float) -> float:
    """From when on a copy that takes so long is worth it."""
    needs_s = copy_s / _GAIN
    return original.since + min(2 * needs_s, original.predicted_s + needs_s)
