"""Ops without operands that make arrays, and the source op that carries a developer's own value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.codec import dtype_of
from ravspec.ops import params as kinds
from ravspec.ops.op import Op, Sample
from ravspec.ops.params import Param
from ravspec.shapes import ArrayType, Params, Types


def data_kernel(**params: Any) -> Any:
    """A source is never computed: its value was sent with it."""
    raise AssertionError("a source op reached a contributor")


def typed_shape(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """The shape and dtype that the params name."""
    return (ArrayType(params["shape"], dtype_of(params["dtype"])),)


def zeros_samples(rng: np.random.Generator) -> list[Sample]:
    return [((), {"shape": (2, 3), "dtype": "int32"}), ((), {"shape": 4}), ((), {"shape": ()})]


def zeros(shape: tuple[int, ...], dtype: str) -> Any:
    return np.zeros(shape, dtype)


#: the name of the op that carries a value of the developer's; RDF called it linear
DATA = "data"

ROWS = (
    Op(
        name=DATA,
        operands="",
        kernel=data_kernel,
        rule=typed_shape,
        params={"shape": Param(kinds.shape), "dtype": Param(kinds.dtype)},
        numpy="np.asarray(value)",
        doc="A value of the developer's: `R.t(value)`, or an array among the operands of an op.",
        samples=lambda rng: [],
    ),
    Op(
        name="zeros",
        operands="",
        kernel=zeros,
        rule=typed_shape,
        params={"shape": Param(kinds.shape), "dtype": Param(kinds.dtype, "float64")},
        numpy="np.zeros(shape, dtype)",
        doc="An array of zeros.",
        samples=zeros_samples,
    ),
)
