"""A tab's computing worker, inside Pyodide: frame in, frame out, and the matmul kernel put to work.

What it runs is ravspec's own executor and op table. Bytes of large arrays are fetched before a frame is
executed and sent after, by JavaScript; here they are looked up and laid ready by their digests.
"""

from __future__ import annotations

import json
import platform
import warnings
from typing import Any

import kernel
import numpy as np
import rows

from ravspec.battery import measured
from ravspec.codec import array_bytes
from ravspec.errors import TransferError
from ravspec.executor import Executor
from ravspec.shapes import ArrayType
from ravspec.subgraph import sha256


class Paced(Executor):
    """An executor that rests: at half a pace, a second of computing is two to whoever plans with it."""

    pace = 1.0

    def _result(self, assignment: int, exec_s: float, *rest: Any) -> bytes:
        return super()._result(assignment, exec_s / self.pace, *rest)


class Tab:
    """One life's executor. `given`: a JavaScript Map from digest to bytes, set before each frame."""

    def __init__(self, life: str) -> None:
        self._executor = Paced(life, self._fetch, self._put)
        self._given: Any = None
        self.ready: dict[str, Any] = {}  #: digest -> bytes that must be at the server before the answer is

    def execute(self, frame: Any, given: Any, pace: float) -> bytes:
        """The answer to an assignment's frame, which comes as a Uint8Array."""
        self._given, self.ready = given, {}
        self._executor.pace = pace
        return self._executor.execute(frame.to_bytes())

    def _fetch(self, digest: str, t: ArrayType) -> Any:
        assert t.shape is not None
        data = self._given.get(digest)
        if data is None:
            raise TransferError(f"the array {digest[:12]} could not be fetched")
        array = np.empty(t.shape, t.dtype)
        view = memoryview(array.reshape(-1).view(np.uint8))
        if data.byteLength != len(view):
            raise TransferError(f"the array {digest[:12]} came with {data.byteLength} of {len(view)} bytes")
        data.assign_to(view)
        if sha256(view) != digest:
            raise TransferError(f"the array {digest[:12]} came with other bytes")
        array.setflags(write=False)
        return array

    def _put(self, value: Any) -> str:
        data = array_bytes(value)
        digest = sha256(data)
        self.ready[digest] = data
        return digest


def start(multiply: Any, room_bytes: int) -> None:
    """Make this process a contributor's: quiet, of 64 bits, and with the kernel, if there is one."""
    # what NumPy warns of (an empty mean, say) concerns the developer, who sees the NaN
    warnings.simplefilter("ignore", RuntimeWarning)
    kernel.put_to_work(multiply, room_bytes)
    rows.cure()


def about() -> str:
    """What this process measured of itself, as JSON: a part of the hello."""
    speed, numeric_class = measured()
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    return json.dumps({"speed": speed, "numeric_class": numeric_class, "versions": versions})


def flops() -> float:
    """Flops since it was asked last."""
    counted, rows.Count.flops = rows.Count.flops, 0.0
    return counted
