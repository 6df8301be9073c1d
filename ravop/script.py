"""What a script calls beside ops: make a tensor, fetch several values, submit what is left at its exit."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravop.graph import current_graph, open_graphs
from ravop.tensor import Scalar, Tensor
from ravspec.errors import DTypeError, RavError

#: what `t` makes a Scalar of
NUMBERS = (int, float, complex, np.number)

log = logging.getLogger(__name__)


def t(value: Any, name: str | None = None, *, dtype: Any = None) -> Tensor:
    """A tensor of a value: a Scalar for a number, else a Tensor."""
    kind = Scalar if dtype is None and isinstance(value, NUMBERS) else Tensor
    tensor = kind.__new__(kind)
    current_graph().source_into(tensor, value, name, dtype)
    return tensor


def fetch(*tensors: Any, timeout: float | None = None) -> list[NDArray[Any]]:
    """The values of several tensors with one wait, in order. Also takes one sequence of tensors."""
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    groups: dict[int, list[Tensor]] = {}
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise DTypeError(f"fetch takes tensors, not {type(tensor).__name__}")
        groups.setdefault(id(tensor._graph), []).append(tensor)
    for group in groups.values():
        group[0]._graph.fetch(group, timeout)
    return [tensor._value for tensor in tensors]  # all of them have come


def submit_all() -> None:
    """Submit every graph that the script leaves behind; at its exit nobody can catch an error any more."""
    for graph in open_graphs():
        try:
            graph.submit()
        except RavError as error:
            log.warning("%s was not submitted at the script's exit: %s", graph, error)
