"""Elementwise ops: arithmetic, maths, comparison, logic."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.errors import ParamError
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, per_output
from ravspec.shapes import ArrayType, Params, Types, broadcast, elementwise, promote, shape_of


def binary(name: str, ufunc: np.ufunc, doc: str, aliases: str = "", **more: Any) -> Op:
    """A row of a ufunc with two operands."""
    return Op(
        name=name,
        operands="x1 x2",
        kernel=ufunc,
        rule=elementwise(ufunc),
        numpy=f"np.{ufunc.__name__}(x1, x2)",
        doc=doc,
        aliases=tuple(aliases.split()),
        **{"samples": samples.binary(), **more},
    )


def unary(name: str, ufunc: np.ufunc, doc: str, aliases: str = "", **more: Any) -> Op:
    """A row of a ufunc with one operand."""
    return Op(
        name=name,
        kernel=ufunc,
        rule=elementwise(ufunc),
        numpy=f"np.{ufunc.__name__}(x)",
        doc=doc,
        aliases=tuple(aliases.split()),
        **{"samples": samples.unary(), **more},
    )


#: transcendental functions: other CPUs differ in the last places, and an element costs some 20 flops
MATHS: dict[str, Any] = {"numeric": Numeric.ULP, "flops": per_output(20)}


def bind_where(
    a: Any, b: Any = None, c: Any = None, /, *, condition: Any = None
) -> tuple[Any, dict[str, Any]]:
    """where(condition, x1, x2), or RDF's where(x1, x2, condition=...)."""
    if condition is None:
        if b is None or c is None:
            raise ParamError("where takes (condition, x1, x2), or (x1, x2, condition=...)")
        return (a, b, c), {}
    if b is None or c is not None:
        raise ParamError("where with condition= takes two more operands: where(x1, x2, condition=...)")
    return (condition, a, b), {}


def where_rule(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """All three broadcast; the dtype is that of the two choices."""
    return (ArrayType(broadcast([shape_of(t) for t in types]), promote(types[1:])),)


def where_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4)
    return [
        ((x > 0, x, -x), {}),
        ((x > 0, x, 0), {}),
        ((x[:, :1] > 0, samples.integers(rng, 4, dtype="i4"), 2.5), {}),
    ]


ROWS = (
    binary("add", np.add, "The sum of the operands.", aliases="addition"),
    binary("subtract", np.subtract, "The first operand less the second.", aliases="sub subtraction"),
    binary("multiply", np.multiply, "The product, element by element.", aliases="mul multiplication"),
    binary(
        "divide", np.divide, "The true quotient.", aliases="div division", samples=samples.binary(0.5, 3.0)
    ),
    unary("negative", np.negative, "The operand with its sign changed.", aliases="neg negation"),
    unary("exp", np.exp, "e to the power of the operand.", aliases="exponential", **MATHS),
    Op(
        name="where",
        operands="condition x1 x2",
        kernel=np.where,
        rule=where_rule,
        bind=bind_where,
        numpy="np.where(condition, x1, x2)",
        doc="Elements of x1 where the condition holds, of x2 elsewhere.",
        samples=where_samples,
    ),
)
