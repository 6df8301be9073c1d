"""A subgraph as a contributor gets it: ops as columns over numbered slots, and how to run them.

Slots number what an operand may be: first the literals, then the outputs of the inputs, then the
outputs of the ops in order. So every operand is one number, smaller than the op's own first slot.
Standard library and NumPy only: the browser runs this very module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravspec.codec import Buffer, column, literal_from_json, read_column
from ravspec.errors import ProtocolError
from ravspec.ops import Op, find_op
from ravspec.values import FEW

#: columns of a subgraph, in the order of their buffers
COLUMNS = {"ops": "int32", "kind": "uint32", "arity": "uint16", "operand": "int32", "n_out": "uint16"}


class Failed:
    """Stands in a slot whose op raised, or depends on one that did."""


FAILED = Failed()


@dataclass(slots=True)
class Subgraph:
    """Ops with their operands as slots. `n_out` is empty where every op has one output."""

    kinds: Sequence[Sequence[Any]]  #: [op name, params]
    literals: Sequence[Any]
    ops: NDArray[np.int32]
    kind: NDArray[np.uint32]
    arity: NDArray[np.uint16]
    operand: NDArray[np.int32]
    n_out: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, np.uint16))

    def columns(self) -> list[Buffer]:
        """The columns as buffers."""
        return [column(getattr(self, name), dtype) for name, dtype in COLUMNS.items()]

    @classmethod
    def read(cls, header: dict[str, Any], buffers: Sequence[Buffer]) -> Subgraph:
        """From the header and the first buffers of a message, checked for lengths that do not agree."""
        columns = {
            name: read_column(buffer, dtype)
            for (name, dtype), buffer in zip(COLUMNS.items(), buffers, strict=True)
        }
        literals = [literal_from_json(value) for value in header["literals"]]
        graph = cls(kinds=header["kinds"], literals=literals, **columns)
        n = len(graph.ops)
        if len(graph.kind) != n or len(graph.arity) != n or len(graph.n_out) not in (0, n):
            raise ProtocolError("the columns of a subgraph have different lengths")
        if int(graph.arity.sum()) != len(graph.operand):
            raise ProtocolError("a subgraph has another number of operands than its ops say")
        return graph

    def first_slots(self, n_inputs: int) -> NDArray[np.int64]:
        """The slot of each op's first output, and at the end the number of slots; shape (n_ops + 1,)."""
        slots = np.empty(len(self.ops) + 1, np.int64)
        slots[0] = len(self.literals) + n_inputs
        slots[1:] = self.n_out if len(self.n_out) else 1
        return np.cumsum(slots, out=slots)


def kernel_of(kind: Sequence[Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Kernel and canonical params of a kind; an unknown op or a bad param is an OpError."""
    name, params = kind
    row: Op = find_op(name)
    return row.kernel, row.canonical_params(params)


def run(
    graph: Subgraph,
    inputs: Sequence[Any],
    needed: NDArray[np.bool_] | None = None,
    kernels: Callable[[Sequence[Any]], tuple[Callable[..., Any], dict[str, Any]]] = kernel_of,
) -> tuple[list[Any], list[tuple[int, str]]]:
    """Compute every op. Gives the slots and the failures (op, reason).

    inputs: one value for each output of each input op. needed: which slots the caller will read;
    others are let go after their last use. An op that raises fails, and so do its dependents in here
    (those are not listed); the rest goes on. A MemoryError is raised.
    """
    slots: list[Any] = [*graph.literals, *inputs]
    first = graph.first_slots(len(inputs))
    calls = [kernels(kind) for kind in graph.kinds]
    release_at, release = releases(graph, first, needed)
    failures: list[tuple[int, str]] = []
    n_out = graph.n_out.tolist() if len(graph.n_out) else None
    operands, released = map(slots.__getitem__, graph.operand.tolist()), 0  # each is looked up in its turn
    with np.errstate(all="ignore"):
        for i, (kind, arity) in enumerate(zip(graph.kind.tolist(), graph.arity.tolist(), strict=True)):
            kernel, params = calls[kind]
            args = list(islice(operands, arity))
            try:
                value = FAILED if failures and FAILED in map(marked, args) else kernel(*args, **params)
            except MemoryError:
                raise  # not the op's fault: another contributor may have the room
            except Exception as error:  # noqa: BLE001 - whatever a kernel raises fails that op, with its text
                failures.append((int(graph.ops[i]), reason_of(error)))
                value = FAILED
            if n_out is None or n_out[i] == 1:
                slots.append(value[0] if type(value) is tuple else value)
            else:
                slots.extend(value if type(value) is tuple else [FAILED] * n_out[i])
            while release_at[released] == i:
                slots[release[released]] = None
                released += 1
    return slots, failures


def marked(value: Any) -> Any:
    """The mark of a failed slot, or None: arrays compare elementwise, so identity is asked instead."""
    return FAILED if value is FAILED else None


def reason_of(error: Exception) -> str:
    """An exception in one line."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def releases(
    graph: Subgraph, first: NDArray[np.int64], needed: NDArray[np.bool_] | None
) -> tuple[list[int], list[int]]:
    """(positions, slots): after which op each slot may be let go, in order, ended by a sentinel."""
    if needed is None:
        return [-1], []
    if len(graph.ops) <= FEW:
        return _releases_few(graph, first.tolist(), needed.tolist())
    last = np.full(first[-1], -1, np.int64)
    # counts to repeat must be of the platform's width, 32 bits in WebAssembly
    last[first[0] :] = np.repeat(np.arange(len(graph.ops)), np.diff(first).astype(np.intp))
    user = np.repeat(np.arange(len(graph.ops)), graph.arity)
    np.maximum.at(last, graph.operand, user)
    last[needed] = -1
    last[: len(graph.literals)] = -1
    slots = np.flatnonzero(last >= 0)
    slots = slots[np.argsort(last[slots], kind="stable")]
    return [*last[slots].tolist(), -1], slots.tolist()


def _releases_few(graph: Subgraph, first: list[int], needed: list[bool]) -> tuple[list[int], list[int]]:
    last: dict[int, int] = {}
    operand, at = graph.operand.tolist(), 0
    for i, arity in enumerate(graph.arity.tolist()):
        last |= dict.fromkeys(operand[at : at + arity], i)
        last |= dict.fromkeys(range(first[i], first[i + 1]), i)
        at += arity
    order = sorted((i, slot) for slot, i in last.items() if not needed[slot] and slot >= len(graph.literals))
    return [*(i for i, _ in order), -1], [slot for _, slot in order]


def sha256(buffer: Buffer) -> str:
    """The digest of a stored buffer, in hex."""
    return hashlib.sha256(buffer).hexdigest()
