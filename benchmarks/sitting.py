"""Who is measured when: ours, then each peer while it alone runs, then ours again.

Peers are stopped before others are measured, because even idle they use CPU, and Dask's and Ray's threads
in the developer's process slow down whoever else works there. Ours stays up: idle it uses none, which the
case `idle` shows. Ours comes before and after, so that its median has seen the machine at both ends; a
quick run leaves out the second.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Sequence
from typing import Any

from cases import Case
from ours import Ours
from peers import CheckedDask, Dask, Missing, Numpy, Ray
from rawsocket import RawSocket
from work import WrongValue

PEERS: dict[str, Callable[[], Any]] = {
    "numpy": Numpy, "socket": RawSocket, "dask": Dask, "checked dask": CheckedDask, "ray": Ray,
}  # fmt: skip

#: before a case is measured, a side does this fraction of it once
WARM_UP = 16


class Sitting:
    """One run of the benchmark: fills in the rows of its cases."""

    def __init__(self, cases: Sequence[Case], quick: bool, say: Callable[[str], None]) -> None:
        self._cases = cases
        self._quick = quick
        self._say = say
        self.rows = {case.id: case.row(quick) for case in cases}

    def run(self) -> None:
        """Measure everything. What goes wrong on our side is raised, on a peer's a blank in its rows."""
        with contextlib.ExitStack() as stack:
            self._say("starting ours")
            ours = {"ours": stack.enter_context(Ours())}
            if self._takes_part("single"):
                ours["single"] = stack.enter_context(Ours(contributors=1))
            self._measure(ours, part=None if self._quick else 0)
            for case in self._cases:
                if case.alone:
                    self._say(f"{case.id}: ours")
                    case.alone(self.rows[case.id], case.sizes[self._quick], ours["ours"])
            for name in PEERS:
                if self._takes_part(name):
                    self._peer(name)
            if not self._quick:
                gc.collect()
                self._measure(ours, part=1)
        for case in self._cases:
            case.show(self.rows[case.id], case.sizes[self._quick][-1])

    def _takes_part(self, name: str) -> bool:
        return any(name in case.rounds[self._quick] for case in self._cases)

    def _peer(self, name: str) -> None:
        self._say(f"starting {name}")
        try:
            with PEERS[name]() as side:
                self._measure({name: side}, part=None)
        except WrongValue:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a peer's library raises is not our failure
            for case in self._cases:
                row = self.rows[case.id]
                if name in case.rounds[self._quick] and name not in row.seconds:
                    row.blank[name] = told(error)

    def _measure(self, sides: dict[str, Any], part: int | None) -> None:
        """The rounds of these sides, in turn: all of them, or the first or second half."""
        for case in self._cases:
            if case.work is None:
                continue
            row, size, rounds = self.rows[case.id], case.sizes[self._quick][-1], case.rounds[self._quick]
            plan = {name: share(rounds[name], part) for name in sides if rounds.get(name)}
            if not any(plan.values()):
                continue
            self._say(f"{case.id}: {', '.join(plan)}")
            for name in plan:
                checked(name, case, sides[name], max(1, size // WARM_UP))
            for i in range(max(plan.values())):
                for name in (name for name in plan if i < plan[name]):
                    row.add(name, checked(name, case, sides[name], size))


def share(rounds: int, part: int | None) -> int:
    """The number of rounds in a part: None all, 0 the first half, 1 the rest."""
    first = -(-rounds // 2)
    return rounds if part is None else (first, rounds - first)[part]


def checked(name: str, case: Case, side: Any, size: int) -> list[float]:
    """One round; a wrong value tells whose it is."""
    assert case.work is not None
    try:
        return case.work(side, size)
    except WrongValue as wrong:
        raise WrongValue(f"{name} gave a wrong value in {case.id}: {wrong}") from wrong


def told(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, Missing):
        return str(error)
    first = str(error).strip().splitlines()[:1]
    return f"{type(error).__name__}: {first[0][:100]}" if first else type(error).__name__
