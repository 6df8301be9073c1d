"""Recording: the ops of one graph as they are built, kept as columns until they are submitted.

This is the hot path of building: an op costs a look-up of its types in a cache, a dozen appends and a
look at the caller's frame. Nothing is computed and no object stands for an op; handles hold numbers.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravop.calls import CALL, Call
from ravspec.batch import Batch, Symbols
from ravspec.claims import WEAK, WEAK_TYPES
from ravspec.codec import literal_to_json, name_of
from ravspec.ops import OPS, Op
from ravspec.ops.creation import DATA
from ravspec.shapes import ArrayType
from ravspec.values import Interner, exact, type_to_json

HERE = os.path.dirname(__file__) + os.sep

#: calls between call_site and the developer's line, at least: add, the graph's method and what the developer
#: calls; for a source two of the graph's
ADD_DEPTH, SOURCE_DEPTH = 4, 5

#: an operand as (op, output, type number); op below zero is a literal
Operand = tuple[int, int, int]


def key_of(params: dict[str, Any]) -> Any:
    """What params are known by: those that are equal in Python, as 0 and False are, stay apart."""
    return tuple([(name, exact(value)) for name, value in params.items()])


class Recorder:
    """Symbols of a graph, and the columns of its ops that are not submitted yet."""

    def __init__(self) -> None:
        self.n_ops = 0
        self.kinds, self.types = Interner(), Interner()
        self.unknown: set[int] = set()  #: types whose shape only the values tell
        self.sites = Interner()  #: (file, line, the developer's op in which the line is)
        self.literals: list[Any] = []
        self._literals: dict[Any, int] = {}
        #: (id of the code, instruction, call) -> number of the site; the code is kept so that the id stays
        #: its own
        self._sites: dict[tuple[int, int, Call | None], tuple[int, CodeType]] = {}
        self._site = array("I")  #: of every op, submitted ones too
        #: (kind, arity, types of the outputs): all of an op that its operands' types and params decide
        self._forms: list[tuple[int, int, tuple[int, ...]]] = []
        self._form_of: dict[Any, int] = {}
        self._submitted = [0, 0, 0, 0]
        self._clear()

    def _clear(self) -> None:
        self._form = array("I")
        self._operand = array("i")  #: op and output of each operand
        self._values: list[bytes] = []
        self._stored: dict[int, str] = {}
        self._names: dict[int, str] = {}

    @property
    def n_pending(self) -> int:
        """Ops that are not submitted yet."""
        return len(self._form)

    # --- building ------------------------------------------------------------------------------------

    def type_number(self, t: ArrayType) -> int:
        """The number of a type."""
        number = self.types.number(t)
        if t.shape is None:
            self.unknown.add(number)
        return number

    def type(self, number: int) -> ArrayType:
        """The type of a number; Python numbers' too."""
        return WEAK_TYPES[number] if number < 0 else self.types.items[number]

    def literal(self, value: bool | int | float | complex) -> Operand:
        """A Python number as an operand."""
        kind = type(value)
        key = exact(value)
        number = self._literals.get(key)
        if number is None:
            number = self._literals[key] = len(self.literals)
            self.literals.append(literal_to_json(value))
        return -1 - number, 0, WEAK[kind]

    def add(
        self, row: Op, operands: Sequence[Operand], params: dict[str, Any], params_key: Any = None
    ) -> tuple[int, tuple[int, ...]]:
        """Record an op. Gives its number and its outputs' types; a bad op raises and records nothing."""
        key: tuple[Any, ...]
        if len(operands) == 2:  # the usual case, without a loop
            (a, i, a_type), (b, j, b_type) = operands
            places: Sequence[int] = (a, i, b, j)
            key = (row.name, params_key, a_type, b_type)
        else:
            places = [number for operand in operands for number in operand[:2]]
            key = (row.name, params_key, *[operand[2] for operand in operands])
        form = self._form_of.get(key)
        if form is None:
            form = self._form_of[key] = self._infer(row, operands, params, params_key)
        self._site.append(self.call_site(ADD_DEPTH))
        self._form.append(form)
        self._operand.extend(places)
        number = self.n_ops
        self.n_ops = number + 1
        return number, self._forms[form][2]

    def add_source(self, value: NDArray[Any]) -> tuple[int, int]:
        """Record a source op for an array; its number and type. The value itself is given apart."""
        key = (value.dtype, value.shape)
        form = self._form_of.get(key)
        if form is None:
            params = {"shape": value.shape, "dtype": name_of(value.dtype)}
            form = self._form_of[key] = self._infer(OPS[DATA], (), params, tuple(params.items()))
        self._site.append(self.call_site(SOURCE_DEPTH))
        self._form.append(form)
        number = self.n_ops
        self.n_ops = number + 1
        return number, self._forms[form][2][0]

    def _infer(self, row: Op, operands: Sequence[Operand], params: dict[str, Any], params_key: Any) -> int:
        outs = row.infer([self.type(t) for _, _, t in operands], params)
        types = tuple(self.type_number(t) for t in outs)
        kind = self.kinds.number((row.name, tuple(params.items())), (row.name, params_key))
        self._forms.append((kind, len(operands), types))
        return len(self._forms) - 1

    def call_site(self, depth: int) -> int:
        """The number of the line outside this package that builds the op: at least so many calls up."""
        frame = sys._getframe(depth)
        known = self._sites.get((id(frame.f_code), frame.f_lasti, CALL.get()))
        return known[0] if known is not None else self._farther_site(frame)

    def _farther_site(self, frame: FrameType) -> int:
        while frame.f_code.co_filename.startswith(HERE) and frame.f_back is not None:
            frame = frame.f_back
        call = CALL.get()
        key = (id(frame.f_code), frame.f_lasti, call)
        if key not in self._sites:
            number = self.sites.number((frame.f_code.co_filename, frame.f_lineno, call))
            self._sites[key] = number, frame.f_code
        return self._sites[key][0]

    def own_op(self, op: int) -> str:
        """The name of the developer's own op that an op is part of, as far as it was built here."""
        call = self.sites.items[self._site[op]][2] if op < len(self._site) else None
        return call.name if call else ""

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
        form = np.array(self._form, np.int64)
        kind, arity, n_out, out_type = self._columns_of_forms(form)
        operand = np.array(self._operand, np.int32).reshape(-1, 2)
        batch = Batch(
            first_op=self.n_ops - self.n_pending,
            first=first,
            symbols=symbols,
            kind=kind,
            site=np.array(self._site[self.n_ops - self.n_pending :], np.uint32),
            arity=arity,
            operand=operand[:, 0],
            output=operand[:, 1].astype(np.uint16) if operand[:, 1].any() else np.zeros(0, np.uint16),
            n_out=n_out,
            out_type=out_type,
            values=b"".join(self._values),
            stored=self._stored,
            names=self._names,
        )
        self._submitted = [len(self.kinds), len(self.types), len(self.sites), len(self.literals)]
        self._clear()
        return batch

    def _columns_of_forms(self, form: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        """kind, arity, n_out and out_type of ops of these forms, as a batch has them."""
        forms = self._forms
        if len(form) < len(forms):  # else every question of a graph of many forms would cost all of them
            used, form = np.unique(form, return_inverse=True)
            forms = [forms[f] for f in used.tolist()]
        kinds, arities, types = zip(*forms, strict=True) if forms else ((), (), ())
        kind, arity = np.array(kinds, np.uint32)[form], np.array(arities, np.uint16)[form]
        n_out = np.array([len(outs) for outs in types], np.uint16)[form]
        if (n_out == 1).all():
            first = np.array([outs[0] if outs else 0 for outs in types], np.uint32)
            return kind, arity, np.zeros(0, np.uint16), first[form]
        return kind, arity, n_out, np.array([t for f in form.tolist() for t in types[f]], np.uint32)
