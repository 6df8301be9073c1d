"""What each life keeps of the values it made or was sent, so that they are not sent again.

It is a belief: an entry is made when an assignment says `keep`, and is right once that assignment has
run. When an assignment comes to nothing, so do its entries, and the life is told to drop them with the
next assignment, as it may have made some of them. Values that no needed op uses any more are dropped at
once; over the budget, those used least recently go, but never one that an assignment in the queue uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .state import Assignment, Graph, Life, Settings


class Cache:
    """The caches of all lives; `Graph.holders` is the same by op."""

    def __init__(self, settings: Settings, graphs: Mapping[int, Graph], lives: Mapping[str, Life]) -> None:
        self._settings = settings
        self._graphs = graphs
        self._lives = lives

    def keep(self, life: Life, assignment: Assignment) -> None:
        """Enter what a new assignment keeps, as far as there is room; the rest is taken off its list."""
        number, held = assignment.graph, life.held
        graph = self._graphs[number]
        for op in assignment.held:
            held[number, op] = held.pop((number, op))  # used last
        budget = self.budget(life)
        kept = []
        pinned: set[tuple[int, int]] | None = None
        for op in assignment.keep:
            if (number, op) in held:  # an op that is computed again
                kept.append(op)
                continue
            size = graph.size_bytes[op]
            if life.held_bytes + size > budget:
                if pinned is None:
                    pinned = _pinned(life)
                self._evict(life, life.held_bytes + size - budget, pinned)
                if life.held_bytes + size > budget:
                    continue
            held[number, op] = size
            life.held_bytes += size
            graph.holders.setdefault(op, set()).add(life.life)
            kept.append(op)
        assignment.keep = kept

    def enter(self, life: Life, graph: Graph, op: int) -> None:
        """The life has this value already, from before the server was started anew."""
        if (graph.number, op) not in life.held:
            life.held[graph.number, op] = graph.size_bytes[op]
            life.held_bytes += graph.size_bytes[op]
            graph.holders.setdefault(op, set()).add(life.life)

    def budget(self, life: Life) -> int:
        return int((1 - self._settings.work_share) * life.memory_bytes)

    def forget(self, life: Life, graph: Graph, ops: Iterable[int]) -> None:
        """These values are not, or need not be, at this life."""
        for op in ops:
            size = life.held.pop((graph.number, op), None)
            if size is not None:
                life.held_bytes -= size
                life.drops.append((graph.number, op))
                holders = graph.holders[op]
                holders.discard(life.life)
                if not holders:
                    del graph.holders[op]

    def release(self, graph: Graph, ops: Iterable[int]) -> None:
        """Nobody needs these values any more."""
        for op in ops:
            for life in sorted(graph.holders.get(op, ())):
                self.forget(self._lives[life], graph, (op,))

    def clear(self, life: Life) -> None:
        """All that this life held is lost."""
        for number, op in list(life.held):
            self.forget(life, self._graphs[number], (op,))
        life.drops.clear()

    def take_drops(self, life: Life) -> list[tuple[int, int]]:
        """What to tell the life to drop: all that is not kept anew in the meantime."""
        drops = [key for key in life.drops if key not in life.held]
        life.drops.clear()
        return drops

    def _evict(self, life: Life, excess: int, pinned: set[tuple[int, int]]) -> None:
        victims = []
        for key, size in life.held.items():
            if excess <= 0:
                break
            if key not in pinned:
                victims.append(key)
                excess -= size
        for number, op in victims:
            self.forget(life, self._graphs[number], (op,))


def _pinned(life: Life) -> set[tuple[int, int]]:
    return {
        (assignment.graph, op)
        for assignment in life.queue
        for op in (*assignment.held, *assignment.keep)
    }  # fmt: skip
