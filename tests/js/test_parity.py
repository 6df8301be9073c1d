"""Every row of the op table in Pyodide, by the tab's own code, against this Python's NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from parity import Case, agreement, cases, close, here, in_node, many_ops, outputs

from ravsock.assets import Runtime
from ravsock.bundle import modules
from ravspec.ops import OPS

Answers = Sequence[bytes]

#: NumPy's own warnings of empty means, as contributors switch them off
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(scope="module")
def every() -> tuple[Sequence[Case], Answers, Answers]:
    """All calls, as frames, and this process's answers."""
    made = cases()
    frames = [case.frame(number) for number, case in enumerate(made)]
    return made, frames, here(frames)


def differences(made: Sequence[Case], got: Answers, want: Answers) -> list[str]:
    """Calls whose outputs or failures are not what they should be."""
    found = []
    for case, one, other in zip(made, got, want, strict=True):
        (values, failed), (right, rightly_failed) = outputs(one), outputs(other)
        same = len(values) == len(right) and all(
            a.dtype == b.dtype and a.shape == b.shape and close(case.numeric, a, b)
            for a, b in zip(values, right, strict=True)
        )
        if not same or failed != rightly_failed:
            how = agreement(values, right)
            found.append(f"{case.row.name} {case.params}: {how}, not {case.numeric}; {failed or values}")
    return found


def test_every_row_agrees_within_its_numeric_class(every, runtime: Runtime, tmp_path: Path) -> None:
    made, frames, want = every
    got, about = in_node(frames, runtime.folder, modules(), tmp_path)
    assert about["kernel"], "the matmul kernel was not used"
    assert {case.row.name for case in made} == set(OPS) - {"data"}
    assert not differences(made, got, want)


def test_products_are_right_without_the_kernel_too(every, runtime: Runtime, tmp_path: Path) -> None:
    made, frames, want = every
    chosen = [n for n, case in enumerate(made) if case.row.name in ("matmul", "dot", "tensordot", "einsum")]
    got, about = in_node([frames[n] for n in chosen], runtime.folder, modules(), tmp_path, "--no-kernel")
    assert not about["kernel"]
    assert not differences([made[n] for n in chosen], got, [want[n] for n in chosen])


@pytest.mark.parametrize(("n_inputs", "n_ops"), [(3, 20), (100, 500)])
def test_many_ops_run_as_here(runtime: Runtime, tmp_path: Path, n_inputs: int, n_ops: int) -> None:
    frame = many_ops(n_inputs, n_ops, 1)
    (got,), _ = in_node([frame], runtime.folder, modules(), tmp_path)
    (values, failed), (right, rightly_failed) = outputs(got), outputs(here([frame])[0])
    assert failed == rightly_failed and len(values) == len(right) >= n_ops // 2 - len(failed)
    assert agreement(values, right) == "equal"
    if n_ops > 100:
        assert failed, "the ops that cannot be computed have failed"


def test_a_wrong_answer_is_found(every) -> None:
    made, _, want = every
    add = [n for n, case in enumerate(made) if case.row.name in ("add", "exp", "inv")]
    assert differences([made[n] for n in add], [want[n] for n in reversed(add)], [want[n] for n in add])
