"""What editors and notebooks show of an op's function: its signature with types, and its docstring.

The sample shapes of docstrings are in shapes.json beside this file, which docs/generate.py writes: working
them out takes a third of the time that importing ravop does.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ravspec.ops import OPS, Op
from ravspec.ops import params as kinds
from ravspec.ops.params import REQUIRED, Param
from ravspec.shapes import STRONG, ArrayType, Elementwise, Typed

#: so many sample calls stand in a docstring
SHOWN = 3

#: what a canonical form stands for, as the developer may write it
WRITTEN = (("tuple[int | float, ...]", "Sequence[float]"), ("tuple[int, ...]", "Sequence[int]"),
           ("int | float", "float"))  # fmt: skip


def annotation(name: str, param: Param) -> str:
    """The type of a param: that of its canonical form, as the developer may write it."""
    if param.canonical in (kinds.shape, kinds.sizes):
        return "int | Sequence[int]"
    if name == "dtype":
        return "DTypeLike" if param.default is not None else "DTypeLike | None"
    words = str(param.canonical.__annotations__.get("return", "Any"))
    for canonical, written in WRITTEN:
        words = words.replace(canonical, written)
    return words


def result(row: Op) -> str:
    """The type of what the function gives."""
    one = isinstance(row.rule, Typed) or (isinstance(row.rule, Elementwise) and row.rule.ufunc.nout == 1)
    return "Tensor" if one else "tuple[Tensor, ...]"


def signature(row: Op) -> inspect.Signature:
    """The public call form of a row."""
    if row.bind is not None:
        return inspect.signature(row.bind).replace(return_annotation=result(row))
    kind = inspect.Parameter
    parameters = [kind(name, kind.POSITIONAL_ONLY, annotation="Operand") for name in row.operand_names]
    for name, param in row.params.items():
        default = kind.empty if param.default is REQUIRED else param.default
        typed = annotation(name, param)
        parameters.append(kind(name, kind.POSITIONAL_OR_KEYWORD, default=default, annotation=typed))
    # a param without default cannot follow one with: then all are named in calls
    required = [p.default is kind.empty for p in parameters]
    if sorted(required, reverse=True) != required:
        parameters = [
            p if p.kind is kind.POSITIONAL_ONLY else p.replace(kind=kind.KEYWORD_ONLY) for p in parameters
        ]
    return inspect.Signature(parameters, return_annotation=result(row))


def docstring(row: Op) -> str:
    """What it computes, and of which shapes and dtypes what comes; what is refused."""
    lines = [f"{row.doc} NumPy: `{row.numpy}`."]
    if row.bind is not None:
        lines += ["", f"Call: {row.bind.__doc__}"]
    shapes = sample_shapes().get(row.name, [])
    lines += ["", "Shapes and dtypes, for instance:", *(f"    {line}" for line in shapes)] if shapes else []
    lines += ["", REFUSED.format(name=row.name)]
    return "\n".join(lines)


REFUSED = """Whatever does not fit is an OpError that names {name}, as the op is built: ShapeError,
DTypeError, AxisError, ParamError. A ComputeError comes with the value, where only values tell."""


@functools.cache
def sample_shapes() -> Mapping[str, Sequence[str]]:
    """Sample calls of every op."""
    shapes: dict[str, list[str]] = json.loads(Path(__file__).with_name("shapes.json").read_text("utf-8"))
    return shapes


def shapes_file() -> str:
    """The text of shapes.json."""
    found = {row.name: calls(row) for row in OPS.values() if row.name != "data"}
    return json.dumps(found, indent=1) + "\n"


def calls(row: Op) -> list[str]:
    """The first different ones of a row's sample calls, as types; keys and seeds tell nobody anything."""
    lines: dict[str, None] = {}
    for operands, given in row.samples(np.random.default_rng(0)):
        params = {key: value for key, value in given.items() if key not in ("key", "seed")}
        types = [type_of(x) for x in operands]
        outs = row.infer(types, row.canonical_params(given))
        before = ", ".join([*map(str, types), *(f"{key}={plain(value)!r}" for key, value in params.items())])
        lines[f"{before} -> {', '.join(map(str, outs))}".strip()] = None
    return [line for line in lines if len(line) < 100][:SHOWN]


def type_of(x: Any) -> ArrayType:
    """The type of a sample operand."""
    return ArrayType((), type(x)) if type(x) in STRONG else ArrayType(np.shape(x), x.dtype)


def plain(value: Any) -> Any:
    """A param of a sample call; RDF's "True" is True."""
    return value == "True" if isinstance(value, str) and value in ("True", "False") else value
