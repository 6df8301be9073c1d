"""Sorting, searching and sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.ops import samples
from ravspec.ops.op import Op, Sample
from ravspec.shapes import ArrayType, Params, Types


def unknown_length(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """The operand's dtype; the shape is known once computed."""
    return (ArrayType(None, types[0].dtype),)


def unique_samples(rng: np.random.Generator) -> list[Sample]:
    return [((samples.integers(rng, 20, low=0, high=6),), {}), ((np.zeros((0,)),), {})]


def unique(x: Any) -> Any:
    return np.unique(x)


ROWS = (
    Op(
        name="unique",
        kernel=unique,
        rule=unknown_length,
        numpy="np.unique(x)",
        doc="The distinct elements, sorted.",
        samples=unique_samples,
        unknown_shape=True,
    ),
)
