"""The same cases on Dask (two single-threaded worker processes), Ray (two CPUs) and plain NumPy."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np


class Missing(Exception):
    """A peer that cannot take part, with the reason."""


class DaskPeer:
    """A LocalCluster, as a context manager."""

    def __enter__(self) -> DaskPeer:
        try:
            from dask.distributed import Client, LocalCluster
        except ImportError as error:
            raise Missing("dask is not installed") from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        warnings.simplefilter("ignore")
        self._cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
        self.client: Any = Client(self._cluster)
        return self

    def __exit__(self, *details: object) -> None:
        self.client.close()
        self._cluster.close()

    def independent(self, n: int) -> None:
        xs = self.client.scatter([np.array([float(i), 1.0, 2.0]) for i in range(100)])
        futures = [self.client.submit(np.add, xs[i % 100], xs[i // 100 % 100], pure=False) for i in range(n)]
        got = self.client.gather(futures)
        assert got[-1].tolist() == [(n - 1) % 100 + (n - 1) // 100 % 100, 2.0, 4.0]

    def chain(self, n: int) -> None:
        x, one = self.client.scatter([np.zeros(3), np.ones(3)])
        for _ in range(n):
            x = self.client.submit(np.add, x, one, pure=False)
        assert x.result().tolist() == [n, n, n]

    def tree(self, n: int) -> None:
        level = self.client.scatter([np.array([float(i)]) for i in range(n)])
        while len(level) > 1:
            level = [
                self.client.submit(np.add, a, b, pure=False)
                for a, b in zip(level[::2], level[1::2], strict=True)
            ]
        assert level[0].result()[0] == n * (n - 1) / 2

    def one_add(self, times: int) -> list[float]:
        a, b = self.client.scatter([np.array([1, 2, 3]), np.array([5, 22, 7])])
        return each(times, lambda: self.client.submit(np.add, a, b, pure=False).result())

    def up_and_down(self, size_bytes: int) -> tuple[float, float]:
        x = np.random.default_rng(1).random(size_bytes // 8)
        started = time.perf_counter()
        there = self.client.scatter(x, hash=False)
        up_s = time.perf_counter() - started
        started = time.perf_counter()
        again = self.client.gather(there)
        down_s = time.perf_counter() - started
        assert (again == x).all()
        return up_s, down_s


class RayPeer:
    """Ray with two CPUs, as a context manager."""

    def __enter__(self) -> RayPeer:
        try:
            import ray
        except ImportError as error:
            raise Missing("ray is not installed") from error
        self._ray: Any = ray
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        self._add: Any = ray.remote(lambda a, b: a + b)
        return self

    def __exit__(self, *details: object) -> None:
        self._ray.shutdown()

    def independent(self, n: int) -> None:
        xs = [self._ray.put(np.array([float(i), 1.0, 2.0])) for i in range(100)]
        refs = [self._add.remote(xs[i % 100], xs[i // 100 % 100]) for i in range(n)]
        got = self._ray.get(refs)
        assert got[-1].tolist() == [(n - 1) % 100 + (n - 1) // 100 % 100, 2.0, 4.0]

    def chain(self, n: int) -> None:
        x, one = self._ray.put(np.zeros(3)), self._ray.put(np.ones(3))
        for _ in range(n):
            x = self._add.remote(x, one)
        assert self._ray.get(x).tolist() == [n, n, n]

    def tree(self, n: int) -> None:
        level = [self._ray.put(np.array([float(i)])) for i in range(n)]
        while len(level) > 1:
            level = [self._add.remote(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        assert self._ray.get(level[0])[0] == n * (n - 1) / 2

    def one_add(self, times: int) -> list[float]:
        a, b = self._ray.put(np.array([1, 2, 3])), self._ray.put(np.array([5, 22, 7]))
        return each(times, lambda: self._ray.get(self._add.remote(a, b)))

    def up_and_down(self, size_bytes: int) -> tuple[float, float]:
        x = np.random.default_rng(1).random(size_bytes // 8)
        started = time.perf_counter()
        there = self._ray.put(x)
        up_s = time.perf_counter() - started
        started = time.perf_counter()
        again = self._ray.get(there)
        down_s = time.perf_counter() - started
        assert (again == x).all()
        return up_s, down_s


def each(times: int, add: Callable[[], Any]) -> list[float]:
    """Seconds of each of several adds, the values checked."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        value = add()
        seconds.append(time.perf_counter() - started)
        assert value.tolist() == [6, 24, 10]
    return seconds


class NumpyPeer:
    """One process, no cluster: what the arithmetic itself takes."""

    def __enter__(self) -> NumpyPeer:
        return self

    def __exit__(self, *details: object) -> None:
        pass

    def independent(self, n: int) -> None:
        xs = [np.array([float(i), 1.0, 2.0]) for i in range(100)]
        assert len([xs[i % 100] + xs[i // 100 % 100] for i in range(n)]) == n

    def chain(self, n: int) -> None:
        x, one = np.zeros(3), np.ones(3)
        for _ in range(n):
            x = x + one
        assert x.tolist() == [n, n, n]

    def tree(self, n: int) -> None:
        level = [np.array([float(i)]) for i in range(n)]
        while len(level) > 1:
            level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
        assert level[0][0] == n * (n - 1) / 2

    def one_add(self, times: int) -> list[float]:
        a, b = np.array([1, 2, 3]), np.array([5, 22, 7])
        return each(times, lambda: a + b)


PEERS: dict[str, Callable[[], Any]] = {"dask": DaskPeer, "ray": RayPeer, "numpy": NumpyPeer}
