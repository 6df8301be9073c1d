"""Ops that make arrays of params alone, and the source op that carries a developer's own value."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.codec import dtype_of
from ravspec.errors import ParamError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, as_array
from ravspec.ops.params import Param
from ravspec.shapes import (
    FLOAT64,
    INT64,
    STRONG,
    DType,
    Params,
    Shape,
    Typed,
    Types,
    same_shape,
    strong,
)

DTYPE = Param(kinds.optional(kinds.dtype), None)
#: float64 where none is named
FLOAT = Param(lambda value: kinds.dtype("float64" if value is None else value), "float64")


def data_kernel(**params: Any) -> Any:
    """A source is never computed: its value was sent with it."""
    raise AssertionError("a source op reached a contributor")


def named_shape(types: Types, params: Params) -> Shape:
    return tuple(params["shape"])


def named_dtype(types: Types, params: Params) -> DType:
    return dtype_of(params["dtype"])


def shape_samples(rng: np.random.Generator) -> list[Sample]:
    return [((), {"shape": (2, 3), "dtype": "int32"}), ((), {"shape": 4}), ((), {"shape": ()}),
            ((), {"shape": [0, 2], "dtype": bool})]  # fmt: skip


def filled(name: str, kernel: Callable[..., Any], doc: str) -> Op:
    """A row of an array of one number."""
    return Op(
        name=name,
        operands="",
        kernel=kernel,
        rule=Typed(named_shape, named_dtype),
        params={"shape": Param(kinds.shape), "dtype": FLOAT},
        numpy=f"np.{name}(shape, dtype)",
        doc=doc,
        samples=shape_samples,
    )


def like_dtype(types: Types, params: Params) -> DType:
    """The dtype asked for, or the operand's."""
    return dtype_of(params["dtype"]) if params["dtype"] else strong(types[0])


def like(name: str, value: Any, doc: str) -> Op:
    """A row of an array of one number in an operand's shape."""

    def kernel(x: Any, dtype: str | None) -> Any:
        return np.full(np.shape(x), value, dtype or as_array(x).dtype)

    return Op(
        name=name,
        kernel=kernel,
        rule=Typed(same_shape, like_dtype),
        params={"dtype": DTYPE},
        numpy=f"np.{name}(x, dtype)",
        doc=doc,
        samples=lambda rng: [*samples.unary("fib")(rng), ((np.ones((2, 3)),), {"dtype": "int16"})],
    )


def full(shape: Any, fill_value: Any, dtype: str | None) -> Any:
    value = kinds.scalar_value(fill_value)
    return np.full(shape, value, dtype or STRONG[type(value)])


def full_dtype(types: Types, params: Params) -> DType:
    return dtype_of(params["dtype"] or STRONG[type(kinds.scalar_value(params["fill_value"]))].name)


def full_like(x: Any, fill_value: Any, dtype: str | None) -> Any:
    return np.full(np.shape(x), kinds.scalar_value(fill_value), dtype or as_array(x).dtype)


def bind_arange(
    start: Any, stop: Any = None, step: Any = 1, dtype: Any = None
) -> tuple[tuple[()], dict[str, Any]]:
    """arange(stop), or arange(start, stop, step)."""
    if stop is None:
        start, stop = 0, start
    return (), {"start": start, "stop": stop, "step": step, "dtype": dtype}


def arange_shape(types: Types, params: Params) -> Shape:
    if params["step"] == 0:
        raise ParamError("arange: the step cannot be zero")
    return (max(0, math.ceil((params["stop"] - params["start"]) / params["step"])),)


def arange_dtype(types: Types, params: Params) -> DType:
    """int64 where all three are integers."""
    if params["dtype"]:
        return dtype_of(params["dtype"])
    return INT64 if all(isinstance(params[key], int) for key in ("start", "stop", "step")) else FLOAT64


def arange(**params: Any) -> Any:
    start, stop, step = params["start"], params["stop"], params["step"]
    return np.arange(start, stop, step, dtype=arange_dtype((), params))


def arange_samples(rng: np.random.Generator) -> list[Sample]:
    calls = [
        bind_arange(5), bind_arange(2, 9, 3), bind_arange(5, 0, -2), bind_arange(3, 1),
        bind_arange(0, 1, 0.1), bind_arange(1.5, -2, -0.5, "float32"), bind_arange(4, dtype=np.int16),
    ]  # fmt: skip
    return [(operands, params) for operands, params in calls]


def linspace_dtype(types: Types, params: Params) -> DType:
    return dtype_of(params["dtype"] or "float64")


def linspace(start: Any, stop: Any, num: int, endpoint: bool, dtype: str | None) -> Any:
    return np.linspace(start, stop, num, endpoint, dtype=dtype or "float64")


def linspace_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        ((), {"start": 0, "stop": 1}),
        ((), {"start": -1.5, "stop": 2, "num": 7, "endpoint": False}),
        ((), {"start": 3, "stop": 3, "num": 1, "dtype": "float32"}),
        ((), {"start": 0, "stop": 10, "num": 4, "dtype": "int64"}),
        ((), {"start": 0, "stop": 1, "num": 0}),
    ]


def matrix_shape(types: Types, params: Params) -> Shape:
    rows, columns = params["n_rows"], params["n_cols"]
    return (rows, rows if columns is None else columns)


def triangle(name: str, kernel: Callable[..., Any], doc: str, aliases: tuple[str, ...] = ()) -> Op:
    """A row of a matrix of ones and zeros."""
    return Op(
        name=name,
        operands="",
        kernel=lambda n_rows, n_cols, k, dtype: kernel(n_rows, n_cols, k, dtype),
        rule=Typed(matrix_shape, named_dtype),
        params={
            "n_rows": Param(kinds.count),
            "n_cols": Param(kinds.optional(kinds.count), None),
            "k": Param(kinds.integer, 0),
            "dtype": FLOAT,
        },
        param_aliases={"N": "n_rows", "M": "n_cols"},
        numpy=f"np.{name}(n_rows, n_cols, k, dtype)",
        doc=doc,
        aliases=aliases,
        samples=lambda rng: [
            ((), {"n_rows": 3}), ((), {"N": 2, "M": 4, "k": 1, "dtype": "int32"}),
            ((), {"n_rows": 4, "k": -2}), ((), {"n_rows": 0}),
        ],
    )  # fmt: skip


#: the name of the op that carries a value of the developer's; RDF called it linear
DATA = "data"

ROWS = (
    Op(
        name=DATA,
        operands="",
        kernel=data_kernel,
        rule=Typed(named_shape, named_dtype),
        params={"shape": Param(kinds.shape), "dtype": Param(kinds.dtype)},
        numpy="np.asarray(value)",
        doc="A value of the developer's: `R.t(value)`, or an array among the operands of an op.",
        samples=lambda rng: [],
    ),
    filled("zeros", np.zeros, "An array of zeros."),
    filled("ones", np.ones, "An array of ones."),
    Op(
        name="full",
        operands="",
        kernel=full,
        rule=Typed(named_shape, full_dtype),
        params={"shape": Param(kinds.shape), "fill_value": Param(kinds.scalar), "dtype": DTYPE},
        numpy="np.full(shape, number(fill_value), dtype)",
        doc="An array of one number.",
        samples=lambda rng: [
            ((), {"shape": (2, 3), "fill_value": 7}), ((), {"shape": 2, "fill_value": True}),
            ((), {"shape": (), "fill_value": 1.5, "dtype": "float32"}), ((), {"shape": 0, "fill_value": 2j}),
            ((), {"shape": 3, "fill_value": np.inf}), ((), {"shape": 3, "fill_value": float("nan")}),
            ((), {"shape": (1, 2), "fill_value": complex(-1, np.inf)}),
        ],
    ),
    like("zeros_like", 0, "Zeros in the shape and dtype of the operand."),
    like("ones_like", 1, "Ones in the shape and dtype of the operand."),
    Op(
        name="full_like",
        kernel=full_like,
        rule=Typed(same_shape, like_dtype),
        params={"fill_value": Param(kinds.scalar), "dtype": DTYPE},
        numpy="np.full_like(x, number(fill_value), dtype)",
        doc="One number in the shape and dtype of the operand.",
        samples=lambda rng: [
            ((np.ones((2, 3)),), {"fill_value": 4}), ((np.arange(3),), {"fill_value": 2.5}),
            ((np.ones((), "f4"),), {"fill_value": np.nan}), ((np.ones((0, 2)),), {"fill_value": 1}),
            ((np.arange(2),), {"fill_value": 1j, "dtype": "complex64"}),
        ],
    ),
    Op(
        name="arange",
        operands="",
        kernel=arange,
        rule=Typed(arange_shape, arange_dtype),
        params={
            "start": Param(kinds.number), "stop": Param(kinds.number), "step": Param(kinds.number, 1),
            "dtype": DTYPE,
        },
        bind=bind_arange,
        numpy="np.arange(start, stop, step, dtype)",
        doc="Numbers from start (0) up to, without, stop, in steps.",
        samples=arange_samples,
        numeric=Numeric.TOLERANCE,
    ),
    Op(
        name="linspace",
        operands="",
        kernel=linspace,
        rule=Typed(lambda types, params: (params["num"],), linspace_dtype),
        params={
            "start": Param(kinds.number), "stop": Param(kinds.number), "num": Param(kinds.count, 50),
            "endpoint": Param(kinds.flag, True), "dtype": DTYPE,
        },
        numpy="np.linspace(start, stop, num, endpoint, dtype=dtype)",
        doc="So many numbers, evenly spaced from start to stop.",
        samples=linspace_samples,
    ),
    triangle("eye", np.eye, "A matrix with ones on the k-th diagonal, zeros elsewhere.", ("identity",)),
    triangle("tri", np.tri, "A matrix with ones on the k-th diagonal and below."),
)  # fmt: skip
