"""Executing assignments: frame in, frame out, with a cache of outputs kept for later assignments.

Every contributor, ravpy's child process and the browser's worker alike, runs this. Standard library and
NumPy only; fetching and putting large arrays are given to it as functions. The frames' layouts are
those of Assign, Result and Refuse in ravspec.messages, which the browser does not import.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ravspec.codec import Buffer, column, pack, read_column, split
from ravspec.errors import ProtocolError, RavError
from ravspec.shapes import ArrayType
from ravspec.subgraph import COLUMNS, FAILED, Subgraph, run
from ravspec.values import (
    INLINE_BYTES,
    Interner,
    join_values,
    split_values,
    type_from_json,
    type_to_json,
)

#: what comes of an assignment whose parts do not fit together; kernels' errors are the ops' own, see `run`
UNSOUND = (LookupError, ValueError, TypeError, AttributeError, OverflowError)

#: how an input of an assignment comes: in the message (or stored), or it is held already
SENT, HELD = 0, 1

#: outputs that a result carries inside, in bytes, at most; what goes beyond is put by itself
RESULT_BYTES = 32 << 20

Fetch = Callable[[str, ArrayType], Any]
Put = Callable[[Any], str]
Key = tuple[int, int]  #: (graph, op)


class Missing(RavError):
    """Operands that the server believes to be here are not."""

    def __init__(self, ops: list[int]) -> None:
        super().__init__(f"operands {ops[:5]} are not held here")
        self.ops = ops


class Executor:
    """Runs the assignments of one life. `begun` is told the seconds that each may take."""

    def __init__(
        self, life: str, fetch: Fetch, put: Put, begun: Callable[[float], None] = lambda deadline_s: None
    ) -> None:
        self.life = life
        self._fetch, self._put, self._begun = fetch, put, begun
        self._held: dict[Key, Sequence[Any]] = {}

    def execute(self, frame: Buffer) -> bytes:
        """The answer to an assignment: a result, or a refusal with its reason."""
        encoded, buffers = split(frame)
        header = json.loads(encoded)
        self._begun(header["deadline_s"])
        refusal = {"type": "refuse", "life": self.life, "assignment": header["assignment"]}
        try:
            return self._execute(header, buffers)
        except Missing as error:
            return _frame({**refusal, "reason": str(error), "missing": error.ops})
        except MemoryError as error:
            self._held.clear()
            return _frame({**refusal, "reason": f"out of memory: {error}"})
        except RavError as error:
            return _frame({**refusal, "reason": f"{type(error).__name__}: {error}"})
        except UNSOUND as error:
            return _frame({**refusal, "reason": f"the assignment does not hold together: {error!r:.200}"})

    def _execute(self, header: dict[str, Any], buffers: list[memoryview]) -> bytes:
        n = len(COLUMNS)
        if len(buffers) != n + 8:
            raise ProtocolError(f"an assignment has {n + 8} buffers; {len(buffers)} came")
        graph = Subgraph.read(header, buffers[:n])
        inputs, n_out, which, how, exports, keep, drop = (
            read_column(buffer, dtype)
            for buffer, dtype in zip(
                buffers[n:], ("int32", "uint16", "uint32", "uint8", "int32", "int32", "int32"), strict=False
            )
        )
        for pair in drop.reshape(-1, 2).tolist():
            self._held.pop(tuple(pair), None)
        number = header["graph"]
        given = self._gather(
            header, buffers[-1], number, inputs.tolist(), n_out.tolist(), which, how.tolist()
        )
        values = [value for op in given.values() for value in op]
        first = graph.first_slots(len(values)).tolist()
        place = dict(zip(graph.ops.tolist(), map(slice, first, first[1:]), strict=True))
        needed = np.zeros(first[-1], bool)
        for op in [*exports.tolist(), *keep.tolist()]:
            if op in place:
                needed[place[op]] = True
        started = time.perf_counter()
        slots, failures = run(graph, values, needed)
        exec_s = time.perf_counter() - started
        for op in keep.tolist():
            outputs = slots[place[op]] if op in place else given[op]
            if outputs[0] is not FAILED:
                self._held[number, op] = outputs
        chosen = [(op, slots[place[op]]) for op in exports.tolist()]
        return self._result(header["assignment"], exec_s, failures, chosen)

    def _gather(
        self,
        header: dict[str, Any],
        body: memoryview,
        graph: int,
        inputs: list[int],
        n_out: list[int],
        which: Any,
        how: list[int],
    ) -> dict[int, Sequence[Any]]:
        """The outputs of every input op: from the message, fetched, or held."""
        missing = [
            op for op, way in zip(inputs, how, strict=True) if way == HELD and (graph, op) not in self._held
        ]
        if missing:
            raise Missing(missing)
        types = [type_from_json(t) for t in header["types"]]
        stored = {int(i): digest for i, digest in header["stored"].items()}
        n_sent = sum(n for n, way in zip(n_out, how, strict=True) if way == SENT)
        inline = np.array([i for i in range(n_sent) if i not in stored], np.intp)
        values = iter(split_values(body, types, which[inline]))
        given: dict[int, Sequence[Any]] = {}
        at = 0
        for op, n, way in zip(inputs, n_out, how, strict=True):
            if way == HELD:
                given[op] = self._held[graph, op]
            else:
                given[op] = [
                    self._fetch(stored[i], types[which[i]]) if i in stored else next(values)
                    for i in range(at, at + n)
                ]
            at += n
        return given

    def _result(
        self, assignment: int, exec_s: float, failures: list[tuple[int, str]], chosen: list[tuple[int, Any]]
    ) -> bytes:
        ops: list[int] = []
        which: list[int] = []
        types = Interner()
        inline: list[Any] = []
        stored: dict[int, str] = {}
        size = 0
        for op, outputs in chosen:
            if outputs[0] is FAILED:
                continue
            ops.append(op)
            for value in outputs:
                value = np.asarray(value)
                if value.nbytes > INLINE_BYTES or size + value.nbytes > RESULT_BYTES:
                    stored[len(which)] = self._put(value)
                else:
                    inline.append(value)
                    size += value.nbytes
                which.append(types.number((value.shape, value.dtype)))  # an ArrayType is such a pair
        header = {
            "type": "result",
            "life": self.life,
            "assignment": assignment,
            "exec_s": exec_s,
            "types": [type_to_json(ArrayType(*t)) for t in types.items],
            "failed": failures,
            "stored": stored,
        }
        return _frame(header, [column(ops, "int32"), column(which, "uint32"), join_values(inline)])


def _frame(header: dict[str, Any], buffers: Sequence[Buffer] = ()) -> bytes:
    return pack(json.dumps(header).encode(), buffers)
