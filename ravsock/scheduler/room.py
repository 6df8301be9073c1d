"""Lives that may be given something, the best first: idle before busy, faster first.

A heap whose entries count only while they say what is so, since ten thousand lives are not to be sorted for
each message of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from .state import Life

_Entry = tuple[int, float, str]


class Room:
    """The lives with room, by name."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._heap: list[_Entry] = []

    def put(self, life: Life) -> None:
        """This life has room, and so much in its queue."""
        entry = (len(life.queue), -life.speed, life.life)
        if self._entries.get(life.life) != entry:
            self._entries[life.life] = entry
            heappush(self._heap, entry)

    def discard(self, name: str) -> None:
        """This life has none."""
        self._entries.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def best_first(self) -> Iterator[str]:
        """Each once, also those that get room, or have less of it, meanwhile."""
        seen: list[_Entry] = []
        try:
            while self._heap:
                entry = heappop(self._heap)
                if self._entries.get(entry[2]) == entry:
                    seen.append(entry)
                    yield entry[2]
        finally:
            for entry in seen:
                if self._entries.get(entry[2]) == entry:
                    heappush(self._heap, entry)
