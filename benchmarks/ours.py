"""Our side of the work: this process is the developer."""

from __future__ import annotations

import atexit
from contextlib import AbstractContextManager
from typing import Any

import work
from cluster import Cluster
from work import Array

import ravop as R


class Ours:
    """The work by ravop, on a cluster of its own that lives as long as the `with` block."""

    def __init__(self, contributors: int = 2) -> None:
        self.cluster = Cluster(contributors)

    def __enter__(self) -> Ours:
        self.cluster.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        # the exit of a script submits its open graphs; those of a run that broke off have no server then
        atexit.unregister(R.submit_all)
        self.cluster.__exit__(*details)

    def graph(self) -> AbstractContextManager[object]:
        R.initialize(url=self.cluster.url)
        return R.Graph()

    def sources(self, arrays: list[Array]) -> list[Any]:
        return [R.t(array) for array in arrays]

    def adds(self, xs: list[Any], ys: list[Any]) -> list[Any]:
        return [x + y for x, y in zip(xs, ys, strict=True)]

    def values(self, handles: list[Any]) -> list[Array]:
        return R.fetch(handles)

    def up(self, array: Array) -> Any:
        tensor = R.t(array)
        stats = tensor.graph.get_op_stats()  # the server answers when the op is stored
        work.check(stats["total_ops"] == 1, "the server does not have the array")
        return tensor

    def down(self, handle: Any) -> Array:
        value: Array = handle()
        return value

    def uniform(self, n: int, seed: int) -> Any:
        return R.random_uniform(size=(n, n), seed=seed)

    def matmul(self, a: Any, b: Any) -> Any:
        return a @ b

    def total(self, x: Any) -> Any:
        return R.sum(x)
