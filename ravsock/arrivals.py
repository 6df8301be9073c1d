"""A contributor's result, checked against what the ops of the graph say: a contributor may lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravsock.graphs import GraphRecord
from ravspec.codec import Buffer, read_column
from ravspec.errors import ProtocolError
from ravspec.messages import Result
from ravspec.shapes import ArrayType
from ravspec.values import FEW, type_from_json, type_to_json


@dataclass(slots=True)
class Arrival:
    """A result that may be committed."""

    ops: NDArray[np.int64]  #: exported ops, in the order of their values
    body: Buffer
    stored: dict[int, str]
    #: types that the result teaches: {index among the ops' outputs: type as it travels}
    learned: dict[int, Any] = field(default_factory=dict)
    #: true sizes of ops that were of unknown shape, in bytes
    sizes: dict[int, int] = field(default_factory=dict)
    types: dict[int, ArrayType] = field(default_factory=dict)

    def learn(self, record: GraphRecord) -> None:
        """Make the graph know the types that the result teaches."""
        if self.types:
            _, outputs = record.ops.outputs_of(self.ops)
            for i, t in self.types.items():
                record.ops.learn_type(int(outputs[i]), t)


def read_arrival(
    record: GraphRecord,
    exports: list[int],
    message: Result,
    buffers: list[memoryview],
    file_size: Callable[[str], int | None],
) -> Arrival:
    """The result of an assignment with these exports; a ProtocolError if it is not what was asked for."""
    if len(buffers) != 3:
        raise ProtocolError(f"a result has 3 buffers; {len(buffers)} came")
    ops, which = read_column(buffers[0], "int32").astype(np.int64), read_column(buffers[1], "uint32")
    failed = {op for op, _ in message.failed}
    if ops.tolist() != exports and not (failed and set(ops.tolist()) <= set(exports)):
        raise ProtocolError(f"{len(exports)} ops were to come back; the result has {len(ops)}, or others")
    types = [type_from_json(header) for header in message.types]
    if any(t.shape is None for t in types):
        raise ProtocolError("a result names a type without a shape")
    n_out, expected = record.ops.types_of(ops)
    if len(which) != len(expected) or (len(which) and which.max() >= len(types)):
        raise ProtocolError(f"the result should have {len(expected)} outputs; it has {len(which)}")
    arrival = Arrival(ops, buffers[2], message.stored)
    _compare(record, arrival, types, which, expected, np.repeat(ops, n_out))
    _check_bytes(arrival, types, which, file_size)
    return arrival


def _compare(
    record: GraphRecord,
    arrival: Arrival,
    types: list[ArrayType],
    which: NDArray[Any],
    expected: NDArray[np.int64],
    owner: NDArray[np.int64],
) -> None:
    """Every output has the type that was inferred, or fills in a shape that was not known."""
    for came, inferred in distinct_pairs(which, expected):
        given, wanted = types[came], record.ops.types[inferred]
        if given == wanted:
            continue
        places = np.flatnonzero((which == came) & (expected == inferred)).tolist()
        if wanted.shape is not None or given.dtype != wanted.dtype:
            raise ProtocolError(f"op {int(owner[places[0]])} should give {wanted}; {given} came")
        for at in places:
            arrival.types[at] = given
            arrival.learned[at] = type_to_json(given)
            op = int(owner[at])
            arrival.sizes[op] = arrival.sizes.get(op, 0) + given.size_bytes


def _check_bytes(
    arrival: Arrival, types: list[ArrayType], which: NDArray[Any], file_size: Callable[[str], int | None]
) -> None:
    """The bytes are all there, here or among the stored files."""
    need = sum(n * t.size_bytes for n, t in zip(np.bincount(which).tolist(), types, strict=False))
    for i, digest in arrival.stored.items():
        size = types[which[i]].size_bytes if 0 <= i < len(which) else -1
        if file_size(digest) != size:
            raise ProtocolError(f"output {i} should be a stored array; {digest[:12]} is not one of its size")
        need -= size
    if need != len(arrival.body):
        raise ProtocolError(f"the result's values have {need} bytes; {len(arrival.body)} came")


def distinct_pairs(a: NDArray[Any], b: NDArray[Any]) -> Iterable[tuple[int, int]]:
    """The pairs (a[i], b[i]), each once."""
    if len(a) > FEW and (a == a[0]).all() and (b == b[0]).all():
        return [(int(a[0]), int(b[0]))]
    return set(zip(a.tolist(), b.tolist(), strict=True))
