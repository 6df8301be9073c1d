"""Dask, Ray and NumPy as sides of the work, each in the way that turned out quickest for it."""

from __future__ import annotations

import hashlib
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import work
from work import Array


class Missing(Exception):
    """A side that cannot take part; the message says why."""


class Numpy:
    """This process alone, no cluster: what the arithmetic takes."""

    def __enter__(self) -> Numpy:
        return self

    def __exit__(self, *details: object) -> None:
        pass

    def graph(self) -> AbstractContextManager[object]:
        return nullcontext()

    def sources(self, arrays: list[Array]) -> list[Any]:
        return arrays

    def adds(self, xs: list[Any], ys: list[Any]) -> list[Any]:
        return [x + y for x, y in zip(xs, ys, strict=True)]

    def values(self, handles: list[Any]) -> list[Array]:
        return handles

    def up(self, array: Array) -> Any:
        return array.copy()

    def down(self, handle: Any) -> Array:
        copy: Array = handle.copy()
        return copy

    def uniform(self, n: int, seed: int) -> Any:
        return work.uniform(n, seed)

    def matmul(self, a: Any, b: Any) -> Any:
        return work.matmul(a, b)

    def total(self, x: Any) -> Any:
        return work.total(x)


class Dask:
    """A LocalCluster of two single-threaded worker processes.

    Sources are scattered in one call and lists go by `Client.map`: of submit, map, delayed and a raw
    graph, with operands by value or scattered, that took the least time.
    """

    def __enter__(self) -> Dask:
        try:
            from dask.distributed import Client, LocalCluster
        except ImportError as error:
            raise Missing("dask.distributed is not installed") from error
        warnings.simplefilter("ignore")
        quiet = logging.CRITICAL + 1
        self._cluster = LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=quiet
        )
        self._client: Any = Client(self._cluster)
        logging.getLogger("distributed").setLevel(quiet)
        return self

    def __exit__(self, *details: object) -> None:
        self._client.close()
        self._cluster.close()

    def graph(self) -> AbstractContextManager[object]:
        return nullcontext()

    def sources(self, arrays: list[Array]) -> list[Any]:
        handles: list[Any] = self._client.scatter(arrays, hash=False)
        return handles

    def adds(self, xs: list[Any], ys: list[Any]) -> list[Any]:
        if len(xs) == 1:
            return [self._client.submit(work.add, xs[0], ys[0], pure=False)]
        handles: list[Any] = self._client.map(work.add, xs, ys, pure=False)
        return handles

    def values(self, handles: list[Any]) -> list[Array]:
        got: list[Array] = self._client.gather(handles)
        return got

    def up(self, array: Array) -> Any:
        return self._client.scatter(array, hash=False)

    def down(self, handle: Any) -> Array:
        got: Array = self._client.gather(handle)
        return got

    def uniform(self, n: int, seed: int) -> Any:
        return self._client.submit(work.uniform, n, seed, pure=False)

    def matmul(self, a: Any, b: Any) -> Any:
        return self._client.submit(work.matmul, a, b, pure=False)

    def total(self, x: Any) -> Any:
        return self._client.submit(work.total, x, pure=False)


class CheckedDask(Dask):
    """Dask, and arrays count only when their SHA-256 is the same at both ends, as ours do.

    Going up both ends hash: the sender beside the sending, the worker what has come. Coming down the
    receiver hashes, and knows what to expect. That is what a user of Dask would have to add.
    """

    def up(self, array: Array) -> Any:
        with ThreadPoolExecutor(1) as beside:
            digest = beside.submit(sha256, array)
            handle = super().up(array)
            there = self._client.submit(sha256, handle, pure=False).result()
        work.check(there == digest.result(), "other bytes came than were sent")
        return handle, there

    def down(self, handle: Any) -> Array:
        future, digest = handle
        array = super().down(future)
        work.check(sha256(array) == digest, "other bytes came than were stored")
        return array


def sha256(array: Array) -> str:
    """The digest of an array's bytes."""
    return hashlib.sha256(array.data).hexdigest()


class Ray:
    """Ray with two CPUs. Small operands go by value, which is half the time of putting them first."""

    def __enter__(self) -> Ray:
        try:
            import ray
        except ImportError as error:
            raise Missing("ray is not installed") from error
        self._ray: Any = ray
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        functions = (work.add, work.matmul, work.total, work.uniform)
        self._add, self._matmul, self._total, self._uniform = (ray.remote(f).remote for f in functions)
        return self

    def __exit__(self, *details: object) -> None:
        self._ray.shutdown()

    def graph(self) -> AbstractContextManager[object]:
        return nullcontext()

    def sources(self, arrays: list[Array]) -> list[Any]:
        return arrays

    def adds(self, xs: list[Any], ys: list[Any]) -> list[Any]:
        return [self._add(x, y) for x, y in zip(xs, ys, strict=True)]

    def values(self, handles: list[Any]) -> list[Array]:
        got: list[Array] = self._ray.get(handles)
        return got

    def up(self, array: Array) -> Any:
        return self._ray.put(array)

    def down(self, handle: Any) -> Array:
        got: Array = self._ray.get(handle)
        return got

    def uniform(self, n: int, seed: int) -> Any:
        return self._uniform(n, seed)

    def matmul(self, a: Any, b: Any) -> Any:
        return self._matmul(a, b)

    def total(self, x: Any) -> Any:
        return self._total(x)
