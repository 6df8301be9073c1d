"""Recording: the ops of one graph as they are built, kept as columns until they are submitted.

This is the hot path of building: an op costs a look-up of its types in a cache, a dozen appends and a
look at the caller's frame. Nothing is computed and no object stands for an op; handles hold numbers.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Sequence
from types import CodeType
from typing import Any

import numpy as np

from ravspec.batch import Batch, Symbols
from ravspec.claims import WEAK, WEAK_TYPES
from ravspec.codec import literal_to_json
from ravspec.ops import Op
from ravspec.shapes import ArrayType
from ravspec.values import Interner, type_to_json

HERE = os.path.dirname(__file__) + os.sep

#: an operand as (op, output, type number); op below zero is a literal
Operand = tuple[int, int, int]


class Recorder:
    """Symbols of a graph, and the columns of its ops that are not submitted yet."""

    def __init__(self) -> None:
        self.n_ops = 0
        self.kinds, self.types = Interner(), Interner()
        self.sites = Interner()
        self.literals: list[Any] = []
        self._literals: dict[Any, int] = {}
        self._sites: dict[tuple[CodeType, int], int] = {}
        self._inferred: dict[Any, tuple[int, tuple[int, ...]]] = {}
        self._submitted = [0, 0, 0, 0]
        self._clear()

    def _clear(self) -> None:
        self._kind, self._site, self._arity = array("I"), array("I"), array("H")
        self._operand, self._output = array("i"), array("H")
        self._n_out, self._out_type = array("H"), array("I")
        self._values: list[bytes] = []
        self._stored: dict[int, str] = {}
        self._names: dict[int, str] = {}

    @property
    def n_pending(self) -> int:
        """Ops that are not submitted yet."""
        return len(self._kind)

    # --- building ------------------------------------------------------------------------------------

    def type_number(self, t: ArrayType) -> int:
        """The number of a type."""
        return self.types.number(t)

    def type(self, number: int) -> ArrayType:
        """The type of a number; Python numbers' too."""
        return WEAK_TYPES[number] if number < 0 else self.types.items[number]

    def literal(self, value: bool | int | float | complex) -> Operand:
        """A Python number as an operand."""
        kind = type(value)
        # 0.0 equals -0.0 and nan does not equal itself, but their texts tell; 1 equals True and 1.0
        number = self._literals.get((kind, value if value else repr(value)))
        if number is None:
            number = self._literals[kind, value if value else repr(value)] = len(self.literals)
            self.literals.append(literal_to_json(value))
        return -1 - number, 0, WEAK[kind]

    def add(
        self, row: Op, operands: Sequence[Operand], params: dict[str, Any], params_key: Any = None
    ) -> tuple[int, tuple[int, ...]]:
        """Record an op. Gives its number and its outputs' types; a bad op raises and records nothing."""
        key = (row.name, params_key, *[o[2] for o in operands])
        hit = self._inferred.get(key)
        if hit is None:
            hit = self._inferred[key] = self._infer(row, operands, params, params_key)
        kind, out_types = hit
        self._kind.append(kind)
        self._site.append(self.call_site())
        self._arity.append(len(operands))
        for op, output, _ in operands:
            self._operand.append(op)
            self._output.append(output)
        self._n_out.append(len(out_types))
        self._out_type.extend(out_types)
        number = self.n_ops
        self.n_ops = number + 1
        return number, out_types

    def _infer(
        self, row: Op, operands: Sequence[Operand], params: dict[str, Any], params_key: Any
    ) -> tuple[int, tuple[int, ...]]:
        outs = row.infer([self.type(t) for _, _, t in operands], params)
        types = tuple(self.types.number(t) for t in outs)
        return self.kinds.number((row.name, params_key or ())), types

    def call_site(self) -> int:
        """The number of the line outside this package that builds the op."""
        frame = sys._getframe(2)
        while frame.f_code.co_filename.startswith(HERE) and frame.f_back is not None:
            frame = frame.f_back
        key = (frame.f_code, frame.f_lasti)
        number = self._sites.get(key)
        if number is None:
            number = self._sites[key] = self.sites.number((frame.f_code.co_filename, frame.f_lineno))
        return number

    def site(self, number: int) -> tuple[str, int]:
        """File and line of a call site."""
        file, line = self.sites.items[number]
        return file, line

    def give_value(self, value: bytes) -> None:
        """The value of the source op that was recorded last."""
        self._values.append(value)

    def give_stored(self, op: int, digest: str) -> None:
        """The source op's value lies at the server already, under this digest."""
        self._stored[op] = digest

    def give_name(self, op: int, name: str) -> None:
        """A name for an op; one that has a name, or is submitted already, keeps what it has."""
        if op >= self.n_ops - self.n_pending:
            self._names.setdefault(op, name)

    # --- submitting ----------------------------------------------------------------------------------

    def take_batch(self) -> Batch:
        """What is pending, as a batch; from here on it counts as submitted."""
        kinds, types, sites, literals = first = self._submitted
        symbols = Symbols(
            kinds=[[name, dict(params)] for name, params in self.kinds.items[kinds:]],
            types=[type_to_json(t) for t in self.types.items[types:]],
            sites=self.sites.items[sites:],
            literals=self.literals[literals:],
        )
        one_output = len(self._out_type) == len(self._kind)
        batch = Batch(
            first_op=self.n_ops - self.n_pending,
            first=first,
            symbols=symbols,
            kind=np.array(self._kind, np.uint32),
            site=np.array(self._site, np.uint32),
            arity=np.array(self._arity, np.uint16),
            operand=np.array(self._operand, np.int32),
            output=np.array(self._output if any(self._output) else (), np.uint16),
            n_out=np.array(() if one_output else self._n_out, np.uint16),
            out_type=np.array(self._out_type, np.uint32),
            values=b"".join(self._values),
            stored=self._stored,
            names=self._names,
        )
        self._submitted = [len(self.kinds), len(self.types), len(self.sites), len(self.literals)]
        self._clear()
        return batch
