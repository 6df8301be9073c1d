"""Shapes: the same elements in another arrangement."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.codec import dtype_of
from ravspec.errors import DTypeError, ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Op, Sample, as_array, of_arrays
from ravspec.ops.params import Param
from ravspec.ops.samples import several
from ravspec.shapes import (
    DType,
    Params,
    Shape,
    ShapeHalf,
    Typed,
    Types,
    broadcast,
    normal_axes,
    normal_axis,
    same_dtype,
    same_shape,
    shape_of,
    strong,
)

Bound = tuple[tuple[Any, ...], dict[str, Any]]


def bind_reshape(x: Any, /, *sizes: Any, shape: Any = None) -> Bound:
    """reshape(x, (2, 3)), reshape(x, 2, 3) or reshape(x, shape=(2, 3))."""
    if (shape is None) == (not sizes):
        raise ParamError("reshape takes one shape: reshape(x, (2, 3)) or reshape(x, shape=(2, 3))")
    given = sizes[0] if len(sizes) == 1 else sizes
    return (x,), {"shape": given if shape is None else shape}


def reshape_shape(types: Types, params: Params) -> Shape:
    shape, new = shape_of(types[0]), params["shape"]
    size, known = math.prod(shape), math.prod([n for n in new if n != -1])
    open_axes = new.count(-1)
    if open_axes > 1 or any(n < -1 for n in new):
        raise ShapeError(f"a new shape can leave one length open as -1; got {new}")
    if (open_axes and (known == 0 or size % known)) or (not open_axes and known != size):
        raise ShapeError(f"an array of shape {shape} ({size} elements) cannot be reshaped to {new}")
    return tuple([size // known if n == -1 else n for n in new]) if open_axes else tuple(new)


def bind_transpose(x: Any, /, *order: Any, axes: Any = None) -> Bound:
    """transpose(x), transpose(x, (1, 0)), transpose(x, 1, 0) or transpose(x, axes=(1, 0))."""
    if order and axes is not None:
        raise ParamError("transpose takes the axes once: transpose(x, (1, 0)) or transpose(x, axes=(1, 0))")
    return (x,), {"axes": order[0] if len(order) == 1 else order or axes}


def transpose_shape(types: Types, params: Params) -> Shape:
    shape, axes = shape_of(types[0]), params["axes"]
    if axes is None:
        return shape[::-1]
    if len(axes) != len(shape):
        raise ShapeError(f"axes {axes} do not order the {len(shape)} dimensions of an array of shape {shape}")
    return tuple([shape[i] for i in normal_axes(axes, len(shape))])


def matrix_transpose_shape(types: Types, params: Params) -> Shape:
    shape = shape_of(types[0])
    if len(shape) < 2:
        raise ShapeError(f"matrix_transpose needs a matrix; got shape {shape}")
    return (*shape[:-2], shape[-1], shape[-2])


def swapaxes_shape(types: Types, params: Params) -> Shape:
    shape = list(shape_of(types[0]))
    i, j = (normal_axis(params[key], len(shape)) for key in ("axis1", "axis2"))
    shape[i], shape[j] = shape[j], shape[i]
    return tuple(shape)


def moveaxis_shape(types: Types, params: Params) -> Shape:
    shape = shape_of(types[0])
    source = normal_axes(params["source"], len(shape))
    destination = normal_axes(params["destination"], len(shape))
    if len(source) != len(destination):
        raise ShapeError("moveaxis needs as many destinations as sources")
    order = [i for i in range(len(shape)) if i not in source]
    for to, axis in sorted(zip(destination, source, strict=True)):
        order.insert(to, axis)
    return tuple([shape[i] for i in order])


def flat_shape(types: Types, params: Params) -> Shape:
    return (math.prod(shape_of(types[0])),)


def squeeze_shape(types: Types, params: Params) -> Shape:
    shape, axis = shape_of(types[0]), params["axis"]
    if axis is None:
        return tuple([n for n in shape if n != 1])
    gone = normal_axes(axis, len(shape))
    if any(shape[i] != 1 for i in gone):
        raise ShapeError(f"squeeze removes axes of length 1 only: not {axis} of shape {shape}")
    return tuple([n for i, n in enumerate(shape) if i not in gone])


def expand_shape(types: Types, params: Params) -> Shape:
    shape, axis = shape_of(types[0]), params["axis"]
    count = 1 if isinstance(axis, int) else len(axis)
    new = normal_axes(axis, len(shape) + count)
    rest = iter(shape)
    return tuple([1 if i in new else next(rest) for i in range(len(shape) + count)])


def broadcast_to_shape(types: Types, params: Params) -> Shape:
    shape, wanted = shape_of(types[0]), params["shape"]
    if broadcast([shape, wanted]) != wanted:
        raise ShapeError(f"an array of shape {shape} does not broadcast to {wanted}")
    return tuple(wanted)


def flip_shape(types: Types, params: Params) -> Shape:
    shape = shape_of(types[0])
    normal_axes(params["axis"], len(shape))
    return shape


def roll_shape(types: Types, params: Params) -> Shape:
    """Shifts and axes broadcast against each other; an axis may come twice."""
    shape, shift, axis = shape_of(types[0]), params["shift"], params["axis"]
    if axis is None:
        return shape
    axes = (axis,) if isinstance(axis, int) else axis
    for one in axes:
        normal_axis(one, len(shape))
    if not isinstance(shift, int) and 1 not in (len(shift), len(axes)) and len(shift) != len(axes):
        raise ShapeError(f"roll by {len(shift)} shifts along {len(axes)} axes")
    return shape


def triangle_shape(types: Types, params: Params) -> Shape:
    shape = shape_of(types[0])
    if not shape:
        raise ShapeError("a number has no triangle: tril and triu need a matrix")
    return shape if len(shape) > 1 else shape * 2


def diag_shape(types: Types, params: Params) -> Shape:
    """A vector makes a matrix, a matrix gives its diagonal."""
    shape, k = shape_of(types[0]), params["k"]
    if len(shape) == 1:
        return (shape[0] + abs(k),) * 2
    if len(shape) != 2:
        raise ShapeError(f"diag needs a vector or a matrix; got shape {shape}")
    rows, columns = (shape[0], shape[1] - k) if k >= 0 else (shape[0] + k, shape[1])
    return (max(0, min(rows, columns)),)


def calls(*params: dict[str, Any], shape: Shape = (2, 3, 4), empty: bool = True) -> samples.Samples:
    """A sample for each params, of one shape; with the first also of other dtypes, and of no elements."""

    def made(rng: np.random.Generator) -> list[Sample]:
        x = samples.reals(rng, *shape)
        others = [samples.values(rng, dtype, *shape) for dtype in ("f4", "i2", "?", "c8")]
        others += [x[..., :0]] if empty and shape else []
        return [((x,), dict(p)) for p in params] + [((other,), dict(params[0])) for other in others]

    return made


def arrange(name: str, kernel: Callable[..., Any], shape: ShapeHalf, doc: str, **more: Any) -> Op:
    """A row that keeps the dtype."""
    return Op(name=name, kernel=of_arrays(kernel), rule=Typed(shape, same_dtype), doc=doc, **more)


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return np.reshape(x, shape)


def astype(x: Any, dtype: str) -> Any:
    return as_array(x).astype(dtype)


def astype_dtype(types: Types, params: Params) -> DType:
    if strong(types[0]).kind == "c" and np.dtype(params["dtype"]).kind not in "cb":
        raise DTypeError(
            f"{strong(types[0])} does not become {params['dtype']}: take real, imag or abs of it"
        )
    return dtype_of(params["dtype"])


AXIS = Param(kinds.axis, None)
K = {"k": Param(kinds.integer, 0)}
TRIANGLES = several(calls({}, {"k": -1}, {"k": 1}, shape=(3, 4)), calls({"k": 1}), calls({}, shape=(3,)))

ROWS = (
    arrange(
        "reshape", reshape, reshape_shape, "The elements in another shape; one length may be left as -1.",
        params={"shape": Param(kinds.sizes)},
        bind=bind_reshape,
        numpy="np.reshape(x, shape)",
        samples=several(
            calls({"shape": (4, 6)}, {"shape": -1}, {"shape": [2, -1, 2]}, {"shape": (3, 2, 2, 2)},
                  empty=False),
            calls({"shape": (0, 5)}, {"shape": -1}, shape=(0, 3)),
            calls({"shape": ()}, {"shape": (1, -1)}, shape=(1,), empty=False),
        ),
    ),
    arrange(
        "flatten", np.ravel, flat_shape, "The elements in one dimension, by rows (C) or columns (F).",
        params={"order": Param(kinds.choice("C", "F"), "C")},
        aliases=("ravel",),
        numpy="np.ravel(x, order)",
        samples=several(calls({}, {"order": "F"}), calls({}, shape=()), calls({}, shape=(2, 0))),
    ),
    arrange(
        "squeeze", np.squeeze, squeeze_shape, "Without axes of length 1: all of them, or the given ones.",
        params={"axis": AXIS},
        numpy="np.squeeze(x, axis)",
        samples=calls({}, {"axis": 0}, {"axis": (-1, 0)}, shape=(1, 3, 1)),
    ),
    arrange(
        "expand_dims", np.expand_dims, expand_shape, "With a new axis of length 1, or several.",
        params={"axis": Param(kinds.some_axes, 0)},
        numpy="np.expand_dims(x, axis)",
        samples=several(calls({}, {"axis": -1}, {"axis": (0, 2)}), calls({}, shape=())),
    ),
    arrange(
        "transpose", np.transpose, transpose_shape, "The axes in another order: reversed, or as given.",
        params={"axes": Param(kinds.optional(kinds.integers), None)},
        bind=bind_transpose,

        numpy="np.transpose(x, axes)",
        samples=several(calls({}, {"axes": (1, 2, 0)}, {"axes": [-1, 0, 1]}), calls({}, shape=())),
    ),
    arrange(
        "matrix_transpose", np.matrix_transpose, matrix_transpose_shape, "The last two axes exchanged.",
        numpy="np.swapaxes(x, -1, -2)",
        samples=calls({}),
    ),
    arrange(
        "swapaxes", np.swapaxes, swapaxes_shape, "Two axes exchanged.",
        params={"axis1": Param(kinds.integer), "axis2": Param(kinds.integer)},
        numpy="np.swapaxes(x, axis1, axis2)",
        samples=calls({"axis1": 0, "axis2": -1}, {"axis1": 1, "axis2": 1}),
    ),
    arrange(
        "moveaxis", np.moveaxis, moveaxis_shape, "Axes moved to other places, the others in their order.",
        params={"source": Param(kinds.some_axes), "destination": Param(kinds.some_axes)},
        numpy="np.moveaxis(x, source, destination)",
        samples=calls({"source": 0, "destination": -1}, {"source": (0, 1), "destination": [2, 0]}),
    ),
    arrange(
        "broadcast_to", np.broadcast_to, broadcast_to_shape, "Repeated along axes of length 1, and new ones.",
        params={"shape": Param(kinds.shape)},
        numpy="np.broadcast_to(x, shape)",
        samples=several(
            calls({"shape": (2, 4, 3)}, {"shape": (4, 3)}, shape=(4, 1), empty=False),
            calls({"shape": (2, 0)}, shape=(0,)),
            calls({"shape": (0, 2)}, {"shape": 2}, shape=()),
        ),
    ),
    arrange(
        "flip", np.flip, flip_shape, "The order reversed along axes (all by default).",
        params={"axis": AXIS},
        aliases=("reverse",),
        numpy="np.flip(x, axis)",
        samples=several(calls({}, {"axis": 1}, {"axis": (0, -1)}), calls({}, shape=())),
    ),
    arrange(
        "roll", np.roll, roll_shape, "Moved along axes; what falls out at one end comes in at the other.",
        params={"shift": Param(kinds.some_axes), "axis": AXIS},
        numpy="np.roll(x, shift, axis)",
        samples=calls({"shift": 2}, {"shift": -1, "axis": 1}, {"shift": (1, 2), "axis": (0, -1)},
                      {"shift": 1, "axis": (0, 1)}),
    ),
    arrange(
        "tril", np.tril, triangle_shape, "Zero above the k-th diagonal.",
        params=K, numpy="np.tril(x, k)", samples=TRIANGLES,
    ),
    arrange(
        "triu", np.triu, triangle_shape, "Zero below the k-th diagonal.",
        params=K, numpy="np.triu(x, k)", samples=TRIANGLES,
    ),
    arrange(
        "diag", np.diag, diag_shape, "The matrix with a vector on its k-th diagonal, or a matrix's diagonal.",
        params=K,
        numpy="np.diag(x, k)",
        samples=several(calls({}, {"k": -2}, shape=(3,)), calls({}, {"k": 1}, {"k": -9}, shape=(3, 4))),
    ),
    Op(
        name="astype",
        kernel=astype,
        rule=Typed(same_shape, astype_dtype),
        params={"dtype": Param(kinds.dtype)},
        aliases=("cast",),
        numpy="np.asarray(x, dtype)",
        doc="The elements in another dtype; floats are cut to integers.",
        samples=several(
            samples.unary("fib", dtype="int32", low=0), samples.unary("fibc", dtype=complex),
            samples.unary("i", dtype="f4"), samples.unary("fic", dtype=bool),
        ),
    ),
)  # fmt: skip
