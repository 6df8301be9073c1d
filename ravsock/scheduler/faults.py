"""Whose fault is it? What failed at one contributor and was computed by others is the contributor's.

A piece that came to nothing leaves a *doubt* at its life. If others compute all its ops, that is a fault; if
one of the ops fails in the end, or the life computes one itself, the doubt is forgotten. With each fault a
contributor's pieces are half as large; with too many it gets nothing for a long while, and is told why. A
result of its own takes one fault back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .events import Barred
from .state import Doubt, Graph, Life

if TYPE_CHECKING:
    from .ledger import Ledger

#: of so many failures of a life it is remembered what became of their ops
_DOUBTS = 32


def doubt(graph: Graph, life: Life, number: int, ops: Iterable[int], reason: str) -> None:
    """An assignment failed at this life; its ops have been counted as tried."""
    tried = [graph.tries[op] for op in ops if op in graph.tries]
    life.doubts[number] = it = Doubt(life.life, number, len(tried), reason)
    for tries in tried:
        tries.doubts.append(it)
    if len(life.doubts) > _DOUBTS:
        del life.doubts[next(iter(life.doubts))]


def clear_up(ledger: Ledger, graph: Graph, by: Life, computed: Iterable[int]) -> None:
    """These ops are computed now, by that life: was it somebody's fault that they had failed?"""
    for op in computed:
        tries = graph.tries.pop(op, None)
        for it in tries.doubts if tries else ():
            it.left -= 1
            life = ledger.lives.get(it.life)
            if life is None or (it.left and life is not by):
                continue
            if life.doubts.pop(it.number, None) and life is not by:
                life.faults += 1
                if life.faults >= ledger.settings.max_faults and not life.barred:
                    _bar(ledger, life, it.reason)


def _bar(ledger: Ledger, life: Life, reason: str) -> None:
    """No more work, until it is tried once more much later."""
    settings = ledger.settings
    life.barred = (
        f"{life.faults} assignments that failed here were computed by others without trouble; the last one "
        f"failed by: {reason}. There is no work for this contributor for {settings.bar_s / 60:g} minutes; "
        "mend the cause and start it anew"
    )
    life.faults = settings.max_faults - 1  # with one more it is barred again
    ledger.rest(life, settings.bar_s)
    ledger.out.append(Barred(life.life, life.barred))
