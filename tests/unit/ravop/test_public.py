"""Everything that is public: documented, typed, found by editors; walked, so that nothing new is left out."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ravop as R
from ravop import describing
from ravop.functions import PUBLIC
from ravspec.ops import ALIASES, OPS, Op

SPACES = ("linalg", "fft", "stats")
CLASSES = (R.Tensor, R.Scalar, R.Graph, R.FederatedGraph)


def functions() -> Iterator[tuple[str, Any]]:
    """Every public function, by the name that scripts call it by."""
    for name in R.__all__:
        yield f"R.{name}", getattr(R, name)
    for space in SPACES:
        module = getattr(R, space)
        yield from ((f"R.{space}.{name}", getattr(module, name)) for name in module.__all__)


def methods() -> Iterator[tuple[str, Any]]:
    """Every public method and property of the classes that scripts have in hand."""
    for cls in CLASSES:
        for name in dir(cls):
            if not name.startswith("_"):
                yield f"{cls.__name__}.{name}", inspect.getattr_static(cls, name)


FUNCTIONS = {name: f for name, f in functions() if inspect.isroutine(f)}
METHODS = {name: f for name, f in methods() if inspect.isroutine(f) or isinstance(f, property)}


def test_the_walk_finds_them() -> None:
    assert len(FUNCTIONS) > 350 and len(METHODS) > 300
    assert {"R.add", "R.flush", "R.linalg.norm", "R.fft.fft", "R.stats.z_score"} <= FUNCTIONS.keys()
    assert {"Tensor.sum", "Tensor.find_indices", "Graph.progress", "Tensor.shape"} <= METHODS.keys()


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS])
def test_it_says_what_it_does_in_a_sentence(name: str) -> None:
    doc = inspect.getdoc({**FUNCTIONS, **METHODS}[name]) or ""
    first = doc.split("\n\n")[0].rstrip()
    assert first and first[0] != " " and first.endswith((".", "?", ":")), doc[:200]


@pytest.mark.parametrize("name", [*FUNCTIONS, *(m for m in METHODS if inspect.isroutine(METHODS[m]))])
def test_its_parameters_and_result_have_types(name: str) -> None:
    signature = inspect.signature({**FUNCTIONS, **METHODS}[name])
    untyped = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"]
    assert not untyped
    assert signature.return_annotation is not signature.empty


@pytest.mark.parametrize("row", [row for row in OPS.values() if row.name != "data"], ids=lambda row: row.name)
def test_an_op_shows_shapes_dtypes_and_errors(row: Op) -> None:
    doc = describing.docstring(row)
    shown = [line for line in doc.splitlines() if " -> " in line and line.startswith("    ")]
    assert shown, "no sample call stands in shapes.json"
    assert [line.strip() for line in shown] == describing.calls(row)
    assert f"an OpError that names {row.name}" in doc


def test_the_type_of_a_result_is_what_comes() -> None:
    """Whether a function gives a tensor or several is told from the rule; the rule itself says how many."""
    for row in OPS.values():
        if row.name == "data":
            continue
        operands, given = row.samples(np.random.default_rng(0))[0]
        outs = row.infer([describing.type_of(x) for x in operands], row.canonical_params(given))
        several = describing.result(row) != "Tensor"
        assert several or len(outs) == 1, row.name


def test_editors_find_every_function_and_method_in_the_stub() -> None:
    stub = ast.parse(Path(describing.__file__).with_name("functions.pyi").read_text(encoding="utf-8"))
    top = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
    aliases = {node.targets[0].id for node in stub.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    assert set(PUBLIC) <= top | aliases
    (shown,) = [node for node in stub.body if isinstance(node, ast.ClassDef)]
    typed = {node.name for node in shown.body if isinstance(node, ast.FunctionDef)}
    assert {"sum", "reshape", "__add__", "__getitem__"} <= typed
    assert all(node.returns is not None for node in stub.body if isinstance(node, ast.FunctionDef))
    assert ALIASES["matrix_sum"] == "sum" and "matrix_sum" in aliases


def test_notebooks_complete_names() -> None:
    assert {"sum", "matmul", "linalg", "Graph", "flush"} <= set(dir(R))
    assert {"solve", "norm"} <= set(dir(R.linalg))
    assert {"sum", "reshape", "persist_op", "one_hot_encoding"} <= set(dir(R.t([1])))
