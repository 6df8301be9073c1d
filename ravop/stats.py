"""RDF's `R.stats`: a few statistics of arrays, composed of ops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravop.missing import attributes_of
from ravop.naming import in_its_name
from ravop.standard import asarray
from ravop.tensor import Tensor
from ravspec.errors import ShapeError

__all__ = ["normalize", "pearson_correlation", "standardize", "z_score"]

if not TYPE_CHECKING:  # else the checker would take every name for granted
    __getattr__, __dir__ = attributes_of(__name__)


@in_its_name
def z_score(x: Any, axis: int | None = None) -> Tensor:
    """How many standard deviations (of the population) each element is above the mean."""
    x = asarray(x)
    result: Tensor = (x - x.mean(axis=axis, keepdims=True)) / x.std(axis=axis, keepdims=True)
    return result


@in_its_name
def standardize(x: Any) -> Tensor:
    """The elements shifted and scaled to mean 0 and standard deviation 1."""
    return z_score(x)


@in_its_name
def normalize(x: Any) -> Tensor:
    """The elements shifted and scaled to the range from 0 to 1."""
    x = asarray(x)
    low = x.min()
    result: Tensor = (x - low) / (x.max() - low)
    return result


@in_its_name
def pearson_correlation(x: Any, y: Any) -> Tensor:
    """Pearson's coefficient of two vectors: their covariance by their standard deviations.

    RDF squared the wrong sum here; this is the definition.
    """
    x, y = asarray(x), asarray(y)
    if x.ndim != 1 or x.shape != y.shape:
        raise ShapeError(f"pearson_correlation is of two vectors of a length; got {x.shape} and {y.shape}")
    a, b = x - x.mean(), y - y.mean()
    result: Tensor = (a * b).sum() / ((a * a).sum() * (b * b).sum()).sqrt()
    return result
