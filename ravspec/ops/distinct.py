"""Distinct elements, the same at every contributor: np.unique leaves open which of equal zeros it keeps, and
which NaN is which, as its sort is another on another CPU."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ravspec.ops.op import as_array, as_int64


class Distinct(NamedTuple):
    """What is distinct in an array of n elements."""

    values: Any  #: rising, NaN last; of 0.0 and -0.0 the one that comes first
    index: Any  #: where each is found first
    inverse: Any  #: which of them each of the n elements is
    counts: Any  #: how often each occurs


def distinct(x: Any, equal_nan: bool) -> Distinct:
    """As np.unique of the flattened array, with all extras; equal_nan: all NaN are one element."""
    flat = as_array(x).ravel()
    order = np.argsort(flat, kind="stable")
    rising = flat[order]
    first = np.ones(flat.size, bool)
    first[1:] = rising[1:] != rising[:-1]
    if equal_nan and flat.dtype.kind in "fc":
        nan = np.isnan(rising)
        first[1:] &= ~(nan[1:] & nan[:-1])
    starts = np.flatnonzero(first)
    inverse = np.empty(flat.size, np.int64)
    inverse[order] = np.cumsum(first, dtype=np.int64) - 1
    counts = np.diff(starts, append=flat.size)
    return Distinct(rising[starts], as_int64(order[starts]), inverse, as_int64(counts))
