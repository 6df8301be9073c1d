"""News for contributors that show them: who is online, and how the graphs here get on.

A life asks once (Watch). It is told of the graphs that it was given work of, by name, and of others that are
being worked on: how far they are, but no name, which is their developers' affair. At most once in NEWS_S,
and only when something changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from ravspec import messages

#: seconds between two messages, at least
NEWS_S = 1.0
#: a life is told of so many graphs, those of its latest work
GRAPHS = 5
#: and of so many others
OTHERS = 5
#: a graph is being worked on when work of it was given out so many seconds ago, at most, and it is not done
RECENT_S = 60.0


@dataclass(slots=True)
class Watcher:
    """A life that watches: its graphs as they were last seen, the latest last; and what it was told last."""

    tab: str = ""
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
        self._worked: dict[int, float] = {}  #: graph -> when work of it was given out, the latest last
        self._lives = 0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, life: str, tab: str = "") -> None:
        """The life wants to be told, from now on; lives of one tab count as one contributor."""
        watcher = self._watchers.setdefault(life, Watcher())
        watcher.tab, watcher.told = tab, None
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
        self._worked.pop(graph, None)
        self._worked[graph] = asyncio.get_running_loop().time()
        watcher = self._watchers.get(life)
        if watcher is not None:
            watcher.graphs[graph] = watcher.graphs.pop(graph, None)
            while len(watcher.graphs) > GRAPHS:
                del watcher.graphs[next(iter(watcher.graphs))]
        self.touch()

    def ending(self, graph: int) -> None:
        """The graph is about to be let go of: this is how it ended."""
        self._worked.pop(graph, None)
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
        working = self._working()
        tabs = [watcher.tab for watcher in self._watchers.values() if watcher.tab]
        contributors = self._lives - len(tabs) + len(set(tabs))
        for life, watcher in self._watchers.items():
            for graph in watcher.graphs:
                watcher.graphs[graph] = self._see(graph) or watcher.graphs[graph]
            own = [graph for graph in reversed(watcher.graphs.values()) if graph is not None]
            others = [graph for graph in working if graph.id not in watcher.graphs]
            news = messages.News(contributors, own, others[:OTHERS], len(working))
            if news != watcher.told:
                watcher.told = news
                self._tell(life, news)

    def _working(self) -> list[messages.GraphNews]:
        """The graphs that are being worked on, without their names, the latest first."""
        since = asyncio.get_running_loop().time() - RECENT_S
        self._worked = {graph: at for graph, at in self._worked.items() if at >= since}
        seen = [news for graph in reversed(self._worked) if (news := self._see(graph)) is not None]
        return [replace(news, name="") for news in seen if news.computed + news.failed < news.total]
