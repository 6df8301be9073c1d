"""Every op row through ravop's function, the batch, the checks, the kernel and back, against NumPy."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import ravop as R
from ravop.factory import FUNCTIONS, IN_FFT, signature
from ravop.standard import WIDER
from ravspec.ops import ALIASES, OPS
from ravspec.ops.creation import DATA

ROWS = [op for op in OPS.values() if op.name != DATA]


def results(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_function_gives_what_its_kernel_gives(row: Any) -> None:
    g = R.Graph()
    for operands, params in row.samples(np.random.default_rng(3)):
        canonical = row.canonical_params(params)
        with np.errstate(all="ignore"):
            want = results(row.kernel(*operands, **canonical))
        handles = [R.t(x) if isinstance(x, np.ndarray) else x for x in operands]
        got = results(g.add(row, handles, canonical))
        for handle, value in zip(got, want, strict=True):
            known = g.array_type(handle._operand[2])
            np.testing.assert_array_equal(handle(), value)
            assert handle.dtype == np.asarray(value).dtype
            assert known.shape in (None, np.shape(value))


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
@pytest.mark.parametrize("row", [r for r in ROWS if r.bind is None], ids=lambda row: row.name)
def test_params_may_be_named_or_follow_the_operands(row: Any) -> None:
    R.Graph()
    for operands, params in row.samples(np.random.default_rng(4))[:2]:
        if row.variadic:
            continue
        canonical = row.canonical_params(params)
        named = results(FUNCTIONS[row.name](*operands, **params))
        placed = results(FUNCTIONS[row.name](*operands, *canonical.values()))
        for a, b in zip(named, placed, strict=True):
            np.testing.assert_array_equal(a(), b())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_signature_and_doc_are_the_rows(row: Any) -> None:
    function = getattr(R.fft if row.name in IN_FFT else R, row.name)
    if row.name in WIDER:  # it takes more than the row
        assert signature(row).parameters.keys() <= inspect.signature(function).parameters.keys()
    else:
        assert inspect.signature(function) == signature(row)
        assert row.doc in function.__doc__
    assert function.__name__ == row.name


def test_every_alias_is_the_function_itself_and_a_method_where_there_is_an_operand() -> None:
    for alias, name in ALIASES.items():
        if name != DATA and name not in IN_FFT:
            assert getattr(R, alias) is getattr(R, name)
            if OPS[name].operand_names:
                assert hasattr(R.Tensor, alias)


def test_unknown_params_and_too_many_arguments_are_named() -> None:
    x = R.t([1.0, 2.0])
    with pytest.raises(R.ParamError, match='no param "axes"; did you mean "axis"'):
        R.sum(x, axes=0)
    with pytest.raises(R.ParamError, match="takes 4 arguments; got 5"):
        R.sum(x, 0, None, False, 1)
    with pytest.raises(R.ParamError, match="axis twice"):
        R.sum(x, 0, axis=0)
    with pytest.raises(R.ParamError, match="add takes x1, x2; got 1"):
        R.add(x)
    with pytest.raises(R.ParamError, match=r"^reshape: got an unexpected keyword argument 'order'"):
        R.reshape(x, (2, 1), order="F")
    with pytest.raises(AttributeError, match="nosuchop"):
        R.nosuchop  # noqa: B018


def test_both_call_forms_of_where_concat_and_stack_work() -> None:
    a, b = R.t([1, 2, 3]), R.t([9, 9, 9])
    assert R.where(a > 1, a, b)().tolist() == [9, 2, 3]
    assert R.where(a, b, condition=a > 1)().tolist() == [9, 2, 3]
    assert R.concat([a, b])().tolist() == R.concat(a, b)().tolist() == [1, 2, 3, 9, 9, 9]
    assert R.stack([a, b], axis=1)().tolist() == R.stack(a, b, axis=1)().tolist()
    with pytest.raises(R.ParamError, match="condition"):
        R.where(a, b)


def test_rdfs_spellings_and_its_true_as_text_work() -> None:
    x = R.t([[1.0, 4.0], [9.0, 16.0]])
    assert R.square_root(x)().tolist() == [[1, 2], [3, 4]]
    assert R.natlog(R.t(1.0))() == 0
    assert x.sum(axis=0, keepdims="True").shape == (1, 2)
    assert x.dot(R.t([1.0, 1.0])).sub(R.t([5.0, 25.0]))().tolist() == [0, 0]
    assert R.variance(x)() == np.var(x())


def test_params_that_are_equal_in_python_stay_apart() -> None:
    """0, 0.0, -0.0 and False are one key of a dictionary, and four values."""
    R.Graph()
    zeros = [False, 0, 0.0, -0.0]
    filled = [R.full((), zero)() for zero in zeros]
    assert [str(x.dtype) for x in filled] == ["bool", "int64", "float64", "float64"]
    assert [bool(np.signbit(x)) for x in filled[2:]] == [False, True]


def test_what_numbers_tell_of_a_quantile_is_said_at_once() -> None:
    x = R.t([1.0, 2.0, 3.0])
    with pytest.raises(R.ParamError, match=r"^percentile: q must be from 0 to 100, not 150"):
        R.percentile(x, value=150)
    with pytest.raises(R.ParamError, match=r"^nanquantile: q must be from 0 to 1, not -0\.1"):
        R.nanquantile(x, -0.1)
    assert R.percentile(x, 100)() == 3 and R.quantile(x, 0)() == 1
