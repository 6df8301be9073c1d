"""Running subgraphs: results, failures that stay where they belong, memory that is let go."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from ravspec.errors import OpError, ProtocolError
from ravspec.subgraph import FAILED, Subgraph, run


def subgraph(kinds: list, ops: list[tuple], literals: tuple = (), n_out: tuple = ()) -> Subgraph:
    """ops: (kind, operand slots...)"""
    return Subgraph(
        kinds=kinds,
        literals=list(literals),
        ops=np.arange(10, 10 + len(ops), dtype=np.int32),
        kind=np.array([op[0] for op in ops], np.uint32),
        arity=np.array([len(op) - 1 for op in ops], np.uint16),
        operand=np.array([slot for op in ops for slot in op[1:]], np.int32),
        n_out=np.array(n_out, np.uint16),
    )


ADD, SOLVE = ["add", {}], ["solve", {}]
SPLIT = ["split", {"indices_or_sections": 2, "axis": 0}]


def test_ops_run_in_order_over_literals_inputs_and_earlier_ops() -> None:
    graph = subgraph([ADD, ["multiply", {}]], [(0, 1, 2), (1, 3, 0)], literals=(10.0,))
    slots, failures = run(graph, [np.array([1.0]), np.array([2.0])])
    assert not failures
    assert slots[-1].tolist() == [30.0]


def test_several_outputs_take_several_slots() -> None:
    graph = subgraph([SPLIT, ADD], [(0, 0), (1, 1, 2)], n_out=(2, 1))
    slots, _ = run(graph, [np.arange(4)])
    assert slots[-1].tolist() == [2, 4]


def test_a_failing_op_takes_its_dependents_along_and_nobody_else() -> None:
    ops = [(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 1, 0)]
    slots, failures = run(subgraph([ADD, SOLVE], ops), [np.zeros((2, 2))])
    assert failures == [(11, "LinAlgError: Singular matrix")]
    assert slots[2] is FAILED and slots[3] is FAILED
    assert slots[4].tolist() == [[0, 0], [0, 0]]


def test_running_out_of_memory_is_not_the_ops_fault() -> None:
    def kernels(kind: object) -> tuple:
        def kernel(x: object) -> object:
            raise MemoryError("no room")

        return kernel, {}

    with pytest.raises(MemoryError):
        run(subgraph([ADD], [(0, 0)]), [np.zeros(1)], kernels=kernels)


def test_values_nobody_will_read_are_let_go_at_once() -> None:
    alive: list[weakref.ref] = []

    def kernels(kind: object) -> tuple:
        def kernel(x: np.ndarray) -> np.ndarray:
            out = x + 1
            gc.collect()
            living.append(sum(r() is not None for r in alive))
            alive.append(weakref.ref(out))
            return out

        return kernel, {}

    living: list[int] = []
    graph = subgraph([ADD], [(0, slot) for slot in range(6)])
    slots, _ = run(graph, [np.zeros(3)], np.array([False] * 6 + [True]), kernels)
    assert max(living) <= 1
    assert [s is None for s in slots] == [True] * 6 + [False]


def test_unknown_ops_and_bad_params_are_refused_before_anything_runs() -> None:
    for kind in (["nosuch", {}], ["add", {"axis": 1}], ["split", {"axis": 0}]):
        with pytest.raises(OpError):
            run(subgraph([kind], [(0, 0, 0)]), [np.zeros(1)])


def test_columns_come_back_and_disagreeing_ones_are_refused() -> None:
    graph = subgraph([SPLIT, ADD], [(0, 0), (1, 1, 2)], n_out=(2, 1), literals=(1,))
    header = {"kinds": graph.kinds, "literals": [1]}
    again = Subgraph.read(header, graph.columns())
    assert again.operand.tolist() == graph.operand.tolist()
    for i in range(5):
        columns = graph.columns()
        columns[i] = bytes(columns[i]) + bytes(4)
        with pytest.raises(ProtocolError):
            Subgraph.read(header, columns)
