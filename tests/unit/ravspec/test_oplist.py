"""The op list takes a batch whole or not at all, checks every claim, and cuts what a contributor needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravop.record import Recorder
from ravspec.batch import Batch
from ravspec.claims import distinct_rows
from ravspec.errors import ProtocolError
from ravspec.oplist import OpList
from ravspec.ops import OPS
from ravspec.shapes import ArrayType
from ravspec.subgraph import run
from ravspec.values import FEW

F3 = ArrayType((3,), np.dtype(np.float64))


class Builder:
    """A recorder with shorthand."""

    def __init__(self) -> None:
        self.record = Recorder()
        self.type = self.record.type_number(F3)

    def source(self, value: float = 1.0) -> tuple[int, int, int]:
        params = {"shape": (3,), "dtype": "float64"}
        op, (t,) = self.record.add(OPS["data"], (), params, tuple(params.items()))
        self.record.give_value(np.full(3, value).tobytes())
        return op, 0, t

    def op(self, name: str, *operands: Any, **given: Any) -> list[tuple[int, int, int]]:
        params = OPS[name].canonical_params(given)
        op, types = self.record.add(OPS[name], operands, params, tuple(params.items()))
        return [(op, k, t) for k, t in enumerate(types)]

    def batch(self) -> Batch:
        return self.record.take_batch()


def state_of(ops: OpList) -> tuple:
    columns = [c.all().tolist() for c in ops._columns]
    return columns, ops.symbols.counts(), len(ops.kinds), dict(ops.names)


@pytest.mark.parametrize("n", [1, FEW, FEW + 1, 500])
def test_batches_small_and_large_are_checked_alike(n: int) -> None:
    b = Builder()
    x, y = b.source(), b.source()
    for _ in range(n):
        (x,) = b.op("add", x, y)
    ops = OpList()
    cost_s, size_bytes, source = ops.append(b.batch())
    assert len(ops) == n + 2
    assert source.tolist() == [True, True] + [False] * n
    assert set(size_bytes.tolist()) == {24}
    assert (cost_s > 0).all()


@pytest.mark.parametrize("n", [2, 100])
@pytest.mark.parametrize("position", [0, -1])
def test_one_false_claim_refuses_the_batch_and_leaves_nothing(n: int, position: int) -> None:
    b = Builder()
    x, y = b.source(), b.source()
    for _ in range(n):
        b.op("add", x, y)
    wrong = b.record.type_number(ArrayType((4,), np.dtype(np.float64)))
    batch = b.batch()
    batch.out_type[2:][position] = wrong
    ops = OpList()
    before = state_of(ops)
    with pytest.raises(ProtocolError, match=r"gives float64\[3\], not float64\[4\]"):
        ops.append(batch)
    assert state_of(ops) == before
    batch.out_type[2:][position] = b.type
    ops.append(batch)
    assert len(ops) == n + 2


def test_a_stored_value_can_only_be_a_sources() -> None:
    b = Builder()
    x = b.source()
    b.op("add", x, x)
    batch = b.batch()
    batch.stored = {1: "ab" * 32}
    with pytest.raises(ProtocolError, match="not a source"):
        OpList().append(batch)


def test_a_repeated_batch_is_known_and_a_gap_is_refused() -> None:
    b = Builder()
    x = b.source()
    first = b.batch()
    b.op("add", x, x)
    second = b.batch()
    ops = OpList()
    with pytest.raises(ProtocolError, match="goes on from there"):
        ops.is_repeat(second)
    for batch in (first, second):
        assert not ops.is_repeat(batch)
        ops.append(batch)
        assert ops.is_repeat(batch)
    assert ops.is_repeat(first)


def test_unknown_shapes_may_be_claimed_either_way_and_are_learned() -> None:
    b = Builder()
    (u,) = b.op("unique", b.source())
    (v,) = b.op("add", u, u)
    assert b.record.type(v[2]).shape is None
    ops = OpList()
    ops.append(b.batch())
    _, at = ops.outputs_of(np.array([u[0]]))
    ops.learn_type(int(at[0]), F3)
    assert ops.view(u[0])["outputs"] == [["float64", [3]]]
    b.op("add", u, u)  # the developer does not know the shape yet: still right
    b.op("add", (u[0], 0, b.type), u)
    ops.append(b.batch())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_cut_subgraph_computes_what_the_whole_list_does(data: st.DataObject) -> None:
    """Random DAGs with literals and two-output ops, cut at random into pieces run one after the other."""
    b = Builder()
    outputs = [b.source(1.0), b.source(2.0)]
    want: dict[tuple[int, int], np.ndarray] = {(0, 0): np.full(3, 1.0), (1, 0): np.full(3, 2.0)}
    for _ in range(data.draw(st.integers(1, 25))):
        x, y = (data.draw(st.sampled_from(outputs)) for _ in range(2))
        a, c = want[x[:2]], want[y[:2]]
        match data.draw(st.sampled_from(["add", "literal", "divmod"])):
            case "add":
                made, values = b.op("add", x, y), [a + c]
            case "literal":
                made, values = b.op("multiply", x, b.record.literal(0.5)), [a * 0.5]
            case _:
                made, values = b.op("divmod", x, b.record.literal(3.0)), list(np.divmod(a, 3.0))
        outputs += made
        want |= {out[:2]: value for out, value in zip(made, values, strict=True)}
    ops = OpList()
    ops.append(b.batch())
    have: dict[int, list[np.ndarray]] = {0: [want[0, 0]], 1: [want[1, 0]]}
    todo = list(range(2, len(ops)))
    while todo:
        piece = todo[: data.draw(st.integers(1, len(todo)))]
        todo = todo[len(piece) :]
        starts = ops.first_operand.all()
        operands = {int(o) for op in piece for o in ops.operand.all()[starts[op] : starts[op + 1]] if o >= 0}
        inputs = sorted(operands - set(piece))
        graph = ops.cut(piece, inputs)
        given_values = [value for op in inputs for value in have[op]]
        slots, failures = run(graph, given_values)
        assert not failures
        first = graph.first_slots(len(given_values))
        for op, lo, hi in zip(piece, first[:-1], first[1:], strict=True):
            have[op] = slots[lo:hi]
    for (op, k), value in want.items():
        np.testing.assert_array_equal(have[op][k], value)


@given(st.integers(1, 4), st.integers(0, 30), st.randoms())
def test_distinct_rows_are_all_rows_and_no_more(width: int, n: int, random: Any) -> None:
    for scale in (3, 2**40):
        rows = np.array([[random.randrange(-scale, scale) for _ in range(width)] for _ in range(n + 1)])
        distinct, index = distinct_rows(rows)
        assert (distinct[index] == rows).all()
        assert len(distinct) == len({tuple(row) for row in rows.tolist()})
