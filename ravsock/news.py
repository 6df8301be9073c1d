"""News for contributors that show them: who is online, and how the graphs that they helped with get on.

A life asks once (Watch). It is told of the graphs that it was given work of, and of no other: a graph's name
is all of it that contributors learn. At most once in NEWS_S, and only when something changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from ravspec import messages

#: seconds between two messages, at least
NEWS_S = 1.0
#: a life is told of so many graphs, those of its latest work
GRAPHS = 5


@dataclass(slots=True)
class Watcher:
    """A life that watches: its graphs as they were last seen, the latest last; and what it was told last."""

    graphs: dict[int, messages.GraphNews | None] = field(default_factory=dict)
    told: messages.News | None = None


class News:
    """Who is told what. `see`: a graph now, or None once it has ended; `tell`: sends to a life."""

    def __init__(
        self,
        see: Callable[[int], messages.GraphNews | None],
        tell: Callable[[str, messages.News], None],
    ) -> None:
        self._see, self._tell = see, tell
        self._watchers: dict[str, Watcher] = {}
        self._lives = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, life: str) -> None:
        """The life wants to be told, from now on."""
        self._watchers.setdefault(life, Watcher()).told = None
        self.touch()

    def forget(self, life: str) -> None:
        """The life is over."""
        self._watchers.pop(life, None)

    def company(self, lives: int) -> None:
        """So many lives are online now."""
        self._lives = lives
        self.touch()

    def assigned(self, life: str, graph: int) -> None:
        """The life was given work of the graph."""
        watcher = self._watchers.get(life)
        if watcher is not None:
            watcher.graphs[graph] = watcher.graphs.pop(graph, None)
            while len(watcher.graphs) > GRAPHS:
                del watcher.graphs[next(iter(watcher.graphs))]
            self.touch()

    def ending(self, graph: int) -> None:
        """The graph is about to be let go of: this is how it ended."""
        for watcher in self._watchers.values():
            if graph in watcher.graphs:
                watcher.graphs[graph] = self._see(graph)
                self.touch()

    def touch(self) -> None:
        """Something changed: those who watch are told, soon."""
        if self._timer is None and self._watchers:
            self._timer = asyncio.get_running_loop().call_later(NEWS_S, self._send)

    def _send(self) -> None:
        self._timer = None
        for life, watcher in self._watchers.items():
            for graph in watcher.graphs:
                watcher.graphs[graph] = self._see(graph) or watcher.graphs[graph]
            seen = [graph for graph in reversed(watcher.graphs.values()) if graph is not None]
            news = messages.News(self._lives, seen)
            if news != watcher.told:
                watcher.told = news
                self._tell(life, news)
