"""Leaves: ready ops that no other op uses. Nothing follows from taking one, so many are taken at once.

Most of a wide graph is leaves. They are weighed in columns, against the limits of `Growth`; the op at
which one of them stops the piece is left to `Growth`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import ready
from .rules import has_share
from .state import ASSIGNED, FEW, view

if TYPE_CHECKING:
    from .grow import Growth

Column = NDArray[Any]


def take_leaves(growth: Growth) -> bool:
    """Take leaves from the top of the ready list, if there are many. True if some were taken."""
    graph = growth.graph
    if len(graph.ahead) < FEW or graph.tries or (growth.last >= 0 and graph.outs[growth.last]):
        return False
    ops = ready.leaves(graph, min(growth.leaf_count, growth.cap - len(growth.outside)))
    if len(ops) < FEW:
        return False
    columns = Columns(growth, ops)
    count = columns.fitting(growth)
    if count:
        columns.take(growth, ops, count)
        ready.drop(graph, count)
    growth.leaf_count = 2 * growth.leaf_count if count == len(ops) else 0
    return count > 0


class Columns:
    """What the piece would be with each of the leaves, one after the other: running sums."""

    def __init__(self, growth: Growth, ops: list[int]) -> None:
        graph, life = growth.graph, growth.life
        self.op = np.array(ops, np.int64)
        self.rows = [graph.ins[op] for op in ops]
        self.cost_s = view(graph.cost_s)[self.op]
        size = view(graph.size_bytes)[self.op]
        exec_s, down_bytes, live_bytes = self._brought(growth, self.cost_s, size)
        self.exec_s = growth.exec_s + np.cumsum(exec_s) / life.speed
        self.down_s = growth.down_s + np.cumsum(down_bytes) / life.down_bps
        self.up_s = growth.up_s + np.cumsum(size) / life.up_bps
        self.live_bytes = growth.live_bytes + np.cumsum(live_bytes)
        self.seed_s = growth.seed_s + np.cumsum(self.cost_s)

    def _brought(self, growth: Growth, cost_s: Column, size: Column) -> tuple[Column, Column, Column]:
        """Seconds, bytes down and bytes in memory, with the operands that each is the first to need."""
        graph, held = growth.graph, growth.life.held
        self.new = set(chain.from_iterable(self.rows)) - growth.here
        new = {it for it in self.new if (graph.number, it) not in held}
        down_bytes = np.zeros(len(size), np.int64)
        if not new:
            return cost_s, down_bytes, size
        cost_s, live_bytes = cost_s.copy(), size.copy()
        for i, row in enumerate(self.rows):
            if not new:
                break
            for operand in row:
                if operand in new:
                    new.remove(operand)
                    live_bytes[i] += graph.size_bytes[operand]
                    if graph.recipe[operand]:
                        cost_s[i] += graph.cost_s[operand]
                    else:
                        down_bytes[i] += graph.size_bytes[operand]
        return cost_s, down_bytes, live_bytes

    def fitting(self, growth: Growth) -> int:
        """How many of them the piece takes before a limit stops it."""
        stops = self.live_bytes > growth.budget
        stops |= self.exec_s + self.down_s + self.up_s > growth.target_s
        stops[1:] |= self._is_enough(growth)
        return int(stops.argmax()) if stops.any() else len(stops)

    def _is_enough(self, growth: Growth) -> Column:
        """*share* before each leaf but the first."""
        seeds = growth.seeds + np.arange(1, len(self.exec_s))
        first_up_s = growth.first_up_s if growth.seeds else self.up_s[0]
        up_s = self.up_s[:-1]
        saved_up_s = np.where(seeds == 1, up_s, seeds * first_up_s - up_s)
        busy_s = self.exec_s[:-1] + self.down_s[:-1]
        worthwhile_s = growth.round_trip_s + saved_up_s
        enough: Column = has_share(self.seed_s[:-1], growth.share_s, busy_s, worthwhile_s)
        return enough

    def take(self, growth: Growth, ops: list[int], count: int) -> None:
        """Take the first `count`."""
        last = count - 1
        taken = ops[:count]
        if growth.seeds == 0:
            growth.first_up_s = float(self.up_s[0])
        growth.exec_s, growth.down_s = float(self.exec_s[last]), float(self.down_s[last])
        growth.up_s, growth.live_bytes = float(self.up_s[last]), int(self.live_bytes[last])
        growth.seed_s = float(self.seed_s[last])
        growth.peak_bytes = max(growth.peak_bytes, growth.live_bytes)
        growth.seeds += count
        growth.last = taken[last]
        busy_s = self.exec_s[:count] + self.down_s[:count] + self.up_s[:count] + growth.round_trip_s
        growth.efficiency += (self.exec_s[:count] / busy_s).tolist()
        growth.outside.update(dict.fromkeys(taken, 0))
        growth.here |= (
            self.new if count == len(ops) else self.new.intersection(chain.from_iterable(self.rows[:count]))
        )
        view(growth.graph.state)[self.op[:count]] = ASSIGNED
