"""NumPy's own functions on tensors: `np.mean(x)`, `np.add(x, 1)`, `np.linalg.norm(x)` build ops.

Functions are found by the function objects of NumPy, not by names, which different modules share. One that
the vocabulary does not have is an error that names the nearest: nothing is computed here instead.
Source: NumPy enhancement proposals 13 and 18.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from ravop import composed, dtypes, fft, functions, further, linalg, rdf, slopes, standard
from ravop.factory import FUNCTIONS, ufunc_function
from ravop.tensor import Tensor
from ravspec.errors import DTypeError, UnknownOp, nearest

Function = Callable[..., Any]

PUBLIC: dict[str, Function] = {name: getattr(functions, name) for name in functions.__all__}


def joining(name: str) -> Function:
    """concat or stack, of one sequence of arrays as NumPy has it."""

    def function(arrays: Any, axis: int | None = 0) -> Any:
        return FUNCTIONS[name](list(arrays), axis=axis)

    return function


def where_or_positions(condition: Any, *values: Any) -> Any:
    """NumPy's where; without values it gives positions."""
    return FUNCTIONS["where"](condition, *values) if values else FUNCTIONS["nonzero"](condition)


def can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    """NumPy's can_cast, of the dtype of a tensor."""
    return np.can_cast(from_.dtype, to, casting)  # type: ignore[arg-type]


#: functions that only look at what is known without computing
LOOKING: dict[Any, Function] = {
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x, axis=None: x.size if axis is None else x.shape[axis],
    np.iscomplexobj: lambda x: x.dtype.kind == "c",
    np.isrealobj: lambda x: x.dtype.kind != "c",
    np.broadcast_arrays: lambda *arrays, subok=False: standard.broadcast_arrays(*arrays),
    np.concatenate: joining("concat"),
    np.stack: joining("stack"),
    np.unique: standard.unique,
    np.average: rdf.average,
    np.where: where_or_positions,
    np.result_type: dtypes.result_type,
    np.can_cast: can_cast,
}


def named(module: ModuleType, names: Mapping[str, Any]) -> Iterator[tuple[Any, Function]]:
    """NumPy's functions that have a name of ours, with our function."""
    for name, function in names.items():
        theirs = getattr(module, name, None)
        if callable(theirs) and not isinstance(theirs, type | np.ufunc):
            yield theirs, function


def all_functions() -> dict[Any, Function]:
    """NumPy's function -> ours."""
    beside = {name: getattr(standard, name) for name in ("diff", "empty_like", "meshgrid")}
    for module in (composed, slopes, further):
        beside |= {name: getattr(module, name) for name in module.__all__}
    return {
        **dict(named(np, beside | PUBLIC)),
        **dict(named(np.linalg, {name: getattr(linalg, name) for name in linalg.__all__})),
        **dict(named(np.fft, {name: getattr(fft, name) for name in fft.__all__})),
        **LOOKING,
    }


_known: dict[Any, Function] = {}


def array_function(function: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """What `__array_function__` does: our function for NumPy's."""
    if not _known:
        _known.update(all_functions())
    ours = _known.get(function)
    if ours is None:
        name = f"{function.__module__.removeprefix('numpy.')}.{function.__name__}".removeprefix("numpy.")
        raise UnknownOp(
            f"numpy.{name} is not in the vocabulary of tensors; to compute it here, call the tensor for "
            f"its array first{nearest(function.__name__, PUBLIC)}"
        )
    return ours(*args, **{key: value for key, value in kwargs.items() if value is not None})


#: (ufunc, method) -> the op that does the same along an axis
ALONG_AXIS: dict[tuple[np.ufunc, str], str] = {
    (np.add, "reduce"): "sum",
    (np.multiply, "reduce"): "prod",
    (np.minimum, "reduce"): "min",
    (np.maximum, "reduce"): "max",
    (np.logical_and, "reduce"): "all",
    (np.logical_or, "reduce"): "any",
    (np.add, "accumulate"): "cumsum",
    (np.multiply, "accumulate"): "cumprod",
    (np.minimum, "accumulate"): "cummin",
    (np.maximum, "accumulate"): "cummax",
}


def not_ours(ufunc: np.ufunc, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """What is said of a ufunc that is no op, or is not called as one, unless another operand may know it."""
    if any(
        hasattr(x, "__array_ufunc__") and not isinstance(x, Tensor | np.ndarray | np.generic) for x in inputs
    ):
        return NotImplemented
    name = ufunc.__name__
    if ufunc_function(ufunc) is None:
        raise UnknownOp(
            f"numpy.{name} is not in the vocabulary of tensors; to compute it here, call the tensor for "
            f"its array first{nearest(name, PUBLIC)}"
        )
    if method != "__call__":
        raise DTypeError(f"numpy.{name}.{method} is not in the vocabulary of tensors; numpy.{name} is")
    given = f"takes no {', '.join(kwargs)}" if kwargs else "gives a tensor, and out is an array"
    raise DTypeError(f"numpy.{name} of tensors {given}; call the tensors for their arrays to compute here")


def array_ufunc(ufunc: np.ufunc, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """What `__array_ufunc__` does: our op for a ufunc; `out` may be a tensor, which then names the result."""
    (out,) = kwargs.pop("out", (None,))
    along = ALONG_AXIS.get((ufunc, method))
    if along is not None:
        result = FUNCTIONS[along](*inputs, **{"axis": 0, **kwargs})
    else:
        function = ufunc_function(ufunc) if method == "__call__" else None
        if function is None or kwargs or not (out is None or isinstance(out, Tensor)):
            return not_ours(ufunc, method, inputs, kwargs)
        result = function(*inputs)
    if out is None:
        return result
    out._become(result)
    return out
