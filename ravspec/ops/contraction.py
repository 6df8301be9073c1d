"""einsum: sums of products that a text of letters describes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ravspec.errors import ParamError, ShapeError
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, as_array
from ravspec.ops.params import Param
from ravspec.shapes import Params, Shape, Typed, Types, promoted_strong, shape_of

Labels = tuple[str, ...]


def subscripts(value: Any) -> str:
    """The text with its output, which NumPy may leave out: every letter that occurs once, in order."""
    if not isinstance(value, str):
        raise ParamError(f'must be a text such as "ij,jk->ik", not {value!r}')
    text = value.replace(" ", "")
    left, arrow, right = text.partition("->")
    plain = left.replace("...", "").replace(",", "")
    rest = right.replace("...", "", 1)
    if not all(letters.isascii() and (letters.isalpha() or not letters) for letters in (plain, rest)):
        raise ParamError(f'must be letters with "," between operands and one "->", not {value!r}')
    if not arrow:
        right = ("..." if "..." in left else "") + "".join(
            sorted(c for c in set(plain) if plain.count(c) == 1)
        )
        rest = right.replace("...", "")
    if len(set(rest)) < len(rest) or not set(rest) <= set(plain):
        raise ParamError(f"has an output {right!r} with a letter twice, or one that no operand has")
    return f"{left}->{right}"


def labels_of(term: str, ndim: int, text: str) -> Labels:
    """A name for each axis of an operand: its letter; those that "..." stands for, counted from the last."""
    before, dots, after = term.partition("...")
    free = ndim - len(before) - len(after)
    if free < 0 or (free and not dots):
        raise ShapeError(f'einsum "{text}": {term!r} does not fit an operand of {ndim} dimensions')
    return (*before, *(f"...{free - i}" for i in range(free)), *after)


def lengths_of(terms: Sequence[str], shapes: Sequence[Shape], text: str) -> dict[str, int]:
    """How long each name's axis is; lengths of 1 are broadcast."""
    lengths: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for label, n in zip(labels_of(term, len(shape), text), shape, strict=True):
            known = lengths.setdefault(label, n)
            if known == 1:
                lengths[label] = n
            elif n not in (1, known):
                name = "an axis of '...'" if label.startswith(".") else repr(label)
                raise ShapeError(f'einsum "{text}": {name} is {known} long, and {n}')
    return lengths


def all_lengths(types: Types, params: Params) -> tuple[dict[str, int], str]:
    """The lengths by name, and the output's term."""
    text = params["subscripts"]
    left, _, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(types):
        raise ParamError(f'einsum "{text}" is of {len(terms)} operands; got {len(types)}')
    return lengths_of(terms, [shape_of(t) for t in types], text), right


def shape(types: Types, params: Params) -> Shape:
    lengths, right = all_lengths(types, params)
    dots = sorted((label for label in lengths if label.startswith(".")), key=lambda label: -int(label[3:]))
    before, _, after = right.partition("...")
    middle = dots if "..." in right else []
    return tuple(lengths[label] for label in (*before, *middle, *after))


def flops(ins: Types, outs: Types, params: Params) -> float:
    """Two for every combination of indices, where no two operands are contracted first."""
    if any(t.shape is None for t in ins):
        return 1.0
    lengths, _ = all_lengths(ins, params)
    return 2.0 * max(1, math.prod(lengths.values()))


def einsum(*arrays: Any, subscripts: str) -> Any:
    """Three operands and more are contracted pair by pair, in the order that NumPy finds."""
    return np.einsum(subscripts, *map(as_array, arrays), optimize=len(arrays) > 2)


def bind(subscripts: Any, /, *operands: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    """einsum("ij,jk->ik", a, b)."""
    if not operands:
        raise ParamError('einsum takes a text and arrays: einsum("ij,jk->ik", a, b)')
    return operands, {"subscripts": subscripts}


def calls(rng: np.random.Generator) -> list[Sample]:
    x, y, z = samples.reals(rng, 3, 4), samples.reals(rng, 4, 2), samples.reals(rng, 2, 3, 3)
    texts: list[tuple[tuple[Any, ...], str]] = [
        ((x, y), "ij,jk->ik"), ((x, y), "ij,jk"), ((x,), "ji"), ((x,), "ij->"), ((x,), "ij->j"),
        ((z,), "bii->b"), ((z,), "...ii->...i"), ((z, x), "...ij,jk"), ((x, y, y), "ij,jk,lk->il"),
        ((x.astype("f4"), y.astype("f4")), "ij,jk->ki"), ((x, 2.0), "ij,->ij"), ((x[:0], y), "ij,jk->ik"),
        ((samples.integers(rng, 3, dtype="i4"), samples.integers(rng, 3)), "i,i"),
        ((x[:, :1], y), "ij,jk->ik"), ((x + 1j, y), "ij,jk->ik"),
    ]  # fmt: skip
    return [(operands, {"subscripts": text}) for operands, text in texts]


ROWS = (
    Op(
        name="einsum",
        operands="*arrays",
        kernel=einsum,
        rule=Typed(shape, promoted_strong),
        params={"subscripts": Param(subscripts)},
        bind=bind,
        numpy="np.einsum(subscripts, *arrays)",
        doc="The sum of products over the letters that the output does not have.",
        samples=calls,
        numeric=Numeric.TOLERANCE,
        flops=flops,
    ),
)
