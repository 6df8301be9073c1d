"""The array API's Fourier transforms, `R.fft`: rows of the op table, and what is composed of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravop.device import check_device
from ravop.factory import FUNCTIONS
from ravop.missing import attributes_of
from ravop.naming import in_its_name
from ravop.standard import arange, asarray
from ravop.tensor import Tensor
from ravspec.errors import ParamError

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn",
    "rfft", "rfftfreq", "rfftn",
]  # fmt: skip

if not TYPE_CHECKING:  # else the checker would take every name for granted
    __getattr__, __dir__ = attributes_of(__name__)

fft, ifft, rfft, irfft = (FUNCTIONS[name] for name in ("fft", "ifft", "rfft", "irfft"))
hfft, ihfft = FUNCTIONS["hfft"], FUNCTIONS["ihfft"]
fftn, ifftn, rfftn, irfftn = (FUNCTIONS[name] for name in ("fftn", "ifftn", "rfftn", "irfftn"))


@in_its_name
def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies that fft of n samples gives, in cycles a unit of the spacing d."""
    check_device(device)
    k = arange(n)
    return _scaled("fftfreq", FUNCTIONS["where"](k < (n + 1) // 2, k, k - n), n, d, dtype)


@in_its_name
def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies that rfft of n samples gives, in cycles a unit of the spacing d."""
    check_device(device)
    return _scaled("rfftfreq", arange(n // 2 + 1), n, d, dtype)


def _scaled(name: str, k: Tensor, n: int, d: float, dtype: Any) -> Tensor:
    if n < 1:
        raise ParamError(f"{name}: n is the number of samples, and cannot be {n}")
    result: Tensor = (k * (1.0 / (n * d))).astype(dtype or "float64")
    return result


@in_its_name
def fftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """The zero frequency moved to the middle of the axes (all by default)."""
    return _shifted(x, axes, 1)


@in_its_name
def ifftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """The inverse of fftshift."""
    return _shifted(x, axes, -1)


def _shifted(x: Tensor, axes: Any, sign: int) -> Tensor:
    x = asarray(x)
    axes = tuple(range(x.ndim)) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
    if not axes:
        return x
    halves = tuple(x.shape[a] // 2 if sign > 0 else -(x.shape[a] // 2) for a in axes)
    result: Tensor = FUNCTIONS["roll"](x, halves, axis=axes)
    return result
