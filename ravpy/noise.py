"""Discrete Laplace noise, drawn exactly: integers and flips of the system's randomness, no float anywhere.

After Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy" (2020), algorithm 2.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from fractions import Fraction

from ravspec.federated import Spec
from ravspec.sums import NOISE_REACH, Sum, noise_parts, noise_scale


def coin(p: Fraction) -> bool:
    """True with probability p."""
    return secrets.randbelow(p.denominator) < p.numerator


def exponential_coin(x: Fraction) -> bool:
    """True with probability exp(-x), for x from 0 to 1."""
    k = 1
    while coin(x / k):
        k += 1
    return k % 2 == 1


def discrete_laplace(scale: Fraction) -> int:
    """An integer z with probability in proportion to exp(-|z| / scale)."""
    t, s = scale.numerator, scale.denominator
    while True:
        u = secrets.randbelow(t)
        if not exponential_coin(Fraction(u, t)):
            continue
        v = 0
        while exponential_coin(Fraction(1)):
            v += 1
        size, negative = (u + t * v) // s, secrets.randbelow(2)
        if not (negative and size == 0):  # zero has one sign only
            return -size if negative else size


def noisy(spec: Spec, sums: Mapping[Sum, int]) -> dict[Sum, int]:
    """The sums with the noise that the spec asks for; without any where it asks for none."""
    if spec.epsilon is None:
        return dict(sums)
    parts = noise_parts(list(sums))
    return {total: value + drawn(noise_scale(spec, total, parts)) for total, value in sums.items()}


def drawn(scale: Fraction) -> int:
    """Noise of that scale, within the reach for which slots have room."""
    while True:
        noise = discrete_laplace(scale)
        if abs(noise) <= scale * NOISE_REACH:
            return noise
