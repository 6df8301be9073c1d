"""Distinct elements with where and how often they occur, and which elements are among others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.errors import ParamError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.distinct import distinct
from ravspec.ops.op import Op, Sample, as_array
from ravspec.ops.params import Param
from ravspec.ops.sets import sorting
from ravspec.shapes import (
    BOOL,
    INT64,
    DType,
    Params,
    Shape,
    Typed,
    TypedOutputs,
    Types,
    always,
    normal_axis,
    shape_of,
    strong,
)

#: an output of uniques -> its shape (None: known once computed) from the operand's
Shapes = Callable[[Shape], Shape | None]


def unknown(shape: Shape) -> None:
    return None


def unchanged(shape: Shape) -> Shape:
    return shape


def split_uniques(x: Any, **asked: bool) -> tuple[Any, ...]:
    """np.unique with the extras asked for. Every NaN is an element of its own, as the array API has it."""
    found = distinct(x, equal_nan=False)
    extras = {
        "return_index": found.index,
        "return_inverse": found.inverse.reshape(np.shape(x)),
        "return_counts": found.counts,
    }
    return (found.values, *(extra for word, extra in extras.items() if asked.get(word)))


def uniques(name: str, doc: str, shapes: list[Shapes], **asked: bool) -> Op:
    """A row of np.unique with extras. shapes: of its outputs."""

    def types_of(types: Types, params: Params) -> list[Shape | None]:
        shape = shape_of(types[0])
        return [of(shape) for of in shapes]

    def dtypes(types: Types, params: Params) -> list[DType]:
        return [strong(types[0]), *[INT64] * (len(shapes) - 1)]

    def calls(rng: np.random.Generator) -> list[Sample]:
        x = samples.integers(rng, 3, 4, low=0, high=4)
        return [((x,), {}), ((x.astype("f4"),), {}), ((x[:0],), {}), ((x > 2,), {}), ((np.array(3.5),), {}),
                ((np.array([np.nan, 1.0, np.nan]),), {}), ((x + 1j,), {})]  # fmt: skip

    words = "".join(f", {key}=True" for key in asked)
    return Op(
        name=name,
        kernel=lambda x: split_uniques(x, **asked),
        rule=TypedOutputs(types_of, dtypes),
        numpy=f"np.unique(x, equal_nan=False{words})",
        doc=doc,
        samples=calls,
        flops=sorting(),
        unknown_shape=True,
    )


def isin_shape(types: Types, params: Params) -> Shape:
    return shape_of(types[0])


def isin(x1: Any, x2: Any, invert: bool) -> Any:
    return np.isin(as_array(x1), as_array(x2), invert=invert)


def isin_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.integers(rng, 3, 4, low=0, high=6)
    return [
        ((x, np.array([1, 4])), {}), ((x, np.array([1, 4])), {"invert": True}), ((x, 3), {}),
        ((x.astype("f4"), x[0].astype("f4")), {}), ((x[:0], x), {}), ((x, x[:0]), {}),
        ((2.0, np.array([2.0, np.nan])), {}),
    ]  # fmt: skip


def along_shape(types: Types, params: Params) -> Shape:
    """That of the indices; the other axes broadcast, as in NumPy."""
    shape, indices = shape_of(types[0]), shape_of(types[1])
    axis = normal_axis(params["axis"], len(shape))
    if len(indices) != len(shape):
        raise ParamError(
            f"take_along_axis: indices of {len(indices)} dimensions for an array of {len(shape)}"
        )
    sizes = []
    for i, (n, m) in enumerate(zip(shape, indices, strict=True)):
        if i != axis and n != m and 1 not in (n, m):
            raise ParamError(f"take_along_axis: shapes {shape} and {indices} do not fit beside axis {axis}")
        sizes.append(m if i == axis or n == 1 else n)
    return tuple(sizes)


def along_dtype(types: Types, params: Params) -> DType:
    if strong(types[1]).kind not in "iu":
        raise ParamError(f"take_along_axis needs integers as indices, not {types[1]}")
    return strong(types[0])


def along_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4)
    order = np.argsort(x, -1)
    return [
        ((x, order), {}), ((x.astype("f4"), order[:, :2]), {"axis": 1}), ((x, order[:1] % 3), {"axis": 0}),
        ((x[0], np.array([-1, 0])), {}), ((x, order[:, :0].astype("i4")), {}), ((x[:0], order[:0]), {}),
    ]  # fmt: skip


ROWS = (
    uniques(
        "unique_all",
        "The distinct elements, sorted, where each is found first, which of them each element is, and how "
        "often each occurs: four outputs.",
        [unknown, unknown, unchanged, unknown],
        return_index=True, return_inverse=True, return_counts=True,
    ),
    uniques("unique_values", "The distinct elements, sorted; every NaN is one of its own.", [unknown]),
    uniques(
        "unique_counts", "The distinct elements, sorted, and how often each occurs: two outputs.",
        [unknown, unknown], return_counts=True,
    ),
    uniques(
        "unique_inverse", "The distinct elements, sorted, and which of them each element is: two outputs.",
        [unknown, unchanged], return_inverse=True,
    ),
    Op(
        name="isin",
        operands="x1 x2",
        kernel=isin,
        rule=Typed(isin_shape, always(BOOL)),
        params={"invert": Param(kinds.flag, False)},
        numpy="np.isin(x1, x2, invert=invert)",
        doc="Where an element of x1 is (with invert: is not) among those of x2.",
        samples=isin_samples,
        flops=sorting(),
    ),
    Op(
        name="take_along_axis",
        operands="x indices",
        kernel=lambda x, indices, axis: np.take_along_axis(as_array(x), as_array(indices), axis),
        rule=Typed(along_shape, along_dtype),
        params={"axis": Param(kinds.integer, -1)},
        numpy="np.take_along_axis(x, indices, axis)",
        doc="Along an axis, the elements at the given positions of each line, as those that argsort gives.",
        samples=along_samples,
    ),
)  # fmt: skip
