"""The checker of op rows, and the proof that it finds wrong rows.

`check(row, operands, given)` runs one sample call of a row through everything that the row promises.
"""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ravspec.ops import OPS, Numeric, Op
from ravspec.ops.params import Param, scalar_value
from ravspec.shapes import ArrayType, Typed, always, broadcasted, elementwise, promoted, same, same_shape

NUMBERS = (bool, int, float, complex)


def type_of(value: Any) -> ArrayType:
    """The type of an operand: of an array, or of a Python number."""
    if type(value) in NUMBERS:
        return ArrayType((), type(value))
    return ArrayType(np.shape(value), value.dtype)


def numpy_key(key: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, ...]:
    """A key in wire form as NumPy takes it; written apart from the kernel's own decoder."""
    words = {"newaxis": None, "...": Ellipsis}
    left, out = list(arrays), []
    for entry in key:
        if entry == "array" or (isinstance(entry, tuple) and entry[0] == "mask"):
            out.append(left.pop(0))
        elif isinstance(entry, tuple):
            out.append(slice(entry[1], entry[2], entry[3]))
        else:
            out.append(words.get(entry, entry))
    return tuple(out)


def assigned(x: Any, key: Any, value: Any) -> Any:
    changed = x.copy()
    changed[key] = value
    return changed


def added(x: Any, key: Any, value: Any) -> Any:
    changed = x.copy()
    # add.at takes no leading lengths of 1 that the selection has not
    ndim = changed[key].ndim
    np.add.at(changed, key, np.reshape(value, np.shape(value)[max(0, np.ndim(value) - ndim) :]))
    return changed


def most_common(x: Any, axis: int) -> Any:
    def of(line: Any) -> Any:
        counts = Counter("nan" if v != v else v for v in line.tolist())
        most = max(counts.values())
        return min((v for v in counts if counts[v] == most and v != "nan"), default=np.nan)

    return np.apply_along_axis(of, axis, x).astype(x.dtype) if x.size else x.sum(axis).astype(x.dtype)


def orientation(column: Any) -> Any:
    """What makes the first large element of a vector positive."""
    large = [x for x in column if abs(x) > 0.37 * max(abs(column))]
    return np.conj(large[0]) / abs(large[0]) if large else 1.0


def oriented(vectors: Any, *partners: Any) -> tuple[Any, ...]:
    """Columns turned by their orientation, and the columns of partners turned back as much."""
    turned = [np.array(x) for x in (vectors, *partners)]
    for at in np.ndindex(vectors.shape[:-2]):
        for k in range(max(x.shape[-1] for x in turned)):
            first = next(x[at] for x in turned if k < x.shape[-1])[:, k]
            turn = orientation(first)
            for x, factor in zip(turned, (turn, np.conj(turn)), strict=False):
                if k < x.shape[-1]:
                    x[at][:, k] *= factor if x is not turned[-1] or k < vectors.shape[-1] else turn
    return tuple(turned)


def oriented_svd(u: Any, s: Any, vh: Any) -> tuple[Any, ...]:
    """u's columns decide; where vh has more rows, those decide for themselves."""
    u, v = oriented(u, vh.swapaxes(-1, -2))
    return u, s, v.swapaxes(-1, -2)


def ordered(values: Any, *vectors: Any) -> tuple[Any, ...]:
    """Eigenvalues that are real rise, and the columns of vectors with them."""
    order = np.argsort(values.real, -1)
    along = [np.take_along_axis(v, order[..., np.newaxis, :], -1) for v in vectors]
    return (np.take_along_axis(values, order, -1), *(turned for v in along for turned in oriented(v)))


#: rows whose outputs NumPy leaves open by a sign, or in their order
ORIENTED = {
    "eigh": lambda w, v: (w, *oriented(v)),
    "svd": oriented_svd,
    "eig": ordered,
    "eigvals": ordered,
}


def quietly(function: Any, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """The outputs of a call as a tuple, without NumPy's warnings about NaN, zero and emptiness."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = function(*args, **kwargs)
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def oracle(row: Op, operands: Sequence[Any], params: Mapping[str, Any]) -> tuple[Any, ...]:
    """The outputs by the row's NumPy expression."""
    names: dict[str, Any] = dict(params)
    for at, name in enumerate(row.operand_names):
        given = operands[at] if at < len(operands) else None
        names[name.strip("*?")] = list(operands[at:]) if name.startswith("*") else given
    helpers = {"np": np, "number": scalar_value, "numpy_key": numpy_key, "assigned": assigned}
    helpers |= {"added": added, "most_common": most_common}
    outputs = quietly(lambda: eval(row.numpy, {**helpers, **names}))
    return ORIENTED.get(row.name, lambda *given: given)(*outputs)


def compare(row: Op, numeric: Numeric, got: Sequence[Any], want: Sequence[Any]) -> None:
    """Outputs are equal in number, shape and dtype, and in value within the numeric class."""
    assert len(got) == len(want), f"{row.name} gave {len(got)} outputs, not {len(want)}"
    for one, other in zip(map(np.asarray, got), map(np.asarray, want), strict=True):
        assert one.dtype == other.dtype, f"{row.name} gave {one.dtype}, not {other.dtype}"
        assert one.shape == other.shape, f"{row.name} gave shape {one.shape}, not {other.shape}"
        assert close(numeric, one, other), f"{row.name} gave {one}, not {other}"


def close(numeric: Numeric, got: Any, want: Any) -> bool:
    if got.dtype.kind == "c" and numeric is not Numeric.TOLERANCE:
        return close(numeric, got.real, want.real) and close(numeric, got.imag, want.imag)
    if numeric is Numeric.EXACT or got.dtype.kind not in "fc":
        same_sign = got.dtype.kind != "f" or bool(
            (np.signbit(got) == np.signbit(want))[~np.isnan(want)].all()
        )
        return same_sign and np.array_equal(got, want, equal_nan=True)
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return False
    difference, size = np.abs(got[finite] - want[finite]), np.abs(want[finite])
    if numeric is Numeric.ULP:
        return bool((difference <= 4 * np.spacing(size)).all())
    single = got.dtype in (np.float32, np.complex64)
    rtol, atol = (1e-4, 1e-5) if single else (1e-9, 1e-12)
    return bool((difference <= rtol * size + atol * size.max(initial=0)).all())


def check(row: Op, operands: Sequence[Any], given: Mapping[str, Any]) -> None:
    """One sample call of a row: values, types, params and cost are what the row says."""
    params = row.canonical_params(given)
    assert list(params) == list(row.params)
    assert row.canonical_params(params) == params, f"{row.name}: canonical params are not canonical"
    assert row.canonical_params(json.loads(json.dumps(params, allow_nan=False))) == params
    hash(tuple(params.values()))

    for operand in operands:
        if isinstance(operand, np.ndarray):
            operand.setflags(write=False)  # as arrays from the wire are
    got = quietly(row.kernel, *operands, **params)
    ins = [type_of(x) for x in operands]
    compare(row, row.agreement(ins), got, oracle(row, operands, params))
    compare(row, Numeric.EXACT, quietly(row.kernel, *operands, **params), got)
    outs = row.infer(ins, params)
    assert len(outs) == len(got), f"{row.name} inferred {len(outs)} outputs, gave {len(got)}"
    for inferred, value in zip(outs, got, strict=True):
        executed = type_of(np.asarray(value))
        told = executed._replace(shape=None) if row.unknown_shape and inferred.shape is None else executed
        assert inferred == told, f"{row.name} inferred {inferred}, gave {executed}"
    assert row.unknown_shape == any(t.shape is None for t in outs), f"{row.name}: unknown_shape is wrong"
    cost = row.flops(ins, outs, params)
    assert np.isfinite(cost) and cost > 0


def half_up(x: Any) -> Any:
    return np.floor(x + 0.5)


def zeros(rng: Any) -> Any:
    return [((np.zeros(2),), {})]


ADD, EXP, SUM = OPS["add"], OPS["exp"], OPS["sum"]

WRONG_ROWS = {
    "another function": replace(ADD, kernel=np.subtract),
    "the operands exchanged": replace(OPS["subtract"], kernel=lambda x1, x2: np.subtract(x2, x1)),
    "a wrong dtype rule": replace(ADD, rule=Typed(broadcasted, always(np.dtype("f4")))),
    "a kernel that widens": replace(EXP, kernel=lambda x: np.exp(np.asarray(x, "f8"))),
    "a wrong shape rule": replace(ADD, rule=Typed(same_shape, promoted)),
    "a shape rule that forgets keepdims": replace(SUM, rule=same),
    "a missing output": replace(OPS["divmod"], kernel=np.floor_divide),
    "an inferred output too many": replace(EXP, rule=elementwise(np.modf)),
    "an exact row that is not": replace(EXP, kernel=lambda x: np.exp(x) * (1 + 5e-16), numeric=Numeric.EXACT),
    "a close row that is too far off": replace(EXP, kernel=lambda x: np.exp(x) * np.float32(1 + 1e-6)),
    "a tolerant row that is too far off": replace(OPS["matmul"], kernel=lambda a, b: a @ b * (1 + 1e-3)),
    "another rounding of halves": replace(OPS["round"], kernel=lambda x, decimals: half_up(x)),
    "a lost sign of zero": replace(OPS["negative"], kernel=lambda x: 0 - x, samples=zeros),
    "chance": replace(EXP, kernel=lambda x: x + np.random.default_rng().random(), numpy="x"),
    "a kernel that writes into its operand": replace(
        OPS["sort"], kernel=lambda x, axis, descending: x.sort(axis) or x
    ),
    "params that canonicalise twice": replace(OPS["round"], params={"decimals": Param(lambda v: v + 1, 0)}),
    "no cost": replace(ADD, flops=lambda ins, outs, params: 0.0),
}  # fmt: skip


@pytest.mark.parametrize("row", WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_a_wrong_row_is_found(row: Op) -> None:
    with pytest.raises((AssertionError, ValueError)):
        for operands, given in row.samples(np.random.default_rng(0)):
            check(row, operands, given)


def test_a_nan_param_or_a_list_is_not_canonical() -> None:
    nan = replace(OPS["round"], params={"decimals": Param(lambda value: float("nan"), 0)})
    with pytest.raises(AssertionError):
        check(nan, (np.ones(2),), {})
    with pytest.raises((AssertionError, TypeError)):
        check(replace(OPS["flip"], params={"axis": Param(lambda value: [0], 0)}), (np.ones(2),), {})


@pytest.mark.parametrize(
    ("numeric", "got", "want", "equal"),
    [
        (Numeric.EXACT, 1.0, np.nextafter(1.0, 2), False),
        (Numeric.EXACT, np.nan, np.nan, True),
        (Numeric.EXACT, 0.0, -0.0, False),
        (Numeric.ULP, 1.0, 1.0 + 4 * 2.0**-52, True),
        (Numeric.ULP, 1.0, 1.0 + 6 * 2.0**-52, False),
        (Numeric.ULP, np.inf, -np.inf, False),
        (Numeric.ULP, np.inf, 1.0, False),
        (Numeric.TOLERANCE, 1.0, 1.0 + 5e-10, True),
        (Numeric.TOLERANCE, 1.0, 1.0 + 5e-9, False),
        (Numeric.TOLERANCE, np.nan, 1.0, False),
    ],
)
def test_closeness_follows_the_numeric_class(numeric: Numeric, got: float, want: float, equal: bool) -> None:
    assert close(numeric, np.asarray(got), np.asarray(want)) is equal
