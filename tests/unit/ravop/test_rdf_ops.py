"""Every op that RDF had, by its names there, with its params and its kind of arguments; NumPy's values.

In RDF operands were always tensors (a number was a Scalar), and so could params be.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import ravop as R

V, W = np.array([3.0, -1.0, 4.0, 0.5]), np.array([2.0, 7.0, -1.0, 0.5])
M, N = np.array([[4.0, 1.0, 2.0], [3.0, 5.0, 9.0]]), np.array([[1.0, 8.0, 2.0], [6.0, 5.0, 3.0]])
SQUARE = np.array([[1.0, 2.0], [3.0, 4.0]])
INTS = np.array([2, 0, 1, 2])
TRUE, OTHER = np.array([True, True, False, False]), np.array([True, False, True, False])
IMAGES = np.arange(32.0).reshape(1, 2, 4, 4)
PATCHES = np.array([[0], [1]]), np.array([[0, 1], [2, 3]]), np.array([[3], [0]])

AT_PATCHES = {"index1": PATCHES[0], "index2": PATCHES[1], "index3": PATCHES[2]}


@dataclass(frozen=True, slots=True)
class Row:
    """Calls of one op of RDF: (operands, params, the right value)."""

    names: str  #: its function, and its operator string where that differs
    calls: list[tuple[tuple[Any, ...], dict[str, Any], Any]] = field(default_factory=list)


def row(names: str, *calls: tuple[tuple[Any, ...], dict[str, Any], Any]) -> Row:
    return Row(names, list(calls))


def added() -> Any:
    sums = IMAGES.copy()
    np.add.at(sums, (slice(None), *PATCHES), 1.0)
    return sums


ROWS = [
    row("add addition", ((V, W), {}, V + W), ((M, V[:3]), {}, M + V[:3])),
    row("sub subtraction", ((V, W), {}, V - W)),
    row("mul multiplication", ((V, W), {}, V * W)),
    row("multiply", ((SQUARE, SQUARE), {}, SQUARE * SQUARE)),
    row("div division", ((V, W), {}, V / W), ((INTS, np.array(2)), {}, INTS / 2)),
    row("pos positive", ((V,), {}, V)),
    row("neg negation", ((V,), {}, -V)),
    row("exp exponential", ((V,), {}, np.exp(V))),
    row("natlog natural_log", ((np.abs(V),), {}, np.log(np.abs(V)))),
    row("pow power", ((np.abs(V), W), {}, np.abs(V) ** W)),
    row("square", ((V,), {}, V * V)),
    row("cube", ((V,), {}, V**3)),
    row("square_root", ((np.abs(V),), {}, np.sqrt(np.abs(V)))),
    row("cube_root", ((V,), {}, np.cbrt(V))),
    row("abs absolute", ((V,), {}, np.abs(V))),
    row("matmul matrix_multiplication", ((SQUARE, M), {}, SQUARE @ M)),
    row("dot", ((SQUARE, M), {}, SQUARE @ M), ((V, W), {}, np.dot(V, W))),
    row("transpose", ((M,), {}, M.T), ((IMAGES,), {"axes": [0, 2, 3, 1]}, IMAGES.transpose(0, 2, 3, 1))),
    row("sum matrix_sum", ((M,), {}, M.sum()), ((M,), {"axis": 1}, M.sum(1)),
        ((IMAGES,), {"axis": [1, 2]}, IMAGES.sum((1, 2))),
        ((M,), {"axis": 1, "keepdims": "True"}, M.sum(1, keepdims=True))),
    row("sort", ((V,), {}, np.sort(V)), ((M,), {"axis": 0}, np.sort(M, 0))),
    row("split", ((V,), {"numOrSizeSplits": 2}, np.split(V, 2)),
        ((M,), {"numOrSizeSplits": [1], "axis": 1}, np.split(M, [1], 1))),
    row("reshape", ((M,), {"shape": [3, 2]}, M.reshape(3, 2))),
    row("concat concatenate", ((M, N), {}, np.concatenate([M, N])),
        ((M, N), {"axis": 1}, np.concatenate([M, N], 1))),
    row("min", ((M,), {}, M.min()), ((M,), {"axis": 0, "keepdims": "True"}, M.min(0, keepdims=True))),
    row("max", ((M,), {}, M.max()), ((M,), {"axis": 1}, M.max(1))),
    row("unique", ((INTS,), {}, np.unique(INTS)),
        ((INTS,), {"return_counts": True}, np.unique(INTS, return_counts=True)),
        ((INTS,), {"return_inverse": "True"}, np.unique(INTS, return_inverse=True))),
    row("argmax", ((M,), {}, np.argmax(M)),
        ((M,), {"axis": 1, "keepdims": True}, M.argmax(1, keepdims=True))),
    row("argmin", ((M,), {}, np.argmin(M)), ((M,), {"axis": 0}, M.argmin(0))),
    row("expand_dims", ((V,), {}, V[np.newaxis]), ((V,), {"axis": 1}, V[:, np.newaxis])),
    row("inv", ((SQUARE,), {}, np.linalg.inv(SQUARE))),
    row("gather", ((V, np.array([1, 3])), {}, V[[1, 3]]), ((M, np.array([2, 0])), {"axis": 1}, M[:, [2, 0]])),
    row("reverse", ((M,), {}, np.flip(M)), ((M,), {"axis": 1}, np.flip(M, 1))),
    row("stack", ((M, N), {}, np.stack([M, N])), ((M, N), {"axis": 1}, np.stack([M, N], 1))),
    row("tile", ((V,), {"reps": [2, 2]}, np.tile(V, (2, 2))), ((V, np.array(2)), {}, np.tile(V, 2))),
    row("slice", ((V,), {"begin": 1, "size": 2}, V[1:3]),
        ((M,), {"begin": [0, 1], "size": [2, 2]}, M[:, 1:])),
    row("find_indices", ((INTS, np.array(2)), {}, [0, 3]), ((INTS, np.array([2, 1])), {}, ([0, 3], [2]))),
    row("shape", ((M,), {}, (2, 3)), ((M,), {"index": 1}, 3)),
    row("size", ((M,), {}, 6)),
    row("squeeze", ((IMAGES,), {}, IMAGES[0]), ((IMAGES,), {"axis": 0}, IMAGES[0])),
    row("pad", ((M,), {"sequence": [[1, 0], [0, 2]], "mode": "constant"}, np.pad(M, ((1, 0), (0, 2))))),
    row("arange", ((np.array(1), np.array(9)), {"step": 2}, np.arange(1, 9, 2)),
        ((np.array(1), np.array(4)), {}, np.arange(1, 4))),
    row("repeat", ((M,), {"repeats": 2}, np.repeat(M, 2)),
        ((M,), {"repeats": 2, "axis": 0}, np.repeat(M, 2, 0))),
    row("index", ((V,), {"indices": [0, 2]}, V[[0, 2]])),
    row("join_to_list", ((M, V), {}, np.append(M, V))),
    row("combine_to_list", ((V, W), {}, np.array([V, W]))),
    row("zeros", ((np.array([2, 3]),), {}, np.zeros((2, 3))), ((np.array(2),), {"dtype": "int64"}, [0, 0])),
    row("zeros_like", ((M,), {}, np.zeros_like(M))),
    row("flatten", ((M,), {}, M.flatten())),
    row("ravel", ((M,), {}, M.ravel()), ((M,), {"order": "F"}, M.ravel("F"))),
    row("ravint", ((np.array(-2.7),), {}, -2)),
    row("clip", ((V,), {"lower_limit": 0, "upper_limit": 3}, np.clip(V, 0, 3)),
        ((V,), {"lower_limit": 1}, np.maximum(V, 1)), ((V,), {"upper_limit": 1}, np.minimum(V, 1)),
        ((V, np.array(0), np.array(3)), {}, np.clip(V, 0, 3))),
    row("prod", ((M,), {"axis": 1}, M.prod(1)), ((M,), {}, M.prod())),
    row("cnn_index", ((IMAGES,), AT_PATCHES, IMAGES[:, *PATCHES])),
    row("cnn_index_2",
        ((IMAGES,), {"pad_h": 1, "height": 2, "pad_w": 0, "width": 3}, IMAGES[:, :, 1:3, 0:3])),
    row("cnn_add_at", ((IMAGES, np.array(1.0)), AT_PATCHES, added())),
    row("greater", ((V, W), {}, V > W)),
    row("greater_equal", ((V, W), {}, V >= W)),
    row("less", ((V, W), {}, V < W)),
    row("less_equal", ((V, W), {}, V <= W)),
    row("equal", ((V, W), {}, V == W)),
    row("not_equal", ((V, W), {}, V != W)),
    row("logical_and", ((TRUE, OTHER), {}, TRUE & OTHER)),
    row("logical_or", ((TRUE, OTHER), {}, TRUE | OTHER)),
    row("logical_xor", ((TRUE, OTHER), {}, TRUE ^ OTHER)),
    row("logical_not", ((TRUE,), {}, ~TRUE)),
    row("mean", ((M,), {}, M.mean()), ((M,), {"axis": 0, "keepdims": "True"}, M.mean(0, keepdims=True))),
    row("average", ((M,), {}, M.mean()),
        ((M,), {"axis": 1, "weights": [1, 2, 3]}, np.average(M, 1, [1, 2, 3]))),
    row("mode", ((INTS,), {"axis": 0}, 2), ((np.array([[1, 2], [1, 3], [4, 3]]),), {}, [1, 3])),
    row("variance", ((M,), {"axis": 0}, M.var(0)), ((M,), {"keepdims": True}, M.var(keepdims=True))),
    row("std standard_deviation", ((M,), {"axis": 1}, M.std(1)), ((M,), {"ddof": 1}, M.std(ddof=1))),
    row("median", ((M,), {"axis": 0}, np.median(M, 0)), ((V,), {}, np.median(V))),
    row("percentile", ((V, np.array(30)), {}, np.percentile(V, 30)),
        ((V,), {"value": 30}, np.percentile(V, 30)),
        ((V,), {"q": 30}, np.percentile(V, 30)),
        ((M, np.array(30)), {"axis": 1, "keepdims": False, "method": "lower"},
         np.percentile(M, 30, 1, method="lower"))),
    row("bincount", ((INTS,), {}, np.bincount(INTS)),
        ((INTS,), {"weights": V, "minlength": 5}, np.bincount(INTS, V, 5))),
    row("where", ((V, W), {"condition": TRUE}, np.where(TRUE, V, W)),
        ((V, W), {"condition": [True, False, True, True]}, np.where([1, 0, 1, 1], V, W))),
    row("sign", ((V,), {}, np.sign(V))),
    row("foreach", ((M,), {"operation": "sum"}, M.sum(1)),
        ((M,), {"operation": "sort", "axis": 0}, np.sort(M, 1))),
    row("one_hot_encoding", ((INTS,), {"depth": 3}, np.eye(3)[INTS]),
        ((INTS, np.array(3)), {}, np.eye(3)[INTS])),
    row("set_value", ((V, np.array(9.0)), {"indices": [0, 2]}, [9, -1, 9, 0.5]),
        ((V,), {"index": [1], "value": 5}, [3, 5, 4, 0.5])),
]  # fmt: skip

#: drawn at random, so that only what they are can be told
DRAWN = {"random", "random_uniform"}
EVERY = [(one, *call) for one in ROWS for call in one.calls]


def value_of(result: Any) -> Any:
    """What a call gave, fetched."""
    if isinstance(result, list | tuple):
        return [value_of(one) for one in result]
    return result() if isinstance(result, R.Tensor) else result


def equal(got: Any, want: Any) -> None:
    if isinstance(want, list | tuple) and any(np.ndim(one) for one in want):
        assert len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            equal(one, other)
    else:
        np.testing.assert_allclose(got, want, rtol=1e-14)
        assert np.shape(got) == np.shape(want)


def case_name(case: Any) -> str:
    return f"{case[0].names.split()[0]}-{'-'.join(case[2]) or len(case[1])}"


@pytest.mark.parametrize("case", EVERY, ids=map(case_name, EVERY))
def test_an_op_of_rdf_is_there_by_all_its_names_and_computes_as_numpy(case: Any) -> None:
    one, operands, params, want = case
    for name in one.names.split():
        equal(value_of(getattr(R, name)(*map(R.t, operands), **params)), want)


@pytest.mark.parametrize("case", EVERY, ids=map(case_name, EVERY))
def test_it_is_a_method_too(case: Any) -> None:
    one, operands, params, want = case
    name = one.names.split()[0]
    if name in ("shape", "size", "zeros", "arange"):
        return  # attributes in the array API; and these have no operand
    first, *rest = map(R.t, operands)
    equal(value_of(getattr(first, name)(*rest, **params)), want)


@pytest.mark.parametrize("case", [c for c in EVERY if c[2]], ids=[case_name(c) for c in EVERY if c[2]])
def test_a_param_may_be_a_tensor(case: Any) -> None:
    one, operands, params, want = case
    as_tensors = {key: v if isinstance(v, str) else R.t(v) for key, v in params.items()}
    equal(value_of(getattr(R, one.names.split()[0])(*map(R.t, operands), **as_tensors)), want)


def test_drawing() -> None:
    drawn = R.random(R.t(V), size=3)()
    assert len(set(drawn.tolist())) == 3 and set(drawn.tolist()) <= set(V.tolist())
    uniform = R.random_uniform(R.t(2), R.t(5), size=[3, 4])()
    assert uniform.shape == (3, 4) and ((uniform >= 2) & (uniform < 5)).all()
    assert 2 <= R.random_uniform(R.t(2), R.t(5))() < 5


#: RDF's ops of distributed graphs: its names, one a row of its table
RDFS = """
    add sub mul multiply div pos neg exp natlog pow square cube square_root cube_root abs matmul dot
    transpose sum sort split reshape concat min max unique argmax argmin expand_dims inv gather reverse
    stack tile slice find_indices shape size squeeze pad arange repeat index join_to_list
    combine_to_list zeros flatten ravel ravint clip prod cnn_index cnn_index_2 cnn_add_at greater
    greater_equal less less_equal equal not_equal logical_and logical_or logical_xor logical_not mean
    average mode variance std median percentile random random_uniform bincount where sign foreach
    one_hot_encoding set_value zeros_like
"""


def test_the_table_has_every_op_of_rdf_once() -> None:
    counted = Counter(one.names.split()[0] for one in ROWS)
    assert set(counted) | DRAWN == set(RDFS.split()) and set(counted.values()) == {1}


def test_an_op_by_its_operator_string() -> None:
    assert R.create_op("matrix_sum", R.t(M), axis=0)().tolist() == M.sum(0).tolist()
    with pytest.raises(R.UnknownOp, match='did you mean "addition"'):
        R.create_op("additon", R.t(V), R.t(W))
