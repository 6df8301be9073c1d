"""einops on tensors: after `import ravop.einops`, `einops.rearrange` and the like take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from einops._backends import AbstractBackend

import ravop as R

__all__ = ["RavopBackend"]


class RavopBackend(AbstractBackend):
    """What einops asks of a framework; it finds the class by itself."""

    framework_name = "ravop"

    def is_appropriate_type(self, tensor: Any) -> bool:
        """True for tensors of ravop."""
        return isinstance(tensor, R.Tensor)

    def from_numpy(self, x: Any) -> R.Tensor:
        """A tensor of an array."""
        return R.asarray(x)

    def to_numpy(self, x: R.Tensor) -> Any:
        """The value; waits for it."""
        return x()

    def arange(self, start: int, stop: int) -> R.Tensor:
        """The integers from start up to, without, stop."""
        return R.arange(start, stop)

    def transpose(self, x: R.Tensor, axes: Sequence[int]) -> R.Tensor:
        """The axes in another order."""
        return R.transpose(x, axes=tuple(axes))

    def reduce(self, x: R.Tensor, operation: str, axes: Sequence[int]) -> R.Tensor:
        """A reduction over axes."""
        result: R.Tensor = getattr(x, operation)(axis=tuple(axes))
        return result

    def stack_on_zeroth_dimension(self, tensors: list[R.Tensor]) -> R.Tensor:
        """Tensors of one shape side by side."""
        return R.stack(tensors)

    def add_axis(self, x: R.Tensor, new_position: int) -> R.Tensor:
        """A new axis of length 1."""
        return R.expand_dims(x, new_position)

    def tile(self, x: R.Tensor, repeats: Sequence[int]) -> R.Tensor:
        """The array laid out so many times along each axis."""
        return R.tile(x, tuple(repeats))

    def concat(self, tensors: Sequence[R.Tensor], axis: int) -> R.Tensor:
        """The arrays one behind the other."""
        return R.concat(list(tensors), axis=axis)

    def is_float_type(self, x: R.Tensor) -> bool:
        """True for floating dtypes."""
        return x.dtype.kind == "f"

    def einsum(self, pattern: str, *x: R.Tensor) -> R.Tensor:
        """The sum of products that the pattern says."""
        result: R.Tensor = R.einsum(pattern, *x)
        return result
