"""RDF's other functions, composed of ops of the table, under RDF's names and params."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravop.factory import FUNCTIONS, create
from ravop.naming import in_its_name
from ravop.standard import asarray, nonzero, unique
from ravop.tensor import Tensor
from ravspec.errors import ParamError, UnknownOp, nearest

Tensors = tuple[Tensor, ...]


@in_its_name
def create_op(operator: str, *operands: Any, **params: Any) -> Any:
    """An op by its name, RDF's operator strings included: create_op("matrix_sum", x, axis=0)."""
    return named(operator, "create_op")(*operands, **params)


def named(operator: str, caller: str) -> Any:
    """The function of an op by its name."""
    if operator not in FUNCTIONS:
        raise UnknownOp(f'{caller}: no op is called "{operator}"{nearest(operator, FUNCTIONS)}')
    return FUNCTIONS[operator]


@in_its_name
def shape(x: Any, index: int | None = None) -> Any:
    """The shape of a tensor, or one entry of it."""
    lengths = asarray(x).shape
    return lengths if index is None else lengths[index]


@in_its_name
def size(x: Any) -> int:
    """How many elements a tensor has."""
    return asarray(x).size


@in_its_name
def find_indices(x: Any, values: Any) -> Tensor | Tensors:
    """Where a vector has a value: its positions; for several values a tuple of them."""
    x = asarray(x)
    if x.ndim != 1:
        raise ParamError(f"find_indices looks through a vector; got shape {x.shape}")
    wanted = values() if isinstance(values, Tensor) else np.asarray(values)
    found = tuple(nonzero(x == value)[0] for value in np.ravel(wanted).tolist())
    return found if np.ndim(wanted) else found[0]


@in_its_name
def slice(x: Any, begin: Any, size: Any = None) -> Tensor:
    """The elements from `begin` on, `size` of them or all that follow, along the first axis or several."""
    begins, sizes = as_list(begin), as_list(size) if size is not None else []
    if sizes and len(sizes) != len(begins):
        raise ParamError(f"slice: begin has {len(begins)} entries, size {len(sizes)}")
    stops = [b + n for b, n in zip(begins, sizes, strict=True)] if sizes else [None] * len(begins)
    key = tuple(_slice(b, stop) for b, stop in zip(begins, stops, strict=True))
    result: Tensor = asarray(x)[key]
    return result


_slice = type(np.s_[:])


def as_list(value: Any) -> list[int]:
    """One integer or several."""
    return [int(v) for v in np.ravel(np.asarray(value))]


@in_its_name
def join_to_list(x1: Any, x2: Any) -> Tensor:
    """All elements of two arrays in one vector."""
    result: Tensor = FUNCTIONS["concat"]([asarray(x1), asarray(x2)], axis=None)
    return result


@in_its_name
def ravint(x: Any) -> Tensor:
    """A number without its fraction, as an integer."""
    result: Tensor = FUNCTIONS["trunc"](asarray(x)).astype("int64")
    return result


@in_its_name
def average(x: Any, axis: int | None = None, weights: Any = None) -> Tensor:
    """The mean, or where there are weights, one for each slice along the axis, the weighted mean."""
    x = asarray(x)
    if weights is None:
        mean: Tensor = FUNCTIONS["mean"](x, axis=axis)
        return mean
    w = asarray(weights)
    if w.shape != x.shape:
        if axis is None or w.shape != (x.shape[axis],):
            raise ParamError(f"average: weights of shape {w.shape} for an array of shape {x.shape}")
        w = w.reshape(tuple(-1 if i == axis % x.ndim else 1 for i in range(x.ndim)))
    one = FUNCTIONS["ones_like"](x)
    result: Tensor = (x * w).sum(axis=axis) / (one * w).sum(axis=axis)
    return result


@in_its_name
def one_hot_encoding(x: Any, depth: Any) -> Tensor:
    """For each integer from 0 to depth - 1 a row of zeros with a one at its place; axes of length 1 go."""
    x = asarray(x)
    result: Tensor = FUNCTIONS["squeeze"](create(x.graph, "eye", n_rows=depth)[x])
    return result


@in_its_name
def foreach(x: Any, operation: str, **params: Any) -> Tensor:
    """An op, by its name, on each slice along the first axis; the results side by side."""
    function, x = named(operation, "foreach"), asarray(x)
    if not x.shape or not x.shape[0]:
        raise ParamError(f"foreach needs slices; got shape {x.shape}")
    result: Tensor = FUNCTIONS["stack"]([function(x[i], **params) for i in range(x.shape[0])])
    return result


@in_its_name
def random(x: Any, size: int | None = None, seed: int | None = None) -> Tensor:
    """Elements of a vector drawn at random without putting them back: `size` of them, or one."""
    x = asarray(x)
    drawn: Tensor = FUNCTIONS["random_permutation"](x, seed=seed)
    if size is not None and not 0 <= size <= x.shape[0]:
        raise ParamError(f"random: {size} of {x.shape[0]} elements cannot be drawn without putting them back")
    return drawn[0] if size is None else drawn[:size]


@in_its_name
def cnn_index(x: Any, index1: Any, index2: Any, index3: Any) -> Tensor:
    """x[:, index1, index2, index3]: the patches of images, for a convolution as a product of matrices."""
    return asarray(x)[:, index1, index2, index3]


@in_its_name
def cnn_index_2(x: Any, pad_h: int, height: int, pad_w: int, width: int) -> Tensor:
    """x[:, :, pad_h:pad_h + height, pad_w:pad_w + width]: images without their padding."""
    return asarray(x)[:, :, pad_h : pad_h + height, pad_w : pad_w + width]


@in_its_name
def cnn_add_at(x: Any, value: Any, index1: Any, index2: Any, index3: Any) -> Tensor:
    """x with value added at [:, index1, index2, index3], as often as an element is named there."""
    result: Tensor = FUNCTIONS["index_add"](x, (_slice(None), index1, index2, index3), value)
    return result


def wait_till_computed(x: Tensor) -> None:
    """Wait until the value of a tensor is there."""
    x()


def get_status(x: Tensor) -> str:
    """The state of a tensor's op at the server: pending, computed or failed."""
    state: str = x.graph.ops[x.id]["state"]
    return state


def get_dtype(x: Tensor) -> str:
    """The name of a tensor's dtype."""
    return str(x.dtype)


def get_shape(x: Tensor) -> tuple[int, ...]:
    """The shape of a tensor."""
    return x.shape


#: these are methods too, as every op of RDF was; `shape` and `size` are the array API's attributes
METHODS = (
    find_indices, slice, join_to_list, ravint, average, one_hot_encoding, foreach, random, cnn_index,
    cnn_index_2, cnn_add_at, unique, wait_till_computed, get_status, get_dtype, get_shape,
)  # fmt: skip
for _method in METHODS:
    setattr(Tensor, _method.__name__, _method)
#: the first documents print `x.output`
setattr(Tensor, "output", property(lambda x: x(), doc="The value; waits for it."))  # noqa: B010
