"""What every row of the op table gets in a browser: ints of 64 bits, and a count of flops.

NumPy makes an int that meets nothing wider than a bool its default integer: 64 bits everywhere but in
WebAssembly. Here it is made one of 64 bits before the kernel sees it; beside an array of numbers it stays
a Python number, which takes that array's dtype. Flops are counted for large operands, for people to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ravspec.ops import OPS, Op
from ravspec.shapes import ArrayType

#: types that do not decide a dtype over an int
BOOLS = (bool, np.bool_)
#: elements of an operand or an output from which an op's flops are counted
LARGE = 1024


class Count:
    """Flops of the ops so far."""

    flops = 0.0


def meets_numbers(operands: tuple[Any, ...]) -> bool:
    """Is there an operand that decides the dtype?"""
    return any(
        x.dtype.kind != "b" if isinstance(x, np.ndarray) else type(x) is not int and not isinstance(x, BOOLS)
        for x in operands
    )


def is_large(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.size >= LARGE


def types_of(values: tuple[Any, ...]) -> list[ArrayType]:
    return [ArrayType(np.shape(x), getattr(x, "dtype", type(x))) for x in values]


def cured(row: Op) -> Callable[..., Any]:
    """The row's kernel, with ints that decide the dtype made int64, and its flops counted."""
    kernel = row.kernel

    def run(*operands: Any, **params: Any) -> Any:
        if int in map(type, operands) and not meets_numbers(operands):
            operands = tuple(np.int64(x) if type(x) is int else x for x in operands)
        result = kernel(*operands, **params)
        outputs = result if type(result) is tuple else (result,)
        if any(map(is_large, operands)) or any(map(is_large, outputs)):
            Count.flops += row.flops(types_of(operands), types_of(outputs), params)
        return result

    return run


def cure() -> None:
    """Every row but the source."""
    for name, row in OPS.items():
        if name != "data":
            OPS[name] = replace(row, kernel=cured(row))
