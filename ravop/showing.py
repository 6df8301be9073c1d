"""How tensors and graphs show themselves, in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ravspec.errors import RavError

if TYPE_CHECKING:
    from ravop.engine import Engine
    from ravop.tensor import Tensor

#: of larger values the corners are shown
SHOWN_ELEMENTS = 100


def value_text(value: Any) -> str:
    """A value in brackets, of a large one the corners."""
    return np.array2string(np.asarray(value), threshold=SHOWN_ELEMENTS, separator=" ")


def tensor_text(x: Tensor) -> str:
    """Shape, dtype, which op it is, and its value or that it is not fetched."""
    head = f"{type(x).__name__}({x._array_type()}, op {x.id} of {x.graph}"
    if x._value is None:
        return f"{head}, not fetched)"
    text = value_text(x._value)
    return f"{head}: {text})" if "\n" not in text else f"{head}:\n{text})"


def tensor_html(x: Tensor) -> str:
    """The same for a notebook."""
    t = x._array_type()
    rows = {
        "shape": "known once computed" if t.shape is None else str(t.shape),
        "dtype": str(t.dtype),
        "op": f"{x.id} of {x.graph}",
        "state": "not fetched" if x._value is None else "fetched",
    }
    own = x.graph.own_op(x.id)
    if own:
        rows["in"] = f"{own}(...)"
    value = f"<pre>{escape(value_text(x._value))}</pre>" if x._value is not None else ""
    return table(type(x).__name__, rows) + value


def graph_words(engine: Engine, graph: int | None, built: int) -> dict[str, str]:
    """State, progress and ops of a graph, of which so many are built here. Nothing is sent for them, and a
    server that is away is no error."""
    if graph is None:
        return {"state": "building", "ops": f"{built} ops"}
    try:
        info = engine.graph(graph)
    except RavError as error:
        return {"state": f"state not known ({type(error).__name__})", "ops": f"{built} ops"}
    total = max(info["total_ops"], built)
    failed = f", {info['failed_ops']} failed" if info["failed_ops"] else ""
    return {
        "state": str(info["state"]),
        "progress": f"{100.0 * info['computed_ops'] / total if total else 0.0:.1f} %",
        "ops": f"{info['computed_ops']} of {total} ops computed{failed}",
    }


def table(title: str, rows: Mapping[str, str]) -> str:
    """A small table; whatever is in it is shown as text."""
    cells = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows.items())
    return f"<table><caption>{escape(title)}</caption>{cells}</table>"
