"""`@R.op`: functions of tensors are ops with a name of their own, made of ops that contributors have."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ravop as R
from ravop.waiting import Bar
from ravspec.messages import Progress

ROOT = Path(__file__).parents[3]


@R.op
def gaussian_kernel(x: R.Tensor, y: R.Tensor, width: float) -> R.Tensor:
    """How near points are to each other."""
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :]
    return R.exp((squares - 2 * (x @ y.T)) / (-2 * width**2))


@R.op
def halves(x: R.Tensor) -> tuple[R.Tensor, R.Tensor]:
    return x[:2], x[2:]


@R.op
def solved_twice(a: R.Tensor) -> R.Tensor:
    return inverse(a) + 1


@R.op
def inverse(a: R.Tensor) -> R.Tensor:
    return R.inv(a)


def test_it_computes_what_the_function_says_and_keeps_its_face() -> None:
    x = np.arange(6.0).reshape(3, 2)
    got = gaussian_kernel(R.t(x), R.t(x), 2.0)
    np.testing.assert_allclose(got(), np.exp(-((x[:, None] - x) ** 2).sum(-1) / 8))
    assert gaussian_kernel.__name__ == "gaussian_kernel" and gaussian_kernel.__doc__
    assert list(inspect.signature(gaussian_kernel).parameters) == ["x", "y", "width"]
    assert [part().tolist() for part in halves(R.t([1, 2, 3]))] == [[1, 2], [3]]


def test_its_ops_are_found_by_its_name_with_the_line_of_the_call() -> None:
    g = R.Graph()
    x = R.t(np.eye(2))
    before = x + 1
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    near = gaussian_kernel(x, x, 1.0)
    after = near + before
    ops = g.get_ops_by_name("gaussian")
    assert {op["within"]["name"] for op in ops} == {"gaussian_kernel"}
    assert {(op["within"]["file"], op["within"]["line"]) for op in ops} == {(__file__, line)}
    assert all(op["line"] != line for op in ops)
    assert "within" not in g.ops[before.id] and "within" not in g.ops[after.id]
    assert g.get_op_stats("gaussian") == {
        "total_ops": len(ops), "pending_ops": len(ops), "computed_ops": 0, "failed_ops": 0,
    }  # fmt: skip
    near()
    assert g.get_op_stats("gaussian_kernel")["computed_ops"] == len(ops)


def test_an_op_that_fails_inside_names_it_and_both_lines() -> None:
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    bad = solved_twice(R.t(np.ones((2, 2))))
    with pytest.raises(R.ComputeError) as caught:
        bad()
    words = str(caught.value)
    assert "(inv) in solved_twice/inverse(...) of graph" in words
    assert f'solved_twice/inverse was called at File "{__file__}", line {line}' in words
    inner = inspect.getsourcelines(inverse)[1] + 2
    assert f'it was built at File "{__file__}", line {inner}' in words


def test_it_may_call_itself_and_fail_without_staying_open() -> None:
    @R.op
    def doubled(x: R.Tensor, times: int) -> R.Tensor:
        return x if not times else doubled(x + x, times - 1)

    g = R.Graph()
    assert doubled(R.t(1), 5)() == 32
    assert {op["within"]["name"] for op in g.get_ops_by_name("doubled")} == {"doubled"}
    with pytest.raises(R.ShapeError):
        gaussian_kernel(R.t(np.eye(2)), R.t(np.eye(3)), 1.0)
    assert g.own_op((R.t(1) + 1).id) == ""


@pytest.mark.parametrize("given", [3, np.ones(2), None, (), [R.pi]])
def test_what_gives_no_tensors_is_refused(given: Any) -> None:
    with pytest.raises(R.ParamError, match=r"careless gave .*; an op gives tensors, or answers"):

        @R.op
        def careless() -> Any:
            return given

        careless()


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(R.ParamError, match="3 is none"):
        R.op(3)  # type: ignore[type-var]


def test_the_progress_bar_says_which_op_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr("ravop.waiting.tqdm", lambda **more: shown.append(more["desc"]) or FakeBar())
    with Bar(-1, "gaussian_kernel", hidden=False) as bar:
        bar.show(Progress(total=3, computed=1, computing=1, failed=0, contributors=1))
    assert shown == ["computing gaussian_kernel"]
    g = R.Graph()
    assert g.own_op(gaussian_kernel(R.t(np.eye(2)), R.t(np.eye(2)), 1.0).id) == "gaussian_kernel"


class FakeBar:
    """A bar that is not drawn."""

    total = n = 0

    def set_postfix_str(self, text: str, refresh: bool) -> None:
        assert text == "1 contributors" and not refresh

    def refresh(self) -> None:
        """Nothing to draw."""

    def close(self) -> None:
        """Nothing to close."""


def test_the_example_runs() -> None:
    script = ROOT / "examples/custom_op/kernel.py"
    done = subprocess.run(
        [sys.executable, str(script)], env={"RAVSOCK_URL": "local:", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "noise 0.2, error of the smooth curve 0.078",
        "gaussian_kernel is 13 of 24 ops: pow sum index add transpose matmul multiply subtract divide exp",
    ]
