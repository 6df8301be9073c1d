"""Values kept at the server under a name, over the life of graphs and scripts."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ravop.engine import current_engine
from ravop.graph import Graph


def fetch_persisting_op(op_name: str, timeout: float | None = None) -> NDArray[Any]:
    """Wait for the value that was persisted under this name; an ndarray."""
    graph, op = current_engine().persisted(op_name)
    return Graph(id=graph).tensor(op)(timeout)
