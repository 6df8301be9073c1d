"""Constants: numbers, as the array API has them; called, as in RDF, each gives a new Scalar."""

from __future__ import annotations

import math

from ravop.tensor import Scalar


class Constant(float):
    """A number; called, a Scalar of it."""

    def __call__(self) -> Scalar:
        return Scalar(float(self))


e, inf, nan, pi = Constant(math.e), Constant(math.inf), Constant(math.nan), Constant(math.pi)

#: for x[:, newaxis], as in NumPy
newaxis = None

#: RDF's small number
epsilon = Constant(1e-7)


def one() -> Scalar:
    """1."""
    return Scalar(1)


def minus_one() -> Scalar:
    """-1."""
    return Scalar(-1)
