"""Every row of the op table, by its samples, against its NumPy expression; and the table as a whole."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from test_ops_checker import check, quietly, type_of

from ravspec.codec import DTYPES
from ravspec.errors import DTypeError, OpError, ParamError, ShapeError, UnknownOp
from ravspec.ops import ALIASES, CHAPTERS, OPS, Numeric, Op, find_op
from ravspec.ops.linalg import checked
from ravspec.shapes import ArrayType, Elementwise

EVERY_ROW = pytest.mark.parametrize("row", OPS.values(), ids=OPS)
COMPUTED = pytest.mark.parametrize(
    "row", [r for r in OPS.values() if r.name != "data"], ids=lambda row: row.name
)


def samples(row: Op) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return row.samples(np.random.default_rng(20))


@EVERY_ROW
def test_a_row_computes_infers_and_costs_what_it_says(row: Op) -> None:
    for operands, given in samples(row):
        check(row, operands, given)


@pytest.mark.parametrize(
    "row", [r for r in OPS.values() if isinstance(r.rule, Elementwise)], ids=lambda row: row.name
)
def test_zeros_infinities_and_nan_of_elementwise_rows(row: Op) -> None:
    special = np.array([0.0, -0.0, 1.0, -2.5, np.nan, np.inf, -np.inf])
    operands = (special,) if row.operand_names == ("x",) else (special, special[:, np.newaxis])
    if row.name.startswith("bitwise"):
        operands = tuple(np.array([0, 1, 63, -1, 2**62]) for _ in operands)
    for dtype in (operands[0].dtype, np.dtype("f4")):
        if dtype.kind == operands[0].dtype.kind:
            check(row, tuple(x.astype(dtype) for x in operands), {})


@COMPUTED
def test_dtypes_are_inferred_where_shapes_are_unknown(row: Op) -> None:
    if row.name == "nonzero":  # it has as many outputs as the operand has axes
        with pytest.raises(ShapeError, match="known only once computed"):
            row.infer([ArrayType(None, np.dtype(bool))], {})
        return
    for operands, given in samples(row):
        params = row.canonical_params(given)
        types = [type_of(x) for x in operands]
        outs = row.infer(types, params)
        for hidden in range(len(types)):
            some = [t._replace(shape=None) if i == hidden else t for i, t in enumerate(types)]
            every = [t._replace(shape=None) for t in types]
            for given_types in (some, every):
                unknown = row.infer(given_types, params)
                assert unknown == tuple(ArrayType(None, t.dtype) for t in outs)
                cost = row.flops(given_types, unknown, params)
                assert np.isfinite(cost) and cost > 0


@COMPUTED
def test_a_python_number_is_an_operand_wherever_the_rule_lets_it(row: Op) -> None:
    if row.variadic or not row.operand_names:
        return
    _, given = samples(row)[0]
    params = row.canonical_params(given)
    for number in (0, 0.5, False):
        operands = (number,) * len(row.operand_names)
        try:
            outs = row.infer([type_of(x) for x in operands], params)
        except OpError:
            continue
        got = quietly(row.kernel, *operands, **params)
        for inferred, value in zip(outs, got, strict=True):
            assert inferred.dtype == np.asarray(value).dtype
            assert inferred.shape in (np.shape(value), None)


@EVERY_ROW
def test_a_row_is_documented(row: Op) -> None:
    assert row.doc[0] != " " and row.doc.endswith("."), "the doc is a sentence"
    assert row.numpy
    assert isinstance(row.numeric, Numeric)
    assert row.name == "data" or samples(row)
    if row.bind:
        assert row.bind.__doc__, "a call form of its own says what it is"


@COMPUTED
def test_samples_are_seeded(row: Op) -> None:
    for (one, params), (other, again) in zip(samples(row), samples(row), strict=True):
        assert str(params) == str(again)
        for x, y in zip(one, other, strict=True):
            assert np.array_equal(x, y, equal_nan=True)


@COMPUTED
def test_samples_cover_dtypes_shapes_and_emptiness(row: Op) -> None:
    """A row with one operand or two is tried on an empty array, and on other dtypes than float64."""
    operands = [x for call, _ in samples(row) for x in call if isinstance(x, np.ndarray)]
    if not operands or row.name in NEVER_EMPTY:
        return
    assert any(x.size == 0 for x in operands), "no empty array among the samples"
    assert {x.dtype.name for x in operands} > {"float64"} or "int32" in {x.dtype.name for x in operands}


#: rows whose samples hold no empty array, as these mean nothing there
NEVER_EMPTY = {"percentile", "quantile", "nanpercentile", "nanquantile", "convolve", "correlate"}


@COMPUTED
def test_params_of_a_wrong_kind_are_refused(row: Op) -> None:
    _, given = samples(row)[0]
    for key in row.params:
        if key == "seed":
            continue
        with pytest.raises(ParamError, match=key):
            row.canonical_params({**given, key: object()})
    with pytest.raises(ParamError, match="no param"):
        row.canonical_params({**given, "no_such_param": 1})


@COMPUTED
def test_a_missing_param_is_named(row: Op) -> None:
    for key, param in row.params.items():
        if repr(param.default) == "<required>":
            with pytest.raises(ParamError, match=f'needs the param "{key}"|has no|needs'):
                row.canonical_params({})


@COMPUTED
def test_a_wrong_number_of_operands_is_refused(row: Op) -> None:
    operands, given = samples(row)[0]
    types, params = [type_of(x) for x in operands], row.canonical_params(given)
    least = len([name for name in row.operand_names if not name.endswith("?")])
    if least:
        with pytest.raises(ParamError):
            row.infer(types[: least - 1], params)
    if not row.variadic:
        with pytest.raises(ParamError):
            row.infer([*types, *[ArrayType((), np.dtype("f8"))] * (int(row.most) + 1 - len(types))], params)


@EVERY_ROW
def test_a_call_form_of_its_own_has_names_for_its_params(row: Op) -> None:
    """A bind returns operands and params that the row takes; its signature is what editors show."""
    if row.bind is None:
        return
    signature = inspect.signature(row.bind)
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())


def test_names_and_aliases_are_distinct_and_resolve() -> None:
    for alias, name in ALIASES.items():
        assert alias not in OPS
        assert alias in OPS[name].aliases
    assert sum(len(row.aliases) for row in OPS.values()) == len(ALIASES)
    assert sum(len(rows) for rows in CHAPTERS.values()) == len(OPS)


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(UnknownOp, match='did you mean "matmul"'):
        find_op("matmull")


def words(text: str) -> list[str]:
    return text.split()


PROMISED = words("""
    add subtract multiply divide floor_divide remainder mod pow power negative positive abs reciprocal
    divmod square sqrt cbrt cube maximum minimum fmod hypot copysign bitwise_and bitwise_or bitwise_xor
    bitwise_invert bitwise_left_shift bitwise_right_shift invert left_shift right_shift equal not_equal less
    less_equal greater greater_equal logical_and logical_or logical_xor logical_not exp expm1 exp2 log log1p
    log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh arcsin arccos arctan
    arctan2 arcsinh arccosh arctanh floor ceil trunc round sign isfinite isinf isnan real imag conj degrees
    radians sum prod mean var std min max argmin argmax any all median cumsum cumprod ptp count_nonzero
    matmul dot vecdot outer tensordot transpose matrix_transpose reshape ravel flatten squeeze expand_dims
    concat stack split tile repeat flip roll pad broadcast_to swapaxes moveaxis where clip sort argsort
    unique percentile quantile searchsorted take diag eye tri tril triu trace inv det solve cholesky eigh qr
    svd norm pinv matrix_power astype zeros ones full arange linspace zeros_like ones_like full_like index
    set_item nonzero random_uniform random_normal random_integers random_permutation
""")

#: RDF's op names and operator strings (those that this table does not claim come with the Vocabulary)
RDF = words("""
    add addition sub subtraction mul multiply multiplication div division pos positive neg negation exp
    exponential natlog natural_log pow power square cube square_root cube_root abs absolute matmul
    matrix_multiplication dot transpose sum matrix_sum sort split reshape concat concatenate min max unique
    argmax argmin expand_dims inv gather reverse stack tile squeeze pad arange repeat index combine_to_list
    zeros flatten ravel clip prod greater greater_equal less less_equal equal not_equal logical_and
    logical_or logical_xor logical_not mean variance std standard_deviation median percentile random_uniform
    where sign set_value
""")

NUMPY = words("""
    true_divide absolute conjugate amin amax around concatenate rad2deg deg2rad identity
    bitwise_not product unique_values
""")


@pytest.mark.parametrize("names", [PROMISED, RDF, NUMPY], ids=["promised", "RDF", "NumPy"])
def test_the_table_is_complete(names: list[str]) -> None:
    assert [name for name in names if name not in OPS and name not in ALIASES] == []


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "operands", "params"),
    [
        ("where", ("c", "a", "b"), {}, ("c", "a", "b"), {}),
        ("where", ("a", "b"), {"condition": "c"}, ("c", "a", "b"), {}),
        ("concat", (["a", "b"],), {}, ("a", "b"), {"axis": 0}),
        ("concat", (["a", "b"],), {"axis": 1}, ("a", "b"), {"axis": 1}),
        ("concat", ("a", "b"), {"axis": 1}, ("a", "b"), {"axis": 1}),
        ("stack", ("a", "b"), {}, ("a", "b"), {"axis": 0}),
        ("clip", ("x", 0, 1), {}, ("x", 0, 1), {}),
        ("clip", ("x",), {"lower_limit": 0, "upper_limit": 1}, ("x", 0, 1), {}),
        ("clip", ("x",), {"max": 1}, ("x", "x", 1), {}),
        ("clip", ("x",), {"min": 1}, ("x", 1), {}),
        ("reshape", ("x", (2, 3)), {}, ("x",), {"shape": (2, 3)}),
        ("reshape", ("x", 2, 3), {}, ("x",), {"shape": (2, 3)}),
        ("reshape", ("x", -1), {}, ("x",), {"shape": -1}),
        ("reshape", ("x",), {"shape": [2, 3]}, ("x",), {"shape": [2, 3]}),
        ("transpose", ("x",), {}, ("x",), {"axes": None}),
        ("transpose", ("x", 1, 0), {}, ("x",), {"axes": (1, 0)}),
        ("transpose", ("x", (1, 0)), {}, ("x",), {"axes": (1, 0)}),
        ("transpose", ("x",), {"axes": (1, 0)}, ("x",), {"axes": (1, 0)}),
        ("percentile", ("x", 50), {"axis": 0}, ("x", 50), {"axis": 0, "method": "linear", "keepdims": False}),
        ("percentile", ("x",), {"value": 5}, ("x", 5), {"axis": None, "method": "linear", "keepdims": False}),
        ("arange", (5,), {}, (), {"start": 0, "stop": 5, "step": 1, "dtype": None}),
        ("random_integers", (6,), {"seed": 1}, (), {"low": 0, "high": 6, "size": None, "seed": 1}),
        ("index", ("x", 2), {}, ("x",), {"key": (2,)}),
        ("index", ("x",), {"indices": slice(1, 2)}, ("x",), {"key": (("slice", 1, 2, None),)}),
        ("set_item", ("x", 0, 7), {}, ("x", 7), {"key": (0,)}),
        ("set_item", ("x", 7), {"indices": (0, ...)}, ("x", 7), {"key": (0, "...")}),
    ],
)  # fmt: skip
def test_call_forms(name: str, args: Any, kwargs: Any, operands: Any, params: Any) -> None:
    bind = OPS[name].bind
    assert bind is not None
    got_operands, got_params = bind(*args, **kwargs)
    assert (tuple(got_operands), got_params) == (operands, params)


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("where", ("a",), {}),
        ("where", ("a", "b", "c"), {"condition": "d"}),
        ("concat", ([],), {}),
        ("stack", ("a",), {}),
        ("reshape", ("x",), {}),
        ("reshape", ("x", 2), {"shape": 2}),
        ("transpose", ("x", 1, 0), {"axes": (1, 0)}),
        ("quantile", ("x",), {}),
        ("quantile", ("x", 1), {"value": 1}),
        ("set_item", ("x", 0), {}),
    ],
)
def test_call_forms_that_do_not_add_up(name: str, args: Any, kwargs: Any) -> None:
    bind = OPS[name].bind
    assert bind is not None
    with pytest.raises(ParamError, match=name):
        bind(*args, **kwargs)


def infer(name: str, *types: Any, **given: Any) -> tuple[ArrayType, ...]:
    row = OPS[name]
    return row.infer(
        [ArrayType(shape, np.dtype(dtype)) for shape, dtype in types], row.canonical_params(given)
    )


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (DTypeError, lambda: infer("bitwise_and", ((2,), "f8"), ((2,), "i8"))),
        (DTypeError, lambda: infer("negative", ((2,), "?"))),
        (DTypeError, lambda: infer("exp", ((2,), "?"))),  # NumPy gives float16
        (DTypeError, lambda: infer("floor", ((2,), "c16"))),
        (DTypeError, lambda: infer("round", ((2,), "?"))),
        (DTypeError, lambda: infer("ptp", ((2,), "?"))),
        (DTypeError, lambda: infer("quantile", ((2,), "c16"), ((), "f8"))),
        (DTypeError, lambda: infer("quantile", ((2,), "?"), ((), "f8"))),
        (DTypeError, lambda: infer("take", ((2,), "f8"), ((), "f8"))),
        (DTypeError, lambda: infer("astype", ((2,), "c16"), dtype="f8")),
        (DTypeError, lambda: infer("set_item", ((2,), "f8"), ((), "c16"), key=(0,))),
        (DTypeError, lambda: infer("astype", ((2,), "f8"), dtype="f2")),
        (ParamError, lambda: infer("zeros", shape=-1)),
        (ParamError, lambda: infer("arange", start=0, stop=1, step=0)),
        (ParamError, lambda: infer("arange", start=0, stop=float("inf"))),
        (ParamError, lambda: infer("norm", ((2, 2), "f8"), ord=3)),
        (ParamError, lambda: infer("norm", ((2,), "f8"), ord="fro")),
        (ParamError, lambda: infer("pad", ((2,), "f8"), pad_width=-1)),
        (ParamError, lambda: infer("full", shape=2, fill_value=("number", "import os"))),
        (ShapeError, lambda: infer("norm", ((2, 2, 2), "f8"), ord=2)),
        (ShapeError, lambda: infer("inv", ((2, 3), "f8"))),
        (ShapeError, lambda: infer("nonzero", ((), "f8"))),
        (ShapeError, lambda: infer("searchsorted", ((2, 2), "f8"), ((), "f8"))),
        (ShapeError, lambda: infer("matmul", ((), "f8"), ((2,), "f8"))),
    ],
)  # fmt: skip
def test_a_bad_call_is_refused_when_it_is_built(error: type[Exception], call: Any) -> None:
    with pytest.raises(error):
        call()


def test_keyword_spellings() -> None:
    assert OPS["std"].canonical_params({"correction": 1}) == {"axis": None, "ddof": 1, "keepdims": False}
    assert OPS["sum"].canonical_params({"axis": [0, 1], "keepdims": "True"})["axis"] == (0, 1)
    assert OPS["pad"].canonical_params({"sequence": 2, "mode": "edge"})["pad_width"] == ((2, 2),)
    assert OPS["split"].canonical_params({"numOrSizeSplits": 2})["indices_or_sections"] == 2


def test_a_param_under_two_names_is_refused() -> None:
    with pytest.raises(ParamError, match="two names: ddof, correction"):
        OPS["std"].canonical_params({"ddof": 1, "correction": 0})


def test_a_seed_is_drawn_once_and_then_part_of_the_op() -> None:
    row = OPS["random_normal"]
    one, other = row.canonical_params({}), row.canonical_params({})
    assert one["seed"] != other["seed"]
    assert row.canonical_params(one) == one


def test_integers_are_64_bit_whatever_the_platform_holds_for_default() -> None:
    assert OPS["sum"].kernel(np.ones(3, "i4"), axis=None, keepdims=False, dtype=None).dtype == np.int64
    assert OPS["cumprod"].kernel(np.ones(3, "u2"), axis=None, dtype=None).dtype == np.uint64
    assert OPS["sum"].kernel(3, axis=None, keepdims=False, dtype=None).dtype == np.int64
    assert OPS["arange"].kernel(start=0, stop=3, step=1, dtype=None).dtype == np.int64


@pytest.mark.parametrize("name", ["inv", "solve", "cholesky"])
def test_a_matrix_without_an_answer_fails_the_op(name: str) -> None:
    singular = np.array([[1.0, 2.0], [2.0, 4.0]]) * (-1 if name == "cholesky" else 1)
    operands = (singular, np.ones(2)) if name == "solve" else (singular,)
    with pytest.raises(np.linalg.LinAlgError):
        OPS[name].kernel(*operands, **OPS[name].canonical_params({}))


def test_nan_of_finite_matrices_is_an_error_and_nan_of_nan_is_not() -> None:
    nan = np.array([np.nan])
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        checked(nan, "Singular matrix", np.ones(1))
    assert checked(nan, "Singular matrix", nan) is nan


def test_a_mask_that_selects_another_number_than_it_said_fails_the_op() -> None:
    with pytest.raises(IndexError, match="selects 1 elements, not 2"):
        OPS["index"].kernel(np.ones(2), np.array([True, False]), key=(("mask", 2),))


def test_complex_operands_agree_within_a_tolerance_only() -> None:
    real, complex_ = ArrayType((2,), np.dtype("f8")), ArrayType((2,), np.dtype("c16"))
    assert OPS["multiply"].agreement([real, real]) is Numeric.EXACT
    assert OPS["multiply"].agreement([real, complex_]) is Numeric.TOLERANCE
    assert OPS["exp"].agreement([ArrayType((), float)]) is Numeric.ULP


def test_flops_grow_as_the_work_does() -> None:
    def cost(name: str, *shapes: tuple[int, ...]) -> float:
        row = OPS[name]
        types = [ArrayType(shape, np.dtype("f8")) for shape in shapes]
        params = row.canonical_params({})
        return row.flops(types, row.infer(types, params), params)

    assert cost("add", (100,), (100,)) == 100
    assert cost("exp", (100,)) == 2000
    assert cost("sum", (100, 100)) == 10_000
    assert cost("matmul", (10, 20), (20, 30)) == pytest.approx(2 * 10 * 20 * 30)
    assert cost("matmul", (7, 10, 20), (7, 20, 30)) == pytest.approx(7 * 2 * 10 * 20 * 30)
    assert cost("dot", (50,), (50,)) == pytest.approx(100)
    assert cost("inv", (200, 200)) == pytest.approx(8 * cost("inv", (100, 100)))
    assert 10 < cost("sort", (1000,)) / 1000 < 30


def test_every_dtype_that_travels_can_be_made_and_cast() -> None:
    for name in DTYPES:
        (made,) = infer("zeros", shape=2, dtype=name)
        assert made.dtype == DTYPES[name]
        assert infer("astype", ((2,), "?"), dtype=name)[0].dtype == DTYPES[name]
