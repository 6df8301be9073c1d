"""The work of the cases, written once for every side, so that all do the same and are checked alike.

Each function takes a side and a size and gives seconds: of the whole, or of each of several repeats.
Making the inputs and checking the values are not timed.
"""

from __future__ import annotations

import itertools
import time
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: independent adds take their operands from so many source arrays
SOURCES = 100
#: blocked matrices have so many blocks a side
BLOCKS = 4

_fresh = itertools.count()


class WrongValue(Exception):
    """A side gave another value than NumPy."""


class Side(Protocol):
    """Ours, a peer, or NumPy. Handles are whatever the side uses for a value that is not here."""

    def graph(self) -> AbstractContextManager[object]:
        """What the ops of one round belong to."""
        ...

    def sources(self, arrays: list[Array]) -> list[Any]:
        """Handles on small arrays."""
        ...

    def adds(self, xs: list[Any], ys: list[Any]) -> list[Any]:
        """Element by element, the sum of two lists of handles."""
        ...

    def values(self, handles: list[Any]) -> list[Array]:
        """All the values, each an array of its own."""
        ...

    def up(self, array: Array) -> Any:
        """Send a large array; back when it is there."""
        ...

    def down(self, handle: Any) -> Array:
        """Fetch a large array."""
        ...

    def uniform(self, n: int, seed: int) -> Any:
        """An n x n matrix of default_rng(seed).uniform, made where the computing is done."""
        ...

    def matmul(self, a: Any, b: Any) -> Any:
        """The matrix product."""
        ...

    def total(self, x: Any) -> Any:
        """The sum of all elements."""
        ...


def check(right: object, what: str) -> None:
    """Raise if a value is wrong."""
    if not right:
        raise WrongValue(what)


def independent(side: Side, n: int) -> list[float]:
    """n adds of 3-vectors, every value fetched as an array of its own."""
    arrays = [np.array([float(i), 1.0, 2.0]) for i in range(SOURCES)]
    left = [i % SOURCES for i in range(n)]
    right = [i // SOURCES % SOURCES for i in range(n)]
    with side.graph():
        started = time.perf_counter()
        xs = side.sources(arrays)
        got = side.values(side.adds([xs[i] for i in left], [xs[i] for i in right]))
        seconds = time.perf_counter() - started
    stacked = np.array(arrays)
    check(np.array_equal(np.array(got), stacked[left] + stacked[right]), f"{n} independent adds")
    return [seconds]


def chain(side: Side, n: int) -> list[float]:
    """n adds, each on the value of the one before; the last one fetched."""
    with side.graph():
        started = time.perf_counter()
        (x,), (one,) = side.sources([np.zeros(3)]), side.sources([np.ones(3)])
        for _ in range(n):
            (x,) = side.adds([x], [one])
        (got,) = side.values([x])
        seconds = time.perf_counter() - started
    check(np.array_equal(got, [n, n, n]), f"a chain of {n} adds")
    return [seconds]


def tree(side: Side, leaves: int) -> list[float]:
    """The sum of a power of two of leaves, pair by pair."""
    arrays = [np.array([float(i)]) for i in range(leaves)]
    with side.graph():
        started = time.perf_counter()
        level = side.sources(arrays)
        while len(level) > 1:
            level = side.adds(level[::2], level[1::2])
        (got,) = side.values(level)
        seconds = time.perf_counter() - started
    check(np.array_equal(got, [leaves * (leaves - 1) / 2]), f"a tree of {leaves} leaves")
    return [seconds]


def one_add(side: Side, times: int) -> list[float]:
    """From script to value, again and again on a warm cluster."""
    seconds = []
    with side.graph():
        a, b = side.sources([np.array([1, 2, 3]), np.array([5, 22, 7])])
        for _ in range(times):
            started = time.perf_counter()
            (got,) = side.values(side.adds([a], [b]))
            seconds.append(time.perf_counter() - started)
            check(np.array_equal(got, [6, 24, 10]), "one add")
    return seconds


def up(side: Side, size_bytes: int) -> list[float]:
    """A large array of new content to the cluster."""
    x = large(size_bytes)
    with side.graph():
        started = time.perf_counter()
        handle = side.up(x)
        seconds = time.perf_counter() - started
        check(np.array_equal(side.down(handle), x), "an array sent up")
    return [seconds]


def down(side: Side, size_bytes: int) -> list[float]:
    """A large array from the cluster."""
    x = large(size_bytes)
    with side.graph():
        handle = side.up(x)
        started = time.perf_counter()
        got = side.down(handle)
        seconds = time.perf_counter() - started
    check(np.array_equal(got, x), "an array sent down")
    return [seconds]


def large(size_bytes: int) -> Array:
    """An array that nobody has seen before."""
    return np.random.default_rng(next(_fresh)).random(size_bytes // 8)


def blocked_matmul(side: Side, n: int) -> list[float]:
    """The product of two seeded random n x n matrices made in blocks; one sum a block of it fetched."""
    size, k = n // BLOCKS, range(BLOCKS)
    first = 1000 * next(_fresh)
    left = {(i, j): first + BLOCKS * i + j for i in k for j in k}
    right = {(i, j): first + 500 + BLOCKS * i + j for i in k for j in k}
    with side.graph():
        started = time.perf_counter()
        a = {at: side.uniform(size, seed) for at, seed in left.items()}
        b = {at: side.uniform(size, seed) for at, seed in right.items()}
        sums = []
        for i, j in itertools.product(k, k):
            block = side.matmul(a[i, 0], b[0, j])
            for m in k[1:]:
                (block,) = side.adds([block], [side.matmul(a[i, m], b[m, j])])
            sums.append(side.total(block))
        got = side.values(sums)
        seconds = time.perf_counter() - started
    # the sum of a product is the product of the sums of columns and of rows
    columns = {at: uniform(size, seed).sum(axis=0) for at, seed in left.items()}
    rows = {at: uniform(size, seed).sum(axis=1) for at, seed in right.items()}
    expected = [sum(columns[i, m] @ rows[m, j] for m in k) for i, j in itertools.product(k, k)]
    check(np.allclose(np.array(got, float), expected, rtol=1e-9), f"the blocks of a product of size {n}")
    return [seconds]


# What peers run at their workers; ravop has these as ops.


def add(a: Any, b: Any) -> Any:
    return a + b


def matmul(a: Any, b: Any) -> Any:
    return a @ b


def total(x: Any) -> Any:
    return x.sum()


def uniform(n: int, seed: int) -> Array:
    return np.random.default_rng(seed).uniform(size=(n, n))
