"""The array API's dtypes and what can be asked of them. The dtypes are NumPy's scalar types.

Nothing here computes: shapes and dtypes are known when an op is built.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravop.device import DEVICE, Device, check_device
from ravop.tensor import Tensor
from ravspec.codec import dtype_of
from ravspec.errors import DTypeError

bool = np.bool_
int8, int16, int32, int64 = np.int8, np.int16, np.int32, np.int64
uint8, uint16, uint32, uint64 = np.uint8, np.uint16, np.uint32, np.uint64
float32, float64 = np.float32, np.float64
complex64, complex128 = np.complex64, np.complex128

DType = type[np.generic]

SIGNED: tuple[DType, ...] = (int8, int16, int32, int64)
UNSIGNED: tuple[DType, ...] = (uint8, uint16, uint32, uint64)
REAL: tuple[DType, ...] = (float32, float64)
COMPLEX: tuple[DType, ...] = (complex64, complex128)

#: the array API's kinds of dtypes, and which dtypes each has
KINDS: dict[str, tuple[DType, ...]] = {
    "bool": (bool,),
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": SIGNED + UNSIGNED,
    "real floating": REAL,
    "complex floating": COMPLEX,
    "numeric": SIGNED + UNSIGNED + REAL + COMPLEX,
}
ALL: tuple[DType, ...] = KINDS["bool"] + KINDS["numeric"]

Kind = str | Any


def checked_dtype(value: Any) -> np.dtype[Any]:
    """A dtype that tensors can have, of whatever NumPy takes for one."""
    try:
        return dtype_of(np.dtype(value).name)
    except TypeError:
        raise DTypeError(f"{value!r} is no dtype; there are {', '.join(d.__name__ for d in ALL)}") from None


def isdtype(dtype: Any, kind: Kind | tuple[Kind, ...]) -> builtins.bool:
    """True if a dtype is of a kind ("bool", "integral", ...), is a certain dtype, or is among several."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    if not isinstance(kind, str):
        return checked_dtype(dtype) == checked_dtype(kind)
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of dtypes; there are {', '.join(KINDS)}")
    return checked_dtype(dtype).type in KINDS[kind]


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """True if a dtype, or a tensor's, becomes another by type promotion without losing anything."""
    given = from_.dtype if isinstance(from_, Tensor) else checked_dtype(from_)
    return builtins.bool(np.can_cast(given, checked_dtype(to)))


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """The dtype of an op on these tensors, dtypes and Python numbers (which are weak)."""
    given = [x.dtype if isinstance(x, Tensor) else weak_or_dtype(x) for x in arrays_and_dtypes]
    if not any(isinstance(x, np.dtype) for x in given):
        raise ValueError("result_type needs a tensor or a dtype; Python numbers alone have none")
    return np.result_type(*given)


def weak_or_dtype(x: Any) -> Any:
    """A Python number as it is; an array's dtype; anything else as a dtype."""
    if type(x) in (int, float, complex, builtins.bool):
        return x
    return x.dtype if isinstance(x, np.ndarray | np.generic) else checked_dtype(x)


@dataclass(frozen=True, slots=True)
class FloatInfo:
    """Limits of a floating dtype; of a complex one, of its parts. Python floats."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class IntegerInfo:
    """Limits of an integer dtype. Python ints."""

    bits: int
    max: int
    min: int
    dtype: np.dtype[Any]


def finfo(type: Any, /) -> FloatInfo:
    """The limits of a floating or complex dtype, or of a tensor's."""
    dtype = type.dtype if isinstance(type, Tensor) else checked_dtype(type)
    if dtype.kind not in "fc":
        raise DTypeError(f"finfo is of floating dtypes; {dtype} is not one, iinfo may help")
    info = np.finfo(dtype)
    eps, largest, smallest, normal = map(float, (info.eps, info.max, info.min, info.smallest_normal))
    return FloatInfo(info.bits, eps, largest, smallest, normal, info.dtype)


def iinfo(type: Any, /) -> IntegerInfo:
    """The limits of an integer dtype, or of a tensor's."""
    dtype = type.dtype if isinstance(type, Tensor) else checked_dtype(type)
    if dtype.kind not in "iu":
        raise DTypeError(f"iinfo is of integer dtypes; {dtype} is not one, finfo may help")
    info = np.iinfo(dtype)
    return IntegerInfo(info.bits, int(info.max), int(info.min), dtype)


class NamespaceInfo:
    """What `__array_namespace_info__` answers."""

    def capabilities(self) -> dict[str, Any]:
        """What the namespace can do."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """The device of new tensors."""
        return DEVICE

    def devices(self) -> tuple[Device, ...]:
        """All devices."""
        return (DEVICE,)

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """The dtypes of new tensors where none is named."""
        check_device(device)
        defaults = {
            "real floating": float64, "complex floating": complex128, "integral": int64, "indexing": int64,
        }  # fmt: skip
        return {kind: np.dtype(dtype) for kind, dtype in defaults.items()}

    def dtypes(
        self, *, device: Any = None, kind: str | Sequence[str] | None = None
    ) -> dict[str, np.dtype[Any]]:
        """The dtypes of a kind, or of several, by name: those that tensors have, which hash alike."""
        check_device(device)
        wanted = ALL if kind is None else tuple(d for d in ALL if isdtype(d, as_kinds(kind)))
        return {np.dtype(d).name: np.dtype(d) for d in wanted}


def as_kinds(kind: str | Sequence[str]) -> tuple[str, ...]:
    """One kind or several, as a tuple."""
    return (kind,) if isinstance(kind, str) else tuple(kind)


def __array_namespace_info__() -> NamespaceInfo:
    """Devices, dtypes and capabilities, as the array API has them."""
    return NamespaceInfo()
