"""The engine of `R.initialize(url="local:")`: the same API, computed in this process, without a server.

For trying out and for debugging. It takes the same batches, checks them by the same rules and runs
the same subgraphs as server and contributors do; every value is kept for the life of the process.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravop.config import Config
from ravspec.batch import Batch
from ravspec.codec import Buffer, array_bytes, column, read_column
from ravspec.errors import GraphError, TransferError
from ravspec.messages import Done, Failures, Message, Stored, Submit, Values, failure_of
from ravspec.oplist import OpList
from ravspec.shapes import ArrayType
from ravspec.states import GraphState, OpState
from ravspec.subgraph import FAILED, run, sha256
from ravspec.values import Interner, join_values, split_values, type_to_json, value_type

Failed = tuple[int, str]  #: (op at fault, reason)

#: why is it not computed yet?
LAZY = "this process computes what is asked for, when it is asked for"


class LocalGraph:
    """One graph: its ops, what is computed, what failed."""

    def __init__(self, name: str | None, algorithm: str | None) -> None:
        self.name, self.algorithm = name, algorithm
        self.ops = OpList()
        self.values: dict[int, tuple[Any, ...]] = {}
        self.failed: dict[int, Failed] = {}
        self.ended = self.cancelled = False

    def operands(self, op: int) -> list[int]:
        """The op numbers among an op's operands."""
        lo, hi = self.ops.first_operand.all()[op : op + 2]
        return [o for o in self.ops.operand.all()[lo:hi].tolist() if o >= 0]

    def state(self, op: int) -> OpState:
        """The state of one op."""
        if op in self.failed:
            return OpState.FAILED
        return OpState.COMPUTED if op in self.values else OpState.PENDING

    def compute(self, wanted: Iterable[int]) -> None:
        """Compute what the wanted ops need and do not have."""
        needed: set[int] = set()
        todo = [op for op in wanted if self.state(op) is OpState.PENDING]
        while todo:
            op = todo.pop()
            if op not in needed:
                needed.add(op)
                todo += [o for o in self.operands(op) if self.state(o) is OpState.PENDING]
        ops = [op for op in sorted(needed) if not self._fails_by_operand(op)]
        inputs = sorted({o for op in ops for o in self.operands(op)} - set(ops))
        graph = self.ops.cut(ops, inputs)
        given = [value for op in inputs for value in self.values[op]]
        slots, failures = run(graph, given)
        reasons = dict(failures)
        for op, at, end in zip(ops, *_edges(graph.first_slots(len(given))), strict=True):
            values = slots[at:end]
            if op in reasons:
                self.failed[op] = (op, reasons[op])
            elif values[0] is FAILED:
                self._fails_by_operand(op)
            else:
                self._keep(op, values)

    def _fails_by_operand(self, op: int) -> bool:
        cause = next((self.failed[o] for o in self.operands(op) if o in self.failed), None)
        if cause is not None:
            self.failed[op] = cause
        return cause is not None

    def _keep(self, op: int, values: list[Any]) -> None:
        self.values[op] = tuple(np.asarray(value) for value in values)
        _, at = self.ops.outputs_of(np.array([op]))
        for i, value in zip(at.tolist(), self.values[op], strict=True):
            if self.ops.types[int(self.ops.out_type.all()[i])].shape is None:
                self.ops.learn_type(i, value_type(value))


def _edges(first: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    return first[:-1].tolist(), first[1:].tolist()


class LocalEngine:
    """Graphs of this process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._graphs: dict[int, LocalGraph] = {}
        self._opened = 0
        self._arrays: dict[str, NDArray[Any]] = {}
        self._persisted: dict[str, tuple[int, int]] = {}

    def open_graph(self, name: str | None, algorithm: str | None, approach: str, priority: int = 0) -> int:
        """Make a graph; its number."""
        self._opened += 1
        self._graphs[self._opened] = LocalGraph(name, algorithm)
        return self._opened

    def _graph(self, graph: int) -> LocalGraph:
        if graph not in self._graphs:
            raise GraphError(f"there is no graph {graph}")
        return self._graphs[graph]

    def submit(
        self, graph: int, message: Submit, buffers: list[Buffer], timeout: float | None
    ) -> Iterator[tuple[Message, list[memoryview]]]:
        """Take ops, compute what is asked for, answer."""
        held = self._graph(graph)
        batch = Batch.read(message, buffers)
        if batch is not None and not held.ops.is_repeat(batch):
            self._take(held, batch)
        self._persisted |= {name: (graph, op) for name, op in message.persist.items()}
        yield Stored(len(held.ops)), []
        held.ended = held.ended or message.end
        wanted = read_column(buffers[-1], "int32").tolist()
        asked = list(range(len(held.ops))) if message.end else wanted
        if held.cancelled and (message.end or not held.values.keys() >= set(wanted)):
            raise GraphError(f"graph {graph} was cancelled; nothing more of it is computed")
        if message.wait:
            held.compute(asked)
            yield from self._answer(held, asked, wanted)
        yield Done(self.graph(graph)["state"]), []

    def send_ahead(
        self, graph: int, message: Submit, buffers: list[Buffer]
    ) -> Iterator[tuple[Message, list[memoryview]]]:
        """The same without a question; the ops are taken when the answer is read."""
        return self.submit(graph, message, buffers, None)

    def _take(self, held: LocalGraph, batch: Batch) -> None:
        _, sizes, source = held.ops.append(batch)
        at = 0
        for i in np.flatnonzero(source).tolist():
            op = batch.first_op + i
            _, (number,) = held.ops.types_of(np.array([op]))
            t = held.ops.types[number]
            if op in batch.stored:
                held.values[op] = (self.get(batch.stored[op], t),)
            else:
                part = memoryview(batch.values)[at : at + int(sizes[i])]
                held.values[op] = tuple(v.copy() for v in split_values(part, [t], np.array([0])))
                at += int(sizes[i])

    def _answer(
        self, held: LocalGraph, asked: list[int], wanted: list[int]
    ) -> Iterator[tuple[Message, list[memoryview]]]:
        failures = []
        for op in asked:
            if op in held.failed:
                cause, reason = held.failed[op]
                failures.append(failure_of(op, held.ops.view(cause), reason))
        if failures:
            yield Failures(failures), []
        there = [op for op in wanted if op in held.values]
        outputs = [value for op in there for value in held.values[op]]
        types = Interner()
        which = [types.number(value_type(value)) for value in outputs]
        parts: list[Buffer] = [
            column(there, "int32"),
            column([len(held.values[op]) for op in there], "uint16"),
            column(which, "uint32"),
            bytearray(join_values(outputs)),
        ]
        header = [(name, shape) for name, shape in map(type_to_json, types.items)]
        yield Values(header), [memoryview(part) for part in parts]

    def put(self, value: NDArray[Any]) -> str:
        """Keep a large array; its SHA-256."""
        digest = sha256(array_bytes(value))
        self._arrays[digest] = value.copy()
        return digest

    def get(self, digest: str, t: ArrayType) -> NDArray[Any]:
        """A large array by its SHA-256."""
        if digest not in self._arrays:
            raise TransferError(f"there is no array {digest[:12]}")
        return self._arrays[digest].reshape(t.shape or ())

    def graph(self, graph: int) -> dict[str, Any]:
        """State and counts of a graph."""
        held = self._graph(graph)
        total, computed, failed = len(held.ops), len(held.values), len(held.failed)
        state = GraphState.ENDED if held.ended else GraphState.OPEN
        if held.ended and computed + failed == total:
            state = GraphState.FAILED if failed else GraphState.COMPUTED
        if held.cancelled:
            state = GraphState.CANCELLED
        return {
            "id": graph, "name": held.name, "algorithm": held.algorithm, "approach": "distributed",
            "state": str(state), "total_ops": total, "computed_ops": computed, "computing_ops": 0,
            "pending_ops": total - computed - failed, "failed_ops": failed,
            "waits_for": LAZY,
        }  # fmt: skip

    def graphs(self) -> list[dict[str, Any]]:
        """State of every graph, oldest first."""
        return [self.graph(graph) for graph in self._graphs]

    def ops(self, graph: int, name: str | None = None, first: int = 0) -> list[dict[str, Any]]:
        """The ops of a graph from `first` on, or those whose name contains `name`."""
        held = self._graph(graph)
        numbers = range(len(held.ops)) if name is None else held.ops.named(name)
        return [self.op(graph, op) for op in numbers if op >= first]

    def origins(self, graph: int, op: int, most: int) -> list[dict[str, Any]]:
        """An op and those that it is computed from, the nearest first."""
        return [self.op(graph, near) for near in self._graph(graph).ops.origins(op, most)]

    def op(self, graph: int, op: int) -> dict[str, Any]:
        """One op."""
        held = self._graph(graph)
        if not 0 <= op < len(held.ops):
            raise GraphError(f"there is no op {op} in graph {graph}")
        view: dict[str, Any] = json.loads(json.dumps(held.ops.view(op)))  # as a server's answer has it
        return {**view, "state": str(held.state(op))}

    def explain(self, graph: int, op: int) -> str:
        """Why an op is not computed."""
        return "it is computed" if self.op(graph, op)["state"] == OpState.COMPUTED else LAZY

    def history(self, graph: int, op: int | None = None) -> list[dict[str, Any]]:
        """Nothing: values are computed at once, by nobody else."""
        self._graph(graph)
        return []

    def cancel(self, graph: int) -> None:
        """Compute nothing more of a graph."""
        held, state = self._graph(graph), self.graph(graph)["state"]
        if state in (GraphState.COMPUTED, GraphState.FAILED):
            raise GraphError(f"graph {graph} is {state} already; there is nothing to cancel")
        held.cancelled = True

    def delete(self, graph: int) -> None:
        """Forget a graph and all that is its."""
        self._graph(graph)
        del self._graphs[graph]
        self._persisted = {name: at for name, at in self._persisted.items() if at[0] != graph}

    def flush(self) -> list[int]:
        """Forget every graph; their numbers."""
        deleted = list(self._graphs)
        for graph in deleted:
            self.delete(graph)
        return deleted

    def persisted(self, name: str) -> tuple[int, int]:
        """(graph, op) of a persisted name."""
        if name not in self._persisted:
            raise GraphError(f'there is no persisted op "{name}"')
        return self._persisted[name]

    def close(self) -> None:
        """There is nothing to let go of."""
