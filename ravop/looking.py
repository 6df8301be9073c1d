"""What a developer sees of a graph at the server, and how it ends before its time. Graph is one of these."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ravspec.errors import GraphError

if TYPE_CHECKING:
    from ravop.engine import Engine


class Looking:
    """The part of a graph that asks and builds nothing. `_info` sends what is pending, then asks."""

    _engine: Engine

    @property
    def id(self) -> int:
        """Its number at the server."""
        raise NotImplementedError

    def _info(self) -> dict[str, Any]:
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError

    @property
    def status(self) -> str:
        """open, ended, computed, failed or cancelled."""
        return str(self._info()["state"])

    @property
    def progress(self) -> float:
        """Percent of the ops that are computed."""
        info = self._info()
        return 100.0 * info["computed_ops"] / info["total_ops"] if info["total_ops"] else 0.0

    def get_op_stats(self, op_name: str | None = None) -> dict[str, int]:
        """total_ops, pending_ops, computing_ops, computed_ops, failed_ops; with a name, of the ops that
        get_ops_by_name gives for it, where those being computed count as pending."""
        if op_name is None:
            info = self._info()
            return {key: info[key] for key in info if key.endswith("_ops")}
        states = Counter(op["state"] for op in self.get_ops_by_name(op_name))
        counted = {f"{state}_ops": states[state] for state in ("pending", "computed", "failed")}
        return {"total_ops": states.total(), **counted}

    @property
    def ops(self) -> list[dict[str, Any]]:
        """Every op, as the server shows it."""
        self._info()
        return self._engine.ops(self.id)

    def get_ops_by_name(self, op_name: str) -> list[dict[str, Any]]:
        """The ops whose name contains op_name, or the name of the developer's own op they are part of."""
        self._info()
        return self._engine.ops(self.id, op_name)

    def explain(self, op: int | None = None) -> str:
        """One sentence: why is the graph, or that op of it, not computed yet?"""
        info = self._info()
        return str(info["waits_for"]) if op is None else self._engine.explain(self.id, op)

    def history(self, op: int | None = None) -> list[dict[str, Any]]:
        """What happened, in order: one dict a move of the graph, of its subgraphs and of their assignments.

        Each has `at` (seconds since 1970), `what`, `subject` (its number), `state` (after the move), and
        where there is one `contributor`, `life` and `reason`. With an op: what concerned that op.
        """
        self._info()
        return self._engine.history(self.id, op)

    def cancel(self) -> None:
        """Compute nothing more of this graph: what is being computed is taken back.

        Whoever waits for a value of it gets a GraphError; values that have come stay. A graph that is
        computed or failed already is a GraphError; one that was cancelled before stays so.
        """
        self._info()
        self._engine.cancel(self.id)
        self._close()

    def delete(self) -> None:
        """Delete this graph at the server: ops, values, persisted names, history. It cannot be undone."""
        self._info()
        self._engine.delete(self.id)
        self._close()


def mine(engine: Engine) -> list[dict[str, Any]]:
    """The graphs of the username, where one was given; else those that the token shows, or nobody's."""
    me, graphs = engine.config.username, engine.graphs()
    if me is None and engine.config.token is not None:
        return graphs
    return [graph for graph in graphs if graph.get("developer", me or "") == (me or "")]


def number_of(engine: Engine, graph: int | str | None) -> int | None:
    """The number of a graph that is named by it, or by its name: the newest of one's own."""
    if not isinstance(graph, str):
        return graph
    numbers = [row["id"] for row in mine(engine) if row["name"] == graph]
    if not numbers:
        raise GraphError(f"there is no graph named {graph!r} of yours; R.get_my_graphs() lists them")
    return int(max(numbers))
