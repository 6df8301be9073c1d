"""What may be an operand beside a tensor: arrays, and numbers that the other operands can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravop.record import Operand, Recorder
from ravop.tensor import Tensor
from ravspec.codec import NAMES, dtype_of, name_of
from ravspec.errors import DTypeError

#: ops that take a Python integer which the other operand's dtype cannot hold
ANY_INTEGER = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "clip"})


def as_value(value: Any, dtype: Any = None) -> NDArray[Any]:
    """What NumPy makes of a value, if its dtype can travel."""
    if isinstance(value, Tensor):
        value = value()
    try:
        array = np.asarray(value, dtype)
    except (TypeError, ValueError) as error:  # a ragged list, or words where a dtype is asked for
        raise DTypeError(f"{type(value).__name__} is no array of numbers, {error}: {value!r:.80}") from None
    if array.dtype in NAMES:
        return array
    if array.dtype.kind not in "biufc":
        raise DTypeError(
            f"{type(value).__name__} of dtype {array.dtype} is no array of numbers: {value!r:.80}"
        )
    name = name_of(array.dtype)  # float16 and the like cannot travel, a big-endian one can
    return array.astype(dtype_of(name))


def check_literals(caller: str, operands: Sequence[Any], given: Sequence[Operand], record: Recorder) -> None:
    """A Python integer that the other operands' integer dtype cannot hold: NumPy's OverflowError, here."""
    for x in operands:
        if type(x) is int and not 0 <= x <= 127:
            kinds = {record.type(t).dtype for _, _, t in given if t >= 0}
            for dtype in kinds:
                if dtype.kind in "iu" and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
                    raise OverflowError(f"{caller}: Python integer {x} is out of bounds for {dtype}")
