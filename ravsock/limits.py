"""What one developer, one graph and one address may have of the server. Pure: no clock, no SQL.

The settings are in ravsock.config; 0 switches a limit off. Each refusal says which setting it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ravsock.access import is_life
from ravsock.config import Config
from ravspec.errors import LimitError

#: a burst of requests may be so many times what is allowed in a second
BURST = 5
#: so many addresses are remembered; the one not seen for longest is forgotten, as if it had been silent
ADDRESSES = 10_000


class Limit(LimitError):
    """A limit is reached. To the peer it is a LimitError; `status` is HTTP's."""

    kind = "LimitError"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def too_many(what: str, setting: str, most: float, advice: str, status: int = 413) -> Limit:
    """The refusal."""
    return Limit(f"{what}: this server takes {most:,.10g} ({setting}); {advice}", status)


@dataclass(slots=True)
class Account:
    """What a developer has: graphs that have not ended, their ops, and bytes kept."""

    graphs: int = 0
    ops: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Accounts:
    """What everybody has. `enter` and `leave` say which graphs have not ended."""

    config: Config
    _all: dict[str, Account] = field(default_factory=dict)
    _graphs: dict[int, tuple[str, int]] = field(default_factory=dict)  #: graph -> developer, ops

    def of(self, owner: str) -> Account:
        """The account of a developer, or of a life for what it sends."""
        return self._all.setdefault(owner, Account())

    def set_bytes(self, sizes: Mapping[str, int]) -> None:
        """What developers have kept is this; of lives it is known what they sent and no result used."""
        for owner in {*self._all, *sizes}:
            if not is_life(owner):
                self.of(owner).bytes = sizes.get(owner, 0)

    def close(self, owner: str) -> None:
        """The owner is gone."""
        self._all.pop(owner, None)

    # --- what there is -------------------------------------------------------------------------------

    def enter(self, graph: int, developer: str, ops: int) -> None:
        """A graph that has not ended has so many ops now."""
        account = self.of(developer)
        _, before = self._graphs.get(graph, (developer, None))
        account.graphs += before is None
        account.ops += ops - (before or 0)
        self._graphs[graph] = developer, ops

    def leave(self, graph: int) -> None:
        """The graph has ended, or is no longer held."""
        developer, ops = self._graphs.pop(graph, ("", None))
        if ops is not None:
            account = self.of(developer)
            account.graphs -= 1
            account.ops -= ops

    # --- what may come -------------------------------------------------------------------------------

    def check_graph(self, developer: str) -> None:
        """May the developer open one more graph?"""
        most, have = self.config.developer_graphs, self.of(developer).graphs
        if most and have >= most:
            raise too_many(
                f"{have:,} graphs of yours have not ended", "RAVSOCK_DEVELOPER_GRAPHS", most,
                "end some, with `R.Graph(id=...).end()`", 429,
            )  # fmt: skip

    def check_ops(self, developer: str, in_graph: int, new: int) -> None:
        """May that many ops come to a graph that has so many?"""
        most = self.config.graph_ops
        if most and in_graph + new > most:
            raise too_many(
                f"the graph would have {in_graph + new:,} ops",
                "RAVSOCK_GRAPH_OPS",
                most,
                "make several graphs",
            )
        most, have = self.config.developer_ops, self.of(developer).ops
        if most and have + new > most:
            raise too_many(
                f"your graphs that have not ended would have {have + new:,} ops", "RAVSOCK_DEVELOPER_OPS",
                most, "end some of them first", 429,
            )  # fmt: skip

    def check_graph_bytes(self, in_graph: int, new: int) -> None:
        """May that many bytes come to a graph that has so many?"""
        most = self.config.graph_bytes
        if most and in_graph + new > most:
            raise too_many(
                f"the graph's values would have {in_graph + new:,} bytes", "RAVSOCK_GRAPH_BYTES", most,
                "make several graphs",
            )  # fmt: skip

    def check_bytes(self, developer: str, new: int) -> None:
        """May the developer have that many bytes more?"""
        most, have = self.config.developer_bytes, self.of(developer).bytes
        if most and have + new > most:
            raise too_many(
                f"your arrays and values would have {have + new:,} bytes", "RAVSOCK_DEVELOPER_BYTES", most,
                "the server's operator can make room",
            )  # fmt: skip

    def check_unused(self, life: str, new: int) -> None:
        """May a contributor send that many bytes, beside what it sent and no result has used?"""
        most, have = self.config.ftp_quota_bytes, self.of(life).bytes
        if most and have + new > most:
            raise too_many(
                f"this contributor would have sent {have + new:,} bytes that no result uses",
                "RAVFTP_QUOTA_BYTES", most, "send results that use them first",
            )  # fmt: skip


class Buckets:
    """Requests by address: each has a bucket that fills at the rate and holds BURST seconds of it."""

    def __init__(self, rate: float) -> None:
        self._rate, self._room = rate, rate * BURST
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()  #: address -> level, when

    def take(self, address: str, now: float) -> bool:
        """One request from there; False if it comes too soon after the others."""
        if not self._rate:
            return True
        level, at = self._held.get(address, (self._room, now))
        level = min(self._room, level + (now - at) * self._rate)
        taken = level >= 1.0
        self._held[address] = (level - 1.0 if taken else level), now
        self._held.move_to_end(address)
        if len(self._held) > ADDRESSES:
            self._held.popitem(last=False)
        return taken
