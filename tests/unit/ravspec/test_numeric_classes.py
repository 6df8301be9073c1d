"""The numeric class of every op: contributors with other SIMD units and BLAS kernels agree within it.

Their CPUs are played by settings that NumPy and OpenBLAS read when they start. On a CPU that lacks a feature,
leaving it out changes nothing; what a machine cannot play, it cannot test.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grown
import numpy as np
import pytest

from ravspec.ops import OPS

HERE = Path(__file__).parent
PARITY = HERE.parent.parent / "js"
sys.path.insert(0, str(PARITY))

from parity import Case, agreement, cases, close, here, outputs, parted  # noqa: E402 - ravjs's tests compare too

#: NumPy's own warnings of empty means, as contributors switch them off
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

Answers = Sequence[tuple[Sequence[Any], Sequence[tuple[int, str]]]]

X86 = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"

#: other contributors: what is set where they start
SETTINGS: dict[str, dict[str, str]] = {
    "no AVX2": {"NPY_DISABLE_CPU_FEATURES": X86},
    "no AVX-512": {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"},
    "two BLAS threads": {"OPENBLAS_NUM_THREADS": "2"},
    "BLAS for Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "BLAS for Sandy Bridge": {"OPENBLAS_CORETYPE": "Sandybridge"},
    "BLAS for Prescott": {"OPENBLAS_CORETYPE": "Prescott"},
    "BLAS for Zen": {"OPENBLAS_CORETYPE": "Zen"},
    "an old CPU": {"NPY_DISABLE_CPU_FEATURES": X86, "OPENBLAS_CORETYPE": "Nehalem"},
}


def answers(frames: Path, folder: Path, **settings: str) -> Answers:
    """The values and failures that a contributor with these settings answers."""
    out = folder / "answers"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NPY_", "OPENBLAS_"))}
    path = os.pathsep.join(map(str, (HERE.parent.parent.parent, HERE, PARITY)))
    subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "answer_frames.py"), str(frames), str(out)],
        env={**kept, "OPENBLAS_NUM_THREADS": "1", **settings, "PYTHONPATH": path}, check=True, timeout=300,
    )  # fmt: skip
    return [outputs(answer) for answer in parted(out.read_bytes())]


def differences(made: Sequence[Case], got: Answers, want: Answers) -> dict[str, str]:
    """The rows whose answers are not within their class, each with one of its calls."""
    found = {}
    for case, (values, failed), (right, rightly_failed) in zip(made, got, want, strict=True):
        same = len(values) == len(right) and all(
            a.dtype == b.dtype and a.shape == b.shape and close(case.numeric, a, b)
            for a, b in zip(values, right, strict=True)
        )
        if not same or failed != rightly_failed:
            shapes = [np.shape(x) for x in case.operands]
            found[case.row.name] = f"{case.numeric} of {shapes} {case.params}: {failed or values}"[:500]
    return found


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sequence[Case], Path, Answers]:
    """All calls, as frames in a file, and what a contributor of this machine answers."""
    made = [*cases(), *(Case(row, operands, params) for row, operands, params in grown.calls())]
    folder = tmp_path_factory.mktemp("frames")
    frames = folder / "frames"
    frames.write_bytes(b"".join(case.frame(number) for number, case in enumerate(made)))
    return made, frames, answers(frames, folder)


@pytest.mark.long
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_contributors_of_another_make_agree_within_the_class(every, settings, tmp_path: Path) -> None:
    made, frames, want = every
    assert not differences(made, answers(frames, tmp_path, **settings), want)


@pytest.mark.long
def test_every_row_is_among_them_and_other_settings_do_change_bits(every, tmp_path: Path) -> None:
    made, frames, want = every
    assert {case.row.name for case in made} == set(OPS) - {"data"}
    if platform.machine() in ("x86_64", "AMD64"):
        other = answers(frames, tmp_path, **SETTINGS["an old CPU"])
        changed = {
            case.row.name
            for case, (got, _), (right, _) in zip(made, other, want, strict=True)
            if agreement(got, right) != "equal"
        }
        assert {"matmul", "solve"} <= changed, "the settings did not reach NumPy"


@pytest.mark.parametrize("name", ["add", "exp", "matmul", "unique"])
def test_an_answer_outside_the_class_is_found(name: str) -> None:
    row = OPS[name]
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    case = Case(row, (x, x)[: len(row.operand_names)], {})
    (right,) = [outputs(answer) for answer in here([case.frame(0)])]
    wrong = [value * (1 + 1e-6) for value in right[0]], right[1]
    assert differences([case], [right], [right]) == {}
    assert name in differences([case], [wrong], [right])
    assert name in differences([case], [([], [(0, "it failed")])], [right])
