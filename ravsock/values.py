"""Where the values of a graph's ops are: which stored buffer, at which byte.

A buffer is the joined outputs of many ops. Small ones are rows in SQL, others files; those used last
stay in memory. Outputs over INLINE_BYTES are files of their own, known by digest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravspec.codec import Buffer, column
from ravspec.errors import TransferError
from ravspec.messages import Values
from ravspec.oplist import Column, OpList
from ravspec.shapes import ArrayType
from ravspec.values import FEW, Interner, type_to_json


class Cache:
    """Buffers in memory, least recently used first out."""

    def __init__(self, budget_bytes: int = 256 << 20) -> None:
        self._budget = budget_bytes
        self._held: OrderedDict[Any, Buffer] = OrderedDict()
        self._bytes = 0
        self._pinned: set[Any] = set()

    def put(self, key: Any, body: Buffer, pinned: bool = False) -> None:
        """Keep a buffer; a pinned one, not stored elsewhere yet, stays until it is released."""
        self.forget(key)
        self._held[key] = body
        self._bytes += len(body)
        if pinned:
            self._pinned.add(key)
        self._shrink()

    def release(self, key: Any) -> None:
        """The buffer is stored elsewhere now and may go."""
        self._pinned.discard(key)
        self._shrink()

    def _shrink(self) -> None:
        if self._bytes > self._budget:
            for key in [key for key in self._held if key not in self._pinned]:
                if self._bytes <= self._budget:
                    break
                self.forget(key)

    def get(self, key: Any) -> Buffer | None:
        """The buffer, if it is still here."""
        body = self._held.get(key)
        if body is not None:
            self._held.move_to_end(key)
        return body

    def forget(self, key: Any) -> None:
        """Let a buffer go."""
        self._pinned.discard(key)
        body = self._held.pop(key, None)
        if body is not None:
            self._bytes -= len(body)


class ValueIndex:
    """The values of one graph.

    `load(number)` reads back a buffer that is no longer in memory; `is_there(digest)` says whether an output
    that is a file by itself is still stored.
    """

    def __init__(
        self,
        ops: OpList,
        graph: int,
        cache: Cache,
        load: Callable[[int], bytes],
        is_there: Callable[[str], bool] = lambda digest: True,
    ) -> None:
        self._ops, self._graph, self._cache, self._load = ops, graph, cache, load
        self._is_there = is_there
        self._buffer_of, self._offset = Column("int32"), Column("int64")
        self._n_buffers = 0
        #: outputs stored by themselves: index into ops.out_type -> digest
        self.stored: dict[int, str] = {}
        self._numbers: list[int] = []

    def grow(self, n_ops: int) -> None:
        """Make room for that many ops in all."""
        new = n_ops - len(self._buffer_of)
        self._buffer_of.extend(np.full(new, -1))
        self._offset.extend(np.zeros(new))

    def add(self, ops: NDArray[Any], body: Buffer, stored: dict[int, str]) -> int:
        """Values of these ops, joined in `body`; gives the buffer's number.

        stored: outputs that are files by themselves, {index among the ops' outputs: digest}.
        """
        number = self.add_placed(ops, stored)
        self._cache.put((self._graph, number), body, pinned=True)
        return number

    @property
    def last_number(self) -> int:
        """The number of the buffer that was added last."""
        return self._n_buffers - 1

    def sizes_of(self, ops: NDArray[Any]) -> NDArray[np.int64]:
        """Bytes of the values of each op."""
        n_out, outputs = self._ops.outputs_of(ops)
        return np.add.reduceat(self._sizes(outputs), n_out.cumsum() - n_out)

    def written(self, number: int) -> None:
        """The buffer is on disk: memory may let it go."""
        self._cache.release((self._graph, number))

    def close(self) -> None:
        """Let go of every buffer in memory."""
        for number in range(self._n_buffers):
            self._cache.forget((self._graph, number))

    def add_placed(self, ops: NDArray[Any], stored: dict[int, str]) -> int:
        """The same for a buffer that `load` will read when it is needed."""
        n_out, outputs = self._ops.outputs_of(ops)
        sizes = self._sizes(outputs)
        for i, digest in stored.items():
            self.stored[int(outputs[i])] = digest
            sizes[i] = 0
        self._buffer_of.all()[ops] = self._n_buffers
        if len(ops):
            starts = sizes.cumsum() - sizes
            self._offset.all()[ops] = starts[n_out.cumsum() - n_out]
        self._n_buffers += 1
        return self._n_buffers - 1

    def _sizes(self, outputs: NDArray[np.int64]) -> NDArray[np.int64]:
        sizes: NDArray[np.int64] = self._ops.type_bytes.all()[self._ops.out_type.all()[outputs]]
        return sizes

    def lose(self, ops: Sequence[int]) -> None:
        """These values are gone."""
        self._buffer_of.all()[list(ops)] = -1
        if self.stored:
            _, outputs = self._ops.outputs_of(np.array(ops, np.int64))
            for output in outputs.tolist():
                self.stored.pop(output, None)

    def unreadable(self, ops: NDArray[Any]) -> list[int]:
        """Those of these ops whose values cannot be read any more, and all that share a buffer with them."""
        lost: set[int] = set()
        for number in np.unique(self._buffer_of.all()[ops]).tolist():
            try:
                self._buffer(number)
            except TransferError:
                lost.update(np.flatnonzero(self._buffer_of.all() == number).tolist())
        lost.update(op for op in ops.tolist() if self._lacks_file(op))
        return sorted(lost)

    def _lacks_file(self, op: int) -> bool:
        first = self._ops.first_out.all()
        digests = [self.stored.get(k) for k in range(int(first[op]), int(first[op + 1]))]
        return any(digest is not None and not self._is_there(digest) for digest in digests)

    def _check(self, stored: dict[int, str]) -> dict[int, str]:
        """Outputs that are files by themselves; a TransferError if one is gone."""
        for digest in stored.values():
            if not self._is_there(digest):
                raise TransferError(f"the data file {digest[:12]} is gone")
        return stored

    def _buffer(self, number: int) -> Buffer:
        body = self._cache.get((self._graph, number))
        if body is None:
            body = self._load(number)
            self._cache.put((self._graph, number), body)
        return body

    def join(self, ops: NDArray[Any]) -> tuple[Buffer, NDArray[np.int64], NDArray[np.int64], dict[int, str]]:
        """(values joined, n_out of each op, type number of each output, outputs stored by themselves)."""
        if len(ops) <= FEW:
            return self._join_few(ops.tolist())
        n_out, outputs = self._ops.outputs_of(ops)
        types = self._ops.out_type.all()[outputs]
        stored = (
            {i: self.stored[k] for i, k in enumerate(outputs.tolist()) if k in self.stored}
            if self.stored
            else {}
        )
        sizes = self._sizes(outputs)
        sizes[list(stored)] = 0
        ends = np.cumsum(sizes)[np.cumsum(n_out) - 1] if len(ops) else np.zeros(0, np.int64)
        lengths = np.diff(ends, prepend=0)
        return self._slices(ops, lengths), n_out, types, self._check(stored)

    def _join_few(
        self, ops: list[int]
    ) -> tuple[Buffer, NDArray[np.int64], NDArray[np.int64], dict[int, str]]:
        """The same for few ops: NumPy's fixed costs would be most of the time."""
        first, out_type, types = self._ops.first_out.all(), self._ops.out_type.all(), self._ops.types
        parts: list[memoryview] = []
        n_out: list[int] = []
        which: list[int] = []
        stored: dict[int, str] = {}
        for op in ops:
            output, end = int(first[op]), int(first[op + 1])
            n_out.append(end - output)
            buffer, at = memoryview(self._buffer(int(self._buffer_of.all()[op]))), int(self._offset.all()[op])
            for k in range(output, end):
                number = int(out_type[k])
                if k in self.stored:
                    stored[len(which)] = self.stored[k]
                else:
                    size = types[number].size_bytes
                    parts.append(buffer[at : at + size])
                    at += size
                which.append(number)
        return b"".join(parts), np.array(n_out, np.int64), np.array(which, np.int64), self._check(stored)

    def _slices(self, ops: NDArray[Any], lengths: NDArray[np.int64]) -> Buffer:
        numbers, offsets = self._buffer_of.all()[ops], self._offset.all()[ops]
        # neighbours in the same buffer are one slice
        breaks = (np.diff(numbers) != 0) | (offsets[1:] != (offsets + lengths)[:-1])
        starts = np.concatenate([[0], np.flatnonzero(breaks) + 1]) if len(ops) else np.zeros(0, np.int64)
        spans = np.add.reduceat(lengths, starts) if len(ops) else lengths
        parts = [
            memoryview(self._buffer(number))[offset : offset + span]
            for number, offset, span in zip(
                numbers[starts].tolist(), offsets[starts].tolist(), spans.tolist(), strict=True
            )
            if span
        ]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def answer(self, ops: NDArray[Any]) -> tuple[Values, list[Buffer]]:
        """The message that gives a developer these values."""
        body, n_out, which, stored = self.join(ops)
        types, local = local_types(self._ops.types, which)
        parts = [column(ops, "int32"), column(n_out, "uint16"), column(local, "uint32"), body]
        return Values(types, stored), parts


def local_types(types: Sequence[ArrayType], which: NDArray[np.int64]) -> tuple[list[Any], NDArray[np.intp]]:
    """The types that occur, as they travel, and which of them each output has."""
    if len(which) <= FEW:
        local_numbers = Interner()
        few = np.array([local_numbers.number(k) for k in which.tolist()], np.intp)
        return [type_to_json(types[k]) for k in local_numbers.items], few
    distinct, local = np.unique(which, return_inverse=True)
    return [type_to_json(types[k]) for k in distinct.tolist()], local
