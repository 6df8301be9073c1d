"""RDF's constants: functions that give a new Scalar."""

from __future__ import annotations

import math

from ravop.tensor import Scalar


def epsilon() -> Scalar:
    """1e-7."""
    return Scalar(1e-7)


def one() -> Scalar:
    """1."""
    return Scalar(1)


def minus_one() -> Scalar:
    """-1."""
    return Scalar(-1)


def inf() -> Scalar:
    """Infinity."""
    return Scalar(math.inf)


def pi() -> Scalar:
    """The number pi."""
    return Scalar(math.pi)
