"""`R.visualize`: a graph, or what a tensor is computed from, as a picture by Graphviz."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from ravop.graph import Graph
from ravop.tensor import Tensor
from ravspec.errors import ConfigError, DTypeError, ParamError

#: more ops are not drawn, as nobody could read them
MOST_OPS = 200
#: the program draws so many in about a second
PATIENCE_S = 60.0

COLOURS = {"computed": "#d5ecd5", "failed": "#f6c9c5", "pending": "#eeeeee"}


class Drawing:
    """A picture, which notebooks show. `svg` and `dot` are its text; left_out: how many ops it lacks."""

    def __init__(self, dot: str, svg: str, left_out: int) -> None:
        self.dot, self.svg, self.left_out = dot, svg, left_out

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<drawing, {len(self.svg)} characters of SVG, {self.left_out} ops left out>"

    def save(self, path: str | Path) -> None:
        """Write the SVG to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")


def visualize(x: Any, most: int = MOST_OPS) -> Drawing:
    """Draw what a tensor is computed from, or a graph, as SVG: ops with shapes, dtypes and states.

    most: of a larger graph so many ops are drawn, those nearest to the tensor or built last, and one box for
    the others. ConfigError: Graphviz is not installed. DTypeError: x is no tensor or graph.
    """
    if not isinstance(x, Tensor | Graph):
        raise DTypeError(f"visualize draws a tensor or a graph, not {type(x).__name__}")
    if not isinstance(most, int) or not 1 <= most <= 2000:
        raise ParamError(f"visualize draws from 1 to 2000 ops, not {most!r}")
    program = shutil.which("dot")
    if program is None:
        raise ConfigError(
            'visualize needs the program "dot" of Graphviz, which is not installed: '
            "apt-get install graphviz, brew install graphviz, or https://graphviz.org/download"
        )
    graph = x.graph if isinstance(x, Tensor) else x
    total = graph.get_op_stats()["total_ops"]
    if isinstance(x, Tensor):
        views = graph._engine.origins(graph.id, x.id, most)
    else:
        views = graph._engine.ops(graph.id, first=max(0, total - most))
    ops = {view["op"]: view for view in views}
    more = any(op not in ops for view in views for op in operands_of(view))
    dot = in_dot(ops, more if isinstance(x, Tensor) else total > len(ops))
    done = subprocess.run(
        [program, "-Tsvg"], input=dot, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    return Drawing(dot, done.stdout, total - len(ops) if isinstance(x, Graph) or more else 0)


def operands_of(view: dict[str, Any]) -> list[int]:
    """The ops among an op's operands."""
    return [operand["op"] for operand in view["operands"] if "op" in operand]


def in_dot(ops: dict[int, dict[str, Any]], more: bool) -> str:
    """The ops in Graphviz's language; those of a developer's own op are in a box with its name."""
    lines = ["digraph {", "node [shape=box, style=filled, fontname=Helvetica, fontsize=10]"]
    boxes: dict[tuple[Any, ...], list[str]] = {}
    for number, view in sorted(ops.items()):
        own = tuple(view.get("within", {}).values())
        boxes.setdefault(own, []).append(node(number, view))
    for i, (own, nodes) in enumerate(boxes.items()):
        lines += [f"subgraph cluster_{i} {{", f"label={quoted(own[0])}", *nodes, "}"] if own else nodes
    if more:
        lines.append('more [label="more ops,\\nnot drawn", style=dashed]')
    for number, view in ops.items():
        names = dict.fromkeys(f"op{op}" if op in ops else "more" for op in operands_of(view))
        lines += [f"{name} -> op{number}" for name in names if name != "more" or more]
    return "\n".join([*lines, "}", ""])


def node(number: int, view: dict[str, Any]) -> str:
    """The box of an op."""
    kinds = [f"{dtype}{'[?]' if shape is None else shape}" for dtype, shape in view["outputs"]]
    words = [f"{number} {view['operator']}", *([view["name"]] if view["name"] else []), *kinds[:3]]
    colour = COLOURS.get(view["state"], COLOURS["pending"])
    return f"op{number} [label={quoted(*words)}, fillcolor={quoted(colour)}]"


def quoted(*lines: str) -> str:
    """Lines of text as a string of Graphviz, whatever is in them."""
    escaped = [line[:80].replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines]
    return '"' + "\\n".join(escaped) + '"'
