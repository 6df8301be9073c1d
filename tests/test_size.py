"""Rule 1 of the house style: a module fits in 400 lines and a function on a screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("ravspec", "ravop", "ravsock", "ravftp", "ravpy", "ravjs", "examples", "benchmarks", "docs", "tests")
MODULES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))

MODULE_LINES = 400
FUNCTION_LINES = 60


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_and_its_functions_are_of_a_readable_size(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES, node.name
