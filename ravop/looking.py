"""What a developer sees of a graph at the server, and how it ends before its time. Graph is one of these."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ravop.showing import table
from ravop.tensor import Tensor
from ravspec.codec import dtype_of
from ravspec.errors import GraphError
from ravspec.shapes import ArrayType

if TYPE_CHECKING:
    from ravop.engine import Engine
    from ravop.record import Recorder


class Looking:
    """The part of a graph that asks and builds nothing. `_info` sends what is pending, then asks."""

    _engine: Engine
    _record: Recorder
    _id: int | None
    name: str | None

    @property
    def id(self) -> int:
        """Its number at the server."""
        raise NotImplementedError

    def _info(self) -> dict[str, Any]:
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"graph {self._id if self._id is not None else '(not sent)'}" + (
            f' "{self.name}"' if self.name else ""
        )

    def _repr_html_(self) -> str:
        """For a notebook: name, state, how far it is."""
        if self._id is None:
            return table(str(self), {"state": "not sent"})
        info = self._engine.graph(self._id)
        done = f"{info['computed_ops']:,} of {info['total_ops']:,} ops computed"
        failed = f", {info['failed_ops']:,} failed" if info["failed_ops"] else ""
        return table(str(self), {"state": str(info["state"]), "progress": done + failed})

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

    def own_op(self, op: int) -> str:
        """The name of the developer's own op (`@R.op`) that an op is part of; nothing if there is none."""
        return self._record.own_op(op)

    def tensor(self, op: int, output: int = 0) -> Tensor:
        """The handle on an op of this graph, for instance after re-attaching."""
        self._info()
        view = self._engine.op(self.id, op)
        if not 0 <= output < len(view["outputs"]):
            raise GraphError(f"op {op} of {self} has {len(view['outputs'])} outputs, not {output + 1}")
        dtype, shape = view["outputs"][output]
        t = ArrayType(None if shape is None else tuple(shape), dtype_of(dtype))
        return Tensor.of(self, op, output, self._record.type_number(t))  # type: ignore[arg-type]

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
