"""Python's whole numbers as operands, where NumPy's default integer has 32 bits.

NumPy makes an int that meets nothing wider than a bool its default integer: 64 bits everywhere but in
WebAssembly. Here it is made one of 64 bits before the kernel sees it; beside an array of numbers it stays
a Python number, which takes that array's dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ravspec.ops import OPS

#: types that do not decide a dtype over an int
BOOLS = (bool, np.bool_)


def meets_numbers(operands: tuple[Any, ...]) -> bool:
    """Is there an operand that decides the dtype?"""
    return any(
        x.dtype.kind != "b" if isinstance(x, np.ndarray) else type(x) is not int and not isinstance(x, BOOLS)
        for x in operands
    )


def widened(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel, with ints that decide the dtype made int64."""

    def cured(*operands: Any, **params: Any) -> Any:
        if int in map(type, operands) and not meets_numbers(operands):
            operands = tuple(np.int64(x) if type(x) is int else x for x in operands)
        return kernel(*operands, **params)

    return cured


def widen() -> None:
    """Cure every row that takes operands."""
    for name, row in OPS.items():
        if row.operand_names and row.name != "data":
            OPS[name] = replace(row, kernel=widened(row.kernel))
