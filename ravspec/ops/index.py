"""Indexing, NumPy's basic and advanced.

A key travels as a param, a tuple with one entry a position; the arrays in it become operands, in order:

    3                    an integer
    ("slice", a, b, c)   a slice; None where it was left out
    "newaxis", "..."     numpy.newaxis, Ellipsis
    "array"              the next operand, an array of integers
    ("mask", n)          the next operand, an array of bools with n true elements; None: not known yet
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ravspec.errors import BadIndex, DTypeError, ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Op, Sample, as_array, per_output
from ravspec.ops.params import Param
from ravspec.shapes import (
    BOOL,
    ArrayType,
    DType,
    Params,
    Shape,
    Typed,
    Types,
    broadcast,
    same_dtype,
    shape_of,
    strong,
)

Entry = int | str | tuple[Any, ...]
Bound = tuple[list[Any], dict[str, Any]]


def canonical_key(value: Any) -> tuple[Entry, ...]:
    """A key in the form above, checked entry by entry."""
    if not isinstance(value, tuple | list):
        raise ParamError(f"must be a sequence of index entries, not {value!r}")
    return tuple(canonical_entry(entry) for entry in value)


def canonical_entry(entry: Any) -> Entry:
    bound = kinds.optional(kinds.integer)
    match entry:
        case "newaxis" | "..." | "array":
            return str(entry)
        case ("slice", start, stop, step) | ["slice", start, stop, step]:
            return ("slice", bound(start), bound(stop), bound(step))
        case ("mask", count) | ["mask", count]:
            return ("mask", bound(count))
    return kinds.integer(entry)


def bind_index(x: Any, key: Any = None, /, *, indices: Any = None) -> Bound:
    """The key of x[key]: its arrays become operands, the rest the param. RDF calls the key indices."""
    entries, arrays = split_key(key if indices is None else indices)
    return [x, *arrays], {"key": entries}


def bind_set_item(
    x: Any, key: Any = None, to: Any = None, /, *, indices: Any = None, index: Any = None, value: Any = None
) -> Bound:
    """set_item(x, key, value), or RDF's set_value(x, value, indices=key) or (x, index=key, value=value)."""
    named = indices if index is None else index
    if named is not None:
        key, to = named, key
    to = to if value is None else value
    if to is None:
        raise ParamError("set_item takes an array, a key and a value: set_item(x, 0, 2.5)")
    entries, arrays = split_key(key)
    return [x, to, *arrays], {"key": entries}


def split_key(key: Any) -> tuple[tuple[Entry, ...], list[Any]]:
    """A key as it is written in x[key]: its entries, and the arrays among them."""
    entries, arrays = [], []
    for part in key if isinstance(key, tuple) else (key,):
        entry, array = split_entry(part)
        entries.append(entry)
        if array is not None:
            arrays.append(array)
    return tuple(entries), arrays


def split_entry(part: Any) -> tuple[Entry, Any]:
    """One position of a key: (entry, the array it brings, or None)."""
    if part is None:
        return "newaxis", None
    if part is Ellipsis:
        return "...", None
    if isinstance(part, slice):
        return (
            "slice",
            *(None if v is None else operator.index(v) for v in (part.start, part.stop, part.step)),
        ), None
    if isinstance(part, list | tuple | bool | np.bool_):
        part = np.asarray(part) if np.size(part) else np.empty(np.shape(part), np.int64)
    kind = getattr(getattr(part, "dtype", None), "kind", None)
    if kind == "b":
        return ("mask", int(np.count_nonzero(part)) if isinstance(part, np.ndarray) else None), part
    if kind in ("i", "u") and not isinstance(part, np.integer):
        return "array", part
    try:
        return operator.index(part), None
    except TypeError:
        raise BadIndex(
            f"{part!r} is not an index: use integers, slices, ..., None, or arrays of integers or bools"
        ) from None


def index_shape(types: Types, params: Params) -> Shape | None:
    """NumPy's rule: arrays (and integers beside them) broadcast together, and their axes stand where
    the first of them stood if they were neighbours, else in front."""
    shape, key = shape_of(types[0]), params["key"]
    free = axes_left(key, types)
    arrays = iter(types[1:])
    out: list[int] = []
    brought: list[Shape] = []  # what the arrays, and integers beside them, bring to the broadcast
    first, parted, apart = -1, False, False
    axis = 0
    for entry in key:
        if isinstance(entry, int):
            check_bounds(entry, shape[axis])
            axis += 1
            if len(types) == 1:
                continue
            brought.append(())
        elif entry == "array":
            brought.append(array_shape(next(arrays)))
            axis += 1
        elif entry[0] == "mask":
            mask = next(arrays)
            check_mask(mask, shape[axis:])
            if entry[1] is None:
                return None
            brought.append((entry[1],))
            axis += len(shape_of(mask))
        else:
            parted = first >= 0
            if entry == "newaxis":
                out.append(1)
            elif entry == "...":  # even where it stands for no axis, it parts the arrays on its sides
                out += shape[axis : axis + free]
                axis += free
            else:
                out.append(slice_length(entry, shape[axis]))
                axis += 1
            continue
        apart = apart or parted
        first = len(out) if first < 0 else first
    out += shape[axis:]
    if brought:
        at = 0 if apart else first
        out[at:at] = broadcast(brought)
    return tuple(out)


def axes_left(key: tuple[Entry, ...], types: Types) -> int:
    """How many axes of x the key leaves over, for "..."; it must name all arrays and not too many axes."""
    used, dots, seen = 0, 0, 1
    for entry in key:
        if entry == "...":
            dots += 1
        elif is_mask(entry):
            used += len(shape_of(types[seen])) if seen < len(types) else 0
            seen += 1
        elif entry != "newaxis":
            used += 1
            seen += entry == "array"
    if seen != len(types):
        raise ParamError(f"index: the key names {seen - 1} arrays, the operands hold {len(types) - 1}")
    if dots > 1:
        raise BadIndex("an index can have one ... only")
    ndim = len(shape_of(types[0]))
    if used > ndim:
        raise BadIndex(f"too many indices: {used} for an array of {ndim} dimensions")
    return ndim - used


def is_mask(entry: Entry) -> bool:
    return isinstance(entry, tuple) and entry[0] == "mask"


def slice_length(entry: tuple[Any, ...], n: int) -> int:
    """How many elements of an axis of n a slice takes."""
    if entry[3] == 0:
        raise BadIndex("slice step cannot be zero")
    return len(range(n)[slice(*entry[1:])])


def check_bounds(entry: int, n: int) -> None:
    if not -n <= entry < n:
        raise BadIndex(f"index {entry} is out of bounds for an axis of {n}")


def array_shape(t: ArrayType) -> Shape:
    """The shape of an array of integers."""
    if isinstance(t.dtype, type) or t.dtype.kind not in "iu":
        raise BadIndex(f"arrays used as indices must be of integers or bools, not {t}")
    return shape_of(t)


def check_mask(t: ArrayType, shape: Shape) -> None:
    """A mask is as long as each of the first axes of a shape; NumPy lets one of no length pass too."""
    mask = shape_of(t)
    if t.dtype != BOOL or any(m not in (n, 0) for m, n in zip(mask, shape[: len(mask)], strict=True)):
        raise BadIndex(f"a mask of {t} does not fit the axes {shape} it selects from")


def index(x: Any, *arrays: Any, key: tuple[Entry, ...]) -> Any:
    rest = iter(arrays)
    return as_array(x)[tuple(numpy_entry(entry, rest) for entry in key)]


def numpy_entry(entry: Entry, arrays: Iterator[Any]) -> Any:
    """An entry as NumPy takes it."""
    match entry:
        case "newaxis":
            return None
        case "...":
            return Ellipsis
        case "array":
            return next(arrays)
        case ("slice", *parts):
            return slice(*parts)
        case ("mask", count):
            mask = next(arrays)
            if count is not None and np.count_nonzero(mask) != count:
                raise IndexError(
                    f"the mask selects {np.count_nonzero(mask)} elements, not {count} as it said"
                )
            return mask
    return entry


def set_item(x: Any, value: Any, *arrays: Any, key: tuple[Entry, ...]) -> Any:
    rest = iter(arrays)
    changed = np.array(as_array(x))
    changed[tuple(numpy_entry(entry, rest) for entry in key)] = value
    return changed


def set_item_shape(types: Types, params: Params) -> Shape:
    """That of x. The value must broadcast to what the key selects; it may have leading lengths of 1
    more, but for a single element (integers alone) and a mask of all of x."""
    x, value, *arrays = types
    key, selected, given = params["key"], index_shape([x, *arrays], params), shape_of(value)
    if selected is None:
        return shape_of(x)
    extra = max(0, len(given) - len(selected))
    single = selected == () and "..." not in key
    masked = len(key) == 1 and is_mask(key[0]) and arrays[0].shape == x.shape
    if extra and (single or masked or any(n != 1 for n in given[:extra])):
        raise ShapeError(f"a value of shape {given} has more axes than the selection of shape {selected}")
    if broadcast([given[extra:], selected]) != selected:
        raise ShapeError(f"a value of shape {given} does not fit the selection of shape {selected}")
    return shape_of(x)


def set_item_dtype(types: Types, params: Params) -> DType:
    """That of x: the value is cast to it, as NumPy does; but complex numbers do not become real."""
    x, value = strong(types[0]), strong(types[1])
    if value.kind == "c" and x.kind not in "cb":
        raise DTypeError(f"{value} does not fit into an array of {x}: take real, imag or abs of it")
    return x


def set_item_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 4, 5)
    rows, mask = np.array([0, 2]), samples.reals(rng, 4, 5) > 0
    calls: list[tuple[Any, Any, Any]] = [
        (x, 2, 7),
        (x, (slice(None), 0), samples.reals(rng, 4)),
        (x, Ellipsis, samples.reals(rng, 1, 4, 1)),
        (x, (rows, rows), 1.5),
        (x, (rows, slice(1, 3)), samples.integers(rng, 2, 1)),
        (x, mask, -1.0),
        (x, mask, samples.reals(rng, int(mask.sum()))),
        (samples.integers(rng, 4, dtype="u1"), [1, 2], 9),
        (samples.integers(rng, 4, dtype="i4"), slice(None, None, 2), 2.7),
        (np.array(1.0), (), 3),
        (x[:0], (slice(None), 1), 3),
    ]
    return [(tuple(arrays), params) for arrays, params in (bind_set_item(*call) for call in calls)]


def index_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 4, 5, 6)
    rows, columns = np.array([[0], [3]]), np.array([1, -1])
    mask = samples.reals(rng, 4, 5) > 0
    keys = [
        2,
        (slice(1, None, 2), -1, None, slice(None, None, -2)),
        (Ellipsis, 0),
        (rows, columns),
        (slice(None), rows, columns),
        (rows, slice(1, 3), columns),
        (0, slice(None), columns),
        (rows, None, 1),
        mask,
        (mask[:, 0], slice(0, 2)),
        [],
    ]
    return [(tuple(arrays), params) for arrays, params in (bind_index(x, key) for key in keys)]


ROWS = (
    Op(
        name="index",
        operands="x *arrays?",
        kernel=index,
        rule=Typed(index_shape, same_dtype),
        params={"key": Param(canonical_key)},
        bind=bind_index,
        numpy="x[numpy_key(key, arrays)]",
        doc="x[key] with NumPy's basic and advanced indexing; a mask's shape is known once computed.",
        samples=index_samples,
    ),
    Op(
        name="set_item",
        operands="x value *arrays?",
        kernel=set_item,
        rule=Typed(set_item_shape, set_item_dtype),
        params={"key": Param(canonical_key)},
        bind=bind_set_item,
        aliases=("set_value",),
        numpy="assigned(x, numpy_key(key, arrays), value)",
        doc="x with value at x[key]: the same shape and dtype, a new array.",
        samples=set_item_samples,
        flops=per_output(2),
    ),
)
