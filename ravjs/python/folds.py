"""einsum as products of matrices, where it is one: its axes moved and joined, then matmul, then back.

Of two operands' axes, those that both have and the output too count a stack of matrices; those that both have
and the output has not are summed over; the others are rows and columns. Whatever does not fit that,
or is small, is left to NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ravspec.ops.contraction import Labels, labels_of
from ravspec.ops.op import as_array

#: multiply-adds from which a call of the kernel pays: matrices of 64
WORTHWHILE = 64**3

Matmul = Callable[[Any, Any], Any]


def folding(matmul: Matmul) -> Callable[..., Any]:
    """einsum, by a matmul that is fast; three operands and more pair by pair, in NumPy's order."""

    def einsum(*arrays: Any, subscripts: str) -> Any:
        left = [as_array(x) for x in arrays]
        terms, out = terms_of(subscripts, left)
        order = np.einsum_path(subscripts, *left, optimize=True)[0][1:] if len(left) > 2 else ()
        for taken in order[:-1]:
            some = [left.pop(i) for i in sorted(taken, reverse=True)]
            theirs = [terms.pop(i) for i in sorted(taken, reverse=True)]
            later = {*out}.union(*terms)
            kept = tuple(dict.fromkeys(label for term in theirs for label in term if label in later))
            left.append(of_some(matmul, some, theirs, kept))
            terms.append(kept)
        return of_some(matmul, left, terms, out)

    return einsum


def terms_of(subscripts: str, arrays: Sequence[Any]) -> tuple[list[Labels], Labels]:
    """The names of each operand's axes, and of the output's."""
    before, _, right = subscripts.partition("->")
    texts = before.split(",")
    terms = [labels_of(text, x.ndim, subscripts) for text, x in zip(texts, arrays, strict=True)]
    dots = max((sum(len(label) > 1 for label in term) for term in terms), default=0) if "..." in right else 0
    return terms, labels_of(right, len(right.replace("...", "")) + dots, subscripts)


def of_some(matmul: Matmul, arrays: Sequence[Any], terms: Sequence[Labels], out: Labels) -> Any:
    """The sum of products of a few operands."""
    if len(arrays) == 2:
        folded = of_two(matmul, *arrays, *terms, out)
        if folded is not None:
            return folded
    number = {label: i for i, label in enumerate(dict.fromkeys(label for term in terms for label in term))}
    given = [part for x, term in zip(arrays, terms, strict=True) for part in (x, [number[n] for n in term])]
    return np.einsum(*given, [number[label] for label in out])


def of_two(matmul: Matmul, x: Any, y: Any, xs: Labels, ys: Labels, out: Labels) -> Any | None:
    """The same of two, as a matmul; None where it is none, or a small one."""
    lengths = dict(zip(xs, x.shape, strict=True))
    both, wanted = [label for label in xs if label in ys], set(out)
    stack, summed = [n for n in both if n in wanted], [n for n in both if n not in wanted]
    rows, columns = [n for n in xs if n not in both], [n for n in ys if n not in both]
    if (
        len(set(xs)) < len(xs)
        or len(set(ys)) < len(ys)
        or not {*rows, *columns} <= wanted
        or any(lengths[label] != n for label, n in zip(ys, y.shape, strict=True) if label in both)
    ):
        return None
    lengths |= zip(ys, y.shape, strict=True)
    size = lambda labels: math.prod(lengths[label] for label in labels)  # noqa: E731
    if size(rows) * size(summed) * size(columns) < WORTHWHILE:
        return None
    lead = [lengths[label] for label in stack]
    a = moved(x, xs, [*stack, *rows, *summed]).reshape(*lead, size(rows), size(summed))
    b = moved(y, ys, [*stack, *summed, *columns]).reshape(*lead, size(summed), size(columns))
    labels = [*stack, *rows, *columns]
    return moved(matmul(a, b).reshape([lengths[label] for label in labels]), labels, out)


def moved(x: Any, labels: Sequence[str], order: Sequence[str]) -> Any:
    """The axes of an array in another order."""
    return x.transpose([labels.index(label) for label in order])
