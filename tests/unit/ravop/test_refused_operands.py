"""Wrong operands, params, axes, dtypes and sizes: every row refuses them as the op is built, and says why.

The tables are crossed with all rows. A refusal is an OpError with the op's name and the value in it.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

import ravop as R
from ravop.factory import FUNCTIONS
from ravop.graph import current_graph
from ravspec.ops import OPS, Op
from ravspec.ops.creation import DATA

ROWS = [row for row in OPS.values() if row.name != DATA]
WITH_OPERANDS = [row for row in ROWS if row.operand_names]
WITH_PARAMS = [row for row in ROWS if row.params]

#: what is no array of numbers -> what is said of it
NO_ARRAYS: dict[str, Any] = {
    "word": "twelve",
    "words": ["one", "two"],
    "ragged": [[1, 2], [3]],
    "object": object(),
    "objects": np.array([1, None], object),
    "dict": {"a": 1},
    "set": {1, 2},
    "dates": np.array(["2026-11-24"], "M8[D]"),
    "bytes": b"12",
    "record": np.zeros(2, [("a", "i4")]),
    "day": datetime.date(2026, 11, 24),
}

#: what no param of any op is
NO_PARAMS: dict[str, Any] = {
    "object": object(),
    "word": "no such word",
    "words": [["x"], "y"],
    "dict": {"a": 1},
    "day": datetime.date(2026, 11, 24),
    "function": len,
    "ragged": [[1, 2], [3]],
    "array of objects": np.array([None, "x"], object),
}

#: more elements than any machine holds, each axis by itself or all together
TOO_LARGE = (2**40, 2**40), 2**62, (2**70,), 2**64, -1


def sample_of(row: Op) -> tuple[list[Any], dict[str, Any]]:
    """A good call: operands and params."""
    operands, params = row.samples(np.random.default_rng(5))[0]
    return list(operands), dict(params)


def call(row: Op, operands: list[Any], params: dict[str, Any]) -> Any:
    """The row's function, or where that has a call form of its own, what it comes to."""
    if row.bind is None and not row.variadic:
        return FUNCTIONS[row.name](*operands, **params)
    return current_graph().add(row, operands, row.canonical_params(params))


def refused(row: Op, operands: list[Any], params: dict[str, Any]) -> str:
    """The words of the refusal."""
    tensors = [R.t(x) if isinstance(x, np.ndarray) and x.dtype.kind in "biufc" else x for x in operands]
    before = current_graph()._record.n_ops
    with pytest.raises(R.OpError) as caught:
        call(row, tensors, params)
    words = str(caught.value)
    assert row.name in words, f"{row.name} is not named: {words}"
    assert len(words) < 500
    assert current_graph()._record.n_ops == before, "what was refused was recorded"
    return words


@pytest.mark.parametrize("row", WITH_OPERANDS, ids=lambda row: row.name)
def test_what_is_no_array_of_numbers_is_no_operand(row: Op) -> None:
    good, params = sample_of(row)
    for k in range(len(good)):
        for kind, bad in NO_ARRAYS.items():
            words = refused(row, [*good[:k], bad, *good[k + 1 :]], params)
            assert "no array of numbers" in words, (kind, words)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_too_many_and_too_few_operands_and_unknown_params_are_refused(row: Op) -> None:
    operands, params = sample_of(row)
    g = R.Graph()
    if not row.variadic:
        with pytest.raises(R.ParamError, match=rf"{row.name} takes .* got {len(operands) + 7} operands"):
            g.add(row, [*operands, *[R.t(1.0)] * 7], row.canonical_params(params))
    if row.least:
        with pytest.raises(R.ParamError, match=rf"{row.name} takes .* got 0 operands"):
            g.add(row, [], row.canonical_params(params))
    with pytest.raises(R.ParamError, match=rf"{row.name}.*nonsense"):
        call(row, operands, {**params, "nonsense": 1})


@pytest.mark.parametrize("row", WITH_PARAMS, ids=lambda row: row.name)
def test_what_is_no_param_is_refused_by_its_name(row: Op) -> None:
    operands, params = sample_of(row)
    for name in row.params:
        for kind, bad in NO_PARAMS.items():
            if (kind, name) == ("ragged", "pad_width"):  # an axis may have one width for both of its ends
                continue
            refused(row, operands, {**params, name: bad})


@pytest.mark.parametrize("row", [r for r in WITH_PARAMS if "axis" in r.params], ids=lambda row: row.name)
@pytest.mark.parametrize("axis", [99, -99, 1.5, "0.5", (0, 99)])
def test_an_axis_that_there_is_not_is_refused(row: Op, axis: Any) -> None:
    operands, params = sample_of(row)
    refused(row, operands, {**params, "axis": axis})


@pytest.mark.parametrize("row", [r for r in WITH_PARAMS if "dtype" in r.params], ids=lambda row: row.name)
@pytest.mark.parametrize("dtype", ["float16", "M8[s]", "O", "U3", "nonsense", 3.5, ">c99"])
def test_a_dtype_that_does_not_travel_is_refused(row: Op, dtype: Any) -> None:
    operands, params = sample_of(row)
    refused(row, operands, {**params, "dtype": dtype})


#: params that say how much comes out
SIZES = ("shape", "size", "reps", "repeats", "pad_width", "num", "n_rows", "n_cols", "depth", "minlength")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (row, name)
        for row in WITH_PARAMS
        for name in SIZES
        if name in row.params and (row.name, name) != ("random_gamma", "shape")  # its form, a number
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_sizes_beyond_all_machines_are_refused(row: Op, name: str) -> None:
    operands, params = sample_of(row)
    for size in TOO_LARGE:
        if size == -1 and row.name == "reshape":  # where it means what is left
            continue
        refused(row, operands, {**params, name: size})


@pytest.mark.parametrize("row", WITH_OPERANDS, ids=lambda row: row.name)
def test_results_beyond_all_machines_are_refused_or_small(row: Op) -> None:
    """Of operands that are themselves as large as can be, nothing larger is made."""
    good, params = sample_of(row)
    for shape in ((2**30, 2**30), (2**59,)):
        operands = [R.zeros(shape, dtype="int8") if isinstance(x, np.ndarray) else x for x in good]
        try:
            results = call(row, operands, params)
        except (R.OpError, OverflowError) as error:
            assert row.name in str(error)
            continue
        for result in results if isinstance(results, tuple) else (results,):
            assert result._array_type().size_bytes < 2**63
