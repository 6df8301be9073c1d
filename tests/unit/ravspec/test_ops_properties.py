"""Every row of the op table against NumPy, on operands that hypothesis makes up from the row's samples.

Other dtypes and shapes (single numbers, no elements, lengths of 1 that broadcast), other layouts in memory,
and among the values NaN, infinities, zeros of both signs and the ends of integers. What the row's rule
refuses is left out; what it lets pass has the type that it inferred and NumPy's values, or fails where NumPy
fails.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_ops_checker import compare, oracle, quietly, type_of

from ravspec.codec import DTYPES
from ravspec.errors import OpError
from ravspec.ops import CHAPTERS, OPS, Op
from ravspec.shapes import promoted_strong

ROWS = [row for row in OPS.values() if row.name != "data" and row.operand_names]

#: an operand's array, in memory as it may come from an op before
LAYOUTS = {
    "as it is": lambda x: x,
    "by columns": np.asfortranarray,
    "backwards": lambda x: np.flip(np.ascontiguousarray(np.flip(x))),
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "not aligned": lambda x: np.frombuffer(bytes(1) + x.tobytes(), x.dtype, x.size, 1).reshape(x.shape),
}

FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-3, 7.0, np.nan, np.inf, -np.inf]
PLAIN_FLOATS = [0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 0.25, 7.0, -4.0, 2.0]


def pool(dtype: np.dtype[Any], plain: bool) -> Any:
    """Values to choose from."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        ends = [] if plain else [np.iinfo(dtype).min, np.iinfo(dtype).max]
        return np.array([0, 1, 2, 3, 7, *([-1, -5] if dtype.kind == "i" else []), *ends], dtype)
    real = PLAIN_FLOATS if plain else FLOATS
    if dtype.kind == "f":
        return np.array(real, dtype)
    return np.array([complex(x, y) for x, y in zip(real, real[3:] + real[:3], strict=True)], dtype)


def leaves_open(row: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> bool:
    """What NumPy leaves open, and accidents of the expression that a row is compared with."""
    dtypes = [np.asarray(x).dtype for x in operands]
    nan = any(d.kind in "fc" and bool(np.isnan(x).any()) for x, d in zip(operands, dtypes, strict=True))
    match row.name:
        case "pow":  # array ** 2 is a square, of another dtype for bools
            return dtypes[0].kind == "b"
        case "quantile" | "nanquantile":  # NumPy computes in integers where q is one, or forgets q
            return dtypes[1].kind in "biu" or not np.size(operands[0])
        case "argsort" if params["descending"]:  # -x of integers may wrap, and NaN stays last
            return dtypes[0].kind in "iub" or nan
        case "nanpercentile":  # of no elements NumPy forgets the shape of q
            return not np.size(operands[0])
        case "pinv":  # NumPy leaves empty integers as they are
            return not operands[0].size and dtypes[0].kind in "biu"
        case "bincount":  # a place for each number up to the largest; of none NumPy forgets the weights
            return not np.size(operands[0]) or np.max(operands[0]) > 1000
        case "irfft" | "hfft" | "irfftn":  # of no samples NumPy 2.4 reads what is not its own, and may crash
            return operands[0].size == 0
        case "histogram":  # NumPy adds up weights between edges as its sort has them, and NaN is in every sum
            return len(operands) > 1 and isinstance(params["bins"], tuple)
        case "mode":  # the comparison has no order of complex numbers
            return dtypes[0].kind == "c"
    return False


#: rows of which NumPy does not say whether they give 0.0 or -0.0: its sort or a SIMD unit decides
EITHER_ZERO = {
    "min", "max", "nanmin", "nanmax", "ptp", "sort", "unique", "unique_all", "unique_values", "unique_counts",
    "unique_inverse", "mode",
}  # fmt: skip
#: rows of matrices, spectra and products: finite values of moderate size, or nothing is left to compare
MODERATE = {
    row.name for chapter in ("Products", "Linear algebra", "Fourier transforms") for row in CHAPTERS[chapter]
}
#: rows with more to find open than values can be compared: their own tests look at what they promise
ELSEWHERE = {
    "eig": "vectors of eigenvalues that are close", "eigvals": "the order of those", "eigh": "likewise",
    "svd": "likewise", "cholesky": "hardly any made up is positive definite", "index": "test_shapes_index",
    "set_item": "test_shapes_index", "index_add": "a mask says how many it selects",
    "random_permutation": "chance",
    "random_choice": "chance", "take_along_axis": "indices that fit are not made up by chance",
}  # fmt: skip


@st.composite
def calls(draw: st.DrawFn, row: Op) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """One of the row's sample calls, with other arrays in it."""
    operands, params = draw(st.sampled_from(row.samples(np.random.default_rng(20))))
    return tuple(draw(like(x, row.name in MODERATE)) for x in operands), row.canonical_params(params)


@st.composite
def like(draw: st.DrawFn, x: Any, moderate: bool) -> Any:
    """A Python number as it is; an array with perhaps another dtype, shape, layout and other values."""
    if not isinstance(x, np.ndarray):
        return x
    dtype = draw(st.sampled_from([x.dtype] * len(DTYPES) + list(DTYPES.values())))
    shape = list(x.shape)
    match draw(st.sampled_from(["same", "same", "number", "length", "fewer", "more"])):
        case "number":
            shape = []
        case "length" if shape:
            shape[draw(st.integers(0, len(shape) - 1))] = draw(st.integers(0, 1))
        case "fewer":
            shape = shape[1:]
        case "more":
            shape = [1, *shape]
    values = pool(dtype, moderate)
    chosen = np.random.default_rng(draw(st.integers(0, 2**16))).integers(0, len(values), shape)
    array = LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](np.asarray(values[chosen]))
    array.setflags(write=False)  # as arrays from the wire are
    return array


def outcome(function: Any, *args: Any, **params: Any) -> tuple[Any, ...] | None:
    """The outputs, or None where it fails; memory is what a contributor may lack, not what we test."""
    try:
        return quietly(function, *args, **params)
    except (ValueError, IndexError, TypeError, ArithmeticError):
        return None


def without_signs(row: Op, outputs: tuple[Any, ...]) -> list[Any]:
    """The outputs; of a row that may keep either zero, all zeros are positive."""
    arrays = [np.asarray(x) for x in outputs]
    return [x + x.dtype.type(0) for x in arrays] if row.name in EITHER_ZERO else arrays


def find_fault(row: Op, examples: int) -> None:
    """Look for a call of the row that is not NumPy's."""
    compared = 0

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(calls(row))
    def holds(call: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        nonlocal compared
        compared += is_numpys(row, *call)

    holds()
    assert compared >= examples // 8, "too few calls passed the rule for this to say much"


def is_numpys(row: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> bool:
    """Compare a call with NumPy; whether there was something to compare."""
    types = [type_of(x) for x in operands]
    try:
        outs = row.infer(types, params)
    except OpError:
        return False
    if leaves_open(row, operands, params):
        return False
    got = outcome(row.kernel, *operands, **params)
    want = outcome(lambda: oracle(row, operands, params))
    if want is None or got is None:
        assert (got is None) == (want is None), f"{row.name} gave {got}, NumPy {want}"
        return False
    compare(row, row.agreement(types), without_signs(row, got), without_signs(row, want))
    for inferred, value in zip(outs, got, strict=True):
        given_type = type_of(np.asarray(value))
        assert inferred in (given_type, given_type._replace(shape=None)), f"inferred {inferred}"
    return True


@pytest.mark.parametrize("examples", [20, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.parametrize("row", [r for r in ROWS if r.name not in ELSEWHERE], ids=lambda row: row.name)
def test_a_row_is_numpys(row: Op, examples: int) -> None:
    find_fault(row, examples)


WRONG = {
    "another NaN": replace(OPS["maximum"], kernel=np.fmax),
    "a dtype for few": replace(OPS["solve"], rule=replace(OPS["solve"].rule, dtype=promoted_strong)),
    "an int32 sum": replace(OPS["sum"], kernel=lambda x, **given: np.sum(np.asarray(x, "i4"), **given)),
    "one layout": replace(OPS["flatten"], kernel=lambda x, order: np.frombuffer(np.asarray(x).data, x.dtype)),
    "a scale that overflows": replace(OPS["hypot"], kernel=lambda x1, x2: np.sqrt(x1 * x1 + x2 * x2)),
}  # fmt: skip


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG)
def test_a_wrong_row_is_found_by_what_is_made_up(row: Op) -> None:
    with pytest.raises((AssertionError, BufferError, ExceptionGroup)):
        find_fault(row, 200)


@pytest.mark.parametrize("largest", [2**63 - 1, 2**62])
def test_a_count_of_a_number_that_has_no_place_fails_before_numpy_writes(largest: int) -> None:
    for weights in ((), (np.ones(2),)):
        with pytest.raises(ValueError, match=str(largest)):
            OPS["bincount"].kernel(np.array([0, largest]), *weights, minlength=0)


@pytest.mark.parametrize("name", ["irfft", "hfft", "fft", "irfftn", "fftn"])
def test_a_transform_of_no_samples_is_of_zeros(name: str) -> None:
    given_params = {"s": (3, 7)} if name.endswith("n") else {"n": 7}
    (out,) = quietly(OPS[name].kernel, np.zeros((3, 0)), **OPS[name].canonical_params(given_params))
    assert out.shape == (3, 7) and not out.any()


def test_what_numpy_forgets_of_no_elements_is_kept() -> None:
    x, q = np.zeros((0, 3), "f4"), np.array([[25.0, 50.0]])
    params = OPS["nanpercentile"].canonical_params({"axis": 1})
    got = OPS["nanpercentile"].kernel(x, q, **params)
    assert OPS["nanpercentile"].infer([type_of(x), type_of(q)], params) == (type_of(got),)
    assert OPS["pinv"].kernel(x.astype("i4"), 1e-15).dtype == np.float64


@pytest.mark.parametrize("name", ["min", "max", "nanmin", "nanmax"])
@pytest.mark.parametrize("size", [2, 5, 4001])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_of_zeros_of_both_signs_the_extreme_one_is_found(name: str, size: int, dtype: str) -> None:
    x = np.zeros(size, dtype)
    for some in (slice(1), slice(-1, None), slice(1, None, 2), slice(None)):
        mixed = x.copy()
        mixed[some] = -0.0
        found = OPS[name].kernel(mixed, axis=None, keepdims=False)
        assert found == 0 and found.dtype == dtype
        assert np.signbit(found) == (name.endswith("min") or some == slice(None)), (some, found)
