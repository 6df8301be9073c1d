"""The op row: all that anybody needs to know of one op.

Rows stand beside their kernels in the chapters of this folder; `table.OPS` collects them. From a row
come ravop's function and method, the server's validation and cost, the contributors' dispatch, the
page docs/ops.md and the tests.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ravspec.errors import OpError, ParamError, ShapeError, nearest
from ravspec.ops.params import REQUIRED, Param
from ravspec.shapes import STRONG, ArrayType, Rule, Types


class Numeric(enum.StrEnum):
    """How closely two contributors agree on the outputs: measured over CPU features and BLAS kernels of x86,
    and in WebAssembly. Of complex operands see `Op.agreement`."""

    EXACT = "exact"  #: bit for bit
    ULP = "ulp"  #: within 4 units in the last place
    #: rtol 1e-9 and atol 1e-12 x the largest magnitude; of single precision, 1e-4 and 1e-5
    TOLERANCE = "tolerance"


#: in a result; what NumPy counts with is a signed integer of 64 bits
MOST_BYTES = 2**63 - 1

#: flops of an op from the types of its operands and outputs and its params
Flops = Callable[[Types, Types, Mapping[str, Any]], float]

#: one sample call for tests and for parity between contributors: operands, params
Sample = tuple[tuple[Any, ...], dict[str, Any]]


def per_output(weight: float = 1.0) -> Flops:
    """`weight` flops for each element of the outputs (or of the operands, where those are more)."""

    def flops(ins: Types, outs: Types, params: Mapping[str, Any]) -> float:
        return weight * max(1, sum(t.size for t in outs), max((t.size for t in ins), default=0))

    return flops


#: one flop an element: the default of a row
ONE_EACH = per_output()


def as_array(x: Any) -> Any:
    """An operand as an array; a Python int is an int64 one on every platform."""
    return x if isinstance(x, np.ndarray | np.generic) else np.asarray(x, STRONG.get(type(x)))


def of_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel whose operands are made arrays first."""
    return lambda *operands, **params: function(*map(as_array, operands), **params)


def as_int64(result: Any) -> Any:
    """Counts and positions, which WebAssembly's NumPy gives as int32."""
    return np.asarray(result).astype(np.int64, copy=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One op. `numpy` is the same computation as a NumPy expression: documentation, and the tests' oracle.

    operands: their names, in order; a last one that begins with "*" stands for one or more.
    kernel: called with the operands' values and the params as keywords; gives an array, or a tuple of
        arrays where the op has several outputs.
    rule: types of the outputs from types of the operands, see ravspec.shapes.
    bind: the public call form where it differs from `f(*operands, **params)`: takes what the developer
        passes and gives (operands, params). Its signature is the one shown in editors.
    unknown_shape: the outputs' shapes are known only once computed.
    """

    name: str
    kernel: Callable[..., Any]
    rule: Rule
    numpy: str
    doc: str
    operands: str = "x"
    params: Mapping[str, Param] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    param_aliases: Mapping[str, str] = field(default_factory=dict)
    bind: Callable[..., tuple[Sequence[Any], dict[str, Any]]] | None = None
    samples: Callable[[np.random.Generator], list[Sample]]
    numeric: Numeric = Numeric.EXACT
    flops: Flops = ONE_EACH
    unknown_shape: bool = False

    #: how few and how many operands the row takes
    least: int = field(init=False)
    most: float = field(init=False)

    def __post_init__(self) -> None:
        names = self.operand_names
        object.__setattr__(self, "least", len([name for name in names if not name.endswith("?")]))
        object.__setattr__(self, "most", math.inf if self.variadic else len(names))

    @property
    def operand_names(self) -> tuple[str, ...]:
        return tuple(self.operands.split())

    @property
    def variadic(self) -> bool:
        return "*" in self.operands

    def agreement(self, types: Types) -> Numeric:
        """The numeric class for these operands: complex products are fused on some CPUs, so close only."""
        return Numeric.TOLERANCE if any(np.dtype(t.dtype).kind == "c" for t in types) else self.numeric

    def check_arity(self, count: int) -> None:
        """A wrong number of operands is a ParamError."""
        if not self.least <= count <= self.most:
            names = ", ".join(self.operand_names)
            raise ParamError(f"{self.name} takes {names or 'no operands'}; got {count} operands")

    def canonical_params(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every param of the row, in the row's order, canonical; unknown and missing ones are errors."""
        named = {self.param_aliases.get(key, key): value for key, value in given.items()}
        if len(named) < len(given):
            raise ParamError(f"{self.name} got a param under two names: {', '.join(given)}")
        for key in named:
            if key not in self.params:
                raise ParamError(f'{self.name} has no param "{key}"{nearest(key, self.params)}')
        params = {}
        for key, param in self.params.items():
            value = named.get(key, param.default)
            if value is REQUIRED:
                raise ParamError(f'{self.name} needs the param "{key}"')
            try:
                params[key] = param.canonical(value)
            except OpError as error:
                raise type(error)(f'{self.name}: param "{key}" {error!s:.300}') from None
            except (TypeError, ValueError, OverflowError):  # of NumPy, asked what it makes of the value
                raise ParamError(f'{self.name}: param "{key}" cannot be {value!r:.100}') from None
        return params

    def infer(self, types: Types, params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
        """The outputs' types; shapes are None where an operand's shape, or the op's own, is not known."""
        self.check_arity(len(types))
        try:
            known = all(t.shape is not None for t in types)
            outs = self.rule(types, params) if known else self.rule.unknown(types, params)
        except OpError as error:
            raise named(error, self.name) from None
        for t in outs:
            check_size(t, self.name)
        return outs


def named(error: OpError, name: str) -> OpError:
    """The error with the op's name in its words: rules that several ops share do not know it."""
    words = str(error)
    return error if re.search(rf"\b{name}\b", words) else type(error)(f"{name}: {words}")


def check_size(t: ArrayType, name: str) -> None:
    """An array that no address space holds is a ShapeError; whether a machine holds it is seen there."""
    if t.shape is not None and (t.size_bytes > MOST_BYTES or any(n > MOST_BYTES for n in t.shape)):
        raise ShapeError(f"{name}: an array {t} is larger than 2**63 bytes, which nothing holds")
