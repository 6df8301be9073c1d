"""All contributors together: their speed, their largest memory, and who of them would be better.

*gate*: any contributor with room would be given work, however slow or badly connected, and the graph would
wait for it. So a piece goes to a contributor only if it will be done there not much later than at a
better one after what else is ready: 58 s instead of more than 900 for a matrix product on 1,000 tabs.
A contributor that is late is expected to need as long again as it is late already.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest

from .state import Assignment, Graph, Life, Settings

#: later than at the better contributor by this factor is near enough: estimates are rough
_SLACK = 1.2
#: others looked at: the fastest, the best connected, and those who hold the largest operand
_FASTEST, _CONNECTED, _HOLDERS = 8, 4, 3
#: operands looked at when predicting a download
_OPERANDS = 8


class Company:
    """The contributors that may be given work, as they were at one moment."""

    def __init__(self, lives: Iterable[Life], settings: Settings, now: float) -> None:
        self.since = now
        present = [life for life in lives if not life.silent and life.rest_until <= now]
        self.count = len(present)
        self.total_speed = sum([life.speed for life in present])
        self.work_share = settings.work_share
        memory_bytes = max([life.memory_bytes for life in present], default=0)
        #: the budget of the largest when idle
        self.largest_bytes = int(settings.work_share * memory_bytes)
        fastest = nlargest(_FASTEST, present, key=lambda life: life.speed / (1 + 10 * life.latency_s))
        connected = nlargest(_CONNECTED, present, key=lambda life: life.down_bps * min(1, life.speed))
        self._best = list(dict.fromkeys(fastest + connected))

    def better(
        self, life: Life, graph: Graph, assignment: Assignment, lives: dict[str, Life], now: float
    ) -> Life | None:
        """The contributor that should rather have this piece, if there is one."""
        operands = nlargest(
            _OPERANDS, assignment.inputs + assignment.held, key=graph.size_bytes.__getitem__
        )  # fmt: skip
        others = self._best
        if operands and operands[0] in graph.holders:
            holders = sorted(graph.holders[operands[0]])[:_HOLDERS]
            others = others + [lives[holder] for holder in holders]
        up_bytes = sum([graph.size_bytes[op] for op in assignment.exports])
        best, best_s = None, float("inf")
        for other in others:
            if other is life or assignment.live_bytes > self.work_share * other.memory_bytes:
                continue
            other_s = _finish_s(other, graph, operands, assignment.cost_s, up_bytes, now)
            if other_s < best_s and not other.silent and other.rest_until <= now:
                best, best_s = other, other_s
        own_s = _finish_s(life, graph, operands, assignment.cost_s, up_bytes, now)
        if own_s <= _SLACK * (graph.ready_s / self.total_speed + best_s):
            return None
        return best


def wait_s(life: Life, now: float) -> float:
    """Seconds until what a life has already is done."""
    return abs(life.busy_until - now) if life.queue else 0.0


def _finish_s(
    life: Life, graph: Graph, operands: list[int], cost_s: float, up_bytes: int, now: float
) -> float:
    number, held, size_bytes = graph.number, life.held, graph.size_bytes
    down_bytes = 0
    for op in operands:
        if (number, op) not in held:
            down_bytes += size_bytes[op]
    return (
        wait_s(life, now)
        + life.latency_s
        + down_bytes / life.down_bps
        + cost_s / life.speed
        + up_bytes / life.up_bps
    )
