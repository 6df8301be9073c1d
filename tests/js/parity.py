"""The whole op table as frames that any contributor can answer, and how two contributors' answers agree.

`python tests/js/parity.py` prints the counts for docs/performance.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ravspec import messages
from ravspec.codec import PREFIX, column, literal_to_json, total_length
from ravspec.errors import OpError
from ravspec.executor import SENT, Executor
from ravspec.ops import OPS, Numeric, Op
from ravspec.shapes import ArrayType
from ravspec.subgraph import COLUMNS
from ravspec.values import Interner, join_values, split_values, type_from_json, type_to_json, value_type

HERE = Path(__file__).parent
NUMBERS = (bool, int, float, complex)


@dataclass(frozen=True, slots=True)
class Case:
    """One call of a row."""

    row: Op
    operands: Sequence[Any]
    params: dict[str, Any]

    @property
    def numeric(self) -> Numeric:
        return self.row.agreement([value_type(np.asarray(x)) for x in self.operands])

    def frame(self, number: int) -> bytes:
        """The assignment of this one op, numbered `number`, as it travels."""
        literals = [x for x in self.operands if type(x) in NUMBERS]
        arrays = [np.asarray(x) for x in self.operands if type(x) not in NUMBERS]
        slots, literal, array = [], 0, len(literals)
        for x in self.operands:
            if type(x) in NUMBERS:
                slots.append(literal)
                literal += 1
            else:
                slots.append(array)
                array += 1
        types = Interner()
        which = [types.number(value_type(x)) for x in arrays]
        n_out = len(as_tuple(quietly(self.row.kernel, *self.operands, **self.params)))
        op = len(arrays)
        columns = {
            "ops": [op], "kind": [0], "arity": [len(slots)], "operand": slots, "n_out": [n_out],
        }  # fmt: skip
        assign = messages.Assign(
            assignment=number, graph=1, deadline_s=60.0, kinds=[(self.row.name, self.params)],
            types=[type_to_json(t) for t in types.items],
            literals=[literal_to_json(x) for x in literals],
        )  # fmt: skip
        buffers = [column(columns[name], dtype) for name, dtype in COLUMNS.items()]
        buffers += [column(range(op), "int32"), column([1] * op, "uint16"), column(which, "uint32")]
        buffers += [column([SENT] * op, "uint8"), column([op], "int32")]
        buffers += [column([], "int32"), column([], "int32"), join_values(arrays)]
        return messages.encode(assign, buffers)


def as_tuple(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def quietly(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The result of a kernel; of one that raises, one output, which never comes."""
    try:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)
    except (ValueError, IndexError, np.linalg.LinAlgError):
        return None


def cases() -> list[Case]:
    """Every sample call of every row, and what a table made for small samples does not reach."""
    rng = np.random.default_rng(20)
    made = [
        Case(row, operands, row.canonical_params(given))
        for row in OPS.values()
        if row.name != "data"
        for operands, given in row.samples(np.random.default_rng(20))
    ]
    made += [Case(OPS[n], x, OPS[n].canonical_params(p)) for n, x, p in more(rng)]
    return made + list(numbers())


def numbers() -> Iterator[Case]:
    """Every row with Python's numbers as operands, alone and beside bools, where it takes them."""
    bools = np.array([True, False])
    for row in OPS.values():
        names, given = row.operand_names, row.samples(np.random.default_rng(20))
        if not names or row.name == "data" or row.variadic:
            continue
        params = row.canonical_params(given[0][1])
        for number in (2, True, 0.5):
            several = [(number,) * len(names)]
            if len(names) > 1:
                several += [(bools, *several[0][1:]), (*several[0][:-1], bools)]
            for operands in several:
                types = [ArrayType((), type(x)) if type(x) in NUMBERS else value_type(x) for x in operands]
                try:
                    row.infer(types, params)
                except OpError:
                    continue
                yield Case(row, operands, params)


def more(rng: np.random.Generator) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Products that the kernel takes over, sizes that matter in WebAssembly, and what must fail."""

    def f(*shape: int, dtype: str = "f8") -> Any:
        return rng.uniform(-3, 3, shape).astype(dtype)

    for m, k, n in [
        (64, 64, 64),
        (65, 300, 67),
        (3, 513, 201),
        (256, 256, 256),
        (1, 700, 401),
        (333, 1, 299),
    ]:
        yield "matmul", (f(m, k), f(k, n)), {}
    yield "matmul", (f(70, 80).T, f(90, 70).T), {}
    yield "matmul", (f(64, 200)[:, ::2], f(100, 90)), {}
    yield "matmul", (f(80, 70, dtype="f4"), f(70, 90, dtype="f4")), {}
    yield "matmul", (f(80, 70, dtype="f4"), f(70, 90)), {}
    yield "matmul", (f(3, 1, 70, 80), f(2, 80, 64)), {}
    yield "matmul", (f(5, 70, 80), f(80, 64)), {}
    yield "matmul", (f(100, 300), f(300)), {}
    special = f(70, 80)
    special[3, 4], special[5, 6] = np.nan, np.inf
    yield "matmul", (special, f(80, 66)), {}
    yield from products_of_dtypes(rng)
    yield "dot", (f(90, 80), f(80, 70)), {}
    yield "dot", (f(2, 90, 80), f(3, 80, 70)), {}
    yield "tensordot", (f(10, 20, 30), f(20, 30, 40)), {"axes": 2}
    yield "tensordot", (f(70, 8, 9), f(9, 80, 8)), {"axes": [[2, 1], [0, 2]]}
    # what libraries leave open by a sign
    for shape in ((30, 20), (20, 30), (100, 150)):
        yield "svd", (f(*shape),), {"full_matrices": False}
    symmetric = f(40, 40)
    yield "eigh", (symmetric + symmetric.T,), {}
    # integers whose default width is another in WebAssembly
    yield "sum", (np.full(5, 2**31 - 1, "i4"),), {}
    yield "prod", (np.array([100_000, 100_000], "i4"),), {}
    yield "cumsum", (np.full(5, 2**31 - 1, "i4"),), {}
    yield "argsort", (rng.integers(0, 3, 5000).astype("f8"),), {}
    yield "sort", (f(100_000),), {}
    yield "exp", (f(100_000),), {}
    yield "sum", (f(1000, 300),), {}
    # what has to fail, in the same words
    yield "inv", (np.zeros((3, 3)),), {}
    yield "solve", (np.ones((3, 3)), np.ones(3)), {}
    yield "cholesky", (-np.eye(3),), {}
    yield "take", (f(3), np.array([7])), {}


def products_of_dtypes(rng: np.random.Generator) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Large products of every two kinds of numbers: sums that wrap, complex ones, and an infinity."""
    made = {
        "i1": rng.integers(-128, 128, (70, 80)), "u2": rng.integers(0, 2**16, (70, 80)),
        "i4": rng.integers(-(2**31), 2**31, (70, 80)), "u8": rng.integers(2**62, 2**63, (70, 80)),
        "i8": rng.integers(-1000, 1000, (70, 80)), "?": rng.uniform(size=(70, 80)) < 0.01,
        "f4": rng.uniform(-3, 3, (70, 80)), "c8": rng.uniform(-3, 3, (70, 80)) + 2j,
        "c16": rng.uniform(-3, 3, (70, 80)) * (1 - 3j),
    }  # fmt: skip
    arrays = [x.astype(dtype) for dtype, x in made.items()]
    for x in arrays:
        for y in arrays:
            yield "matmul", (x, y.T), {}
            yield "einsum", (x, y), {"subscripts": "ij,kj->ki"}
    infinite = arrays[-1].copy()
    infinite[3, 4] = complex(1, np.inf)
    yield "matmul", (infinite, arrays[-3].T), {}
    x, y = rng.uniform(-3, 3, (2, 4, 70, 80))
    z = rng.integers(-9, 9, (80, 70))
    for text in ("bij,bkj->bki", "bij,bkj->ikb", "bij,bij->", "bij,ckj", "aij,bij->jab", "...ij,...kj"):
        yield "einsum", (x, y), {"subscripts": text}
    for text in ("ij,jk,kl->il", "ij,jk,kl->", "ij,jk,lk->jl", "ij,jk,k...->...i"):
        yield "einsum", (x[0], z, x[1] if "lk" not in text else x[1].T), {"subscripts": text}
    yield "einsum", (x, y[:1]), {"subscripts": "bij,bkj->bik"}
    yield "einsum", (x, z, y[1], 2.0), {"subscripts": "bij,jk,kl,->bil"}
    yield "tensordot", (x, x + 1j), {"axes": [[2, 0], [2, 0]]}
    yield "dot", (x, z), {}


def many_ops(n_inputs: int, n_ops: int, number: int) -> bytes:
    """An assignment of many ops over many inputs, some of two outputs, some that fail; half are exported."""
    rng = np.random.default_rng(5)
    arrays = [rng.uniform(1, 2, 3 + k % 2) for k in range(n_inputs)]
    kinds = [("add", {}), ("divmod", {}), ("sqrt", {}), ("inv", {})]
    first, slots = 1 + n_inputs, 1 + n_inputs
    columns: dict[str, list[int]] = {name: [] for name in COLUMNS}
    for op in range(n_inputs, n_inputs + n_ops):
        kind = 3 if op % 97 == 0 else op % 3
        taken = [1 + op % n_inputs] if kind > 1 else [slots - 2 if slots > first + 2 else 1, 0]
        columns["ops"].append(op)
        columns["kind"].append(kind)
        columns["arity"].append(len(taken))
        columns["operand"] += taken
        columns["n_out"].append(1 + (kind == 1))
        slots += 1 + (kind == 1)
    types = Interner()
    which = [types.number(value_type(x)) for x in arrays]
    assign = messages.Assign(
        assignment=number, graph=1, deadline_s=60.0, kinds=kinds,
        types=[type_to_json(t) for t in types.items], literals=[1.5],
    )  # fmt: skip
    buffers = [column(columns[name], dtype) for name, dtype in COLUMNS.items()]
    ones = [1] * n_inputs
    buffers += [column(range(n_inputs), "int32"), column(ones, "uint16"), column(which, "uint32")]
    buffers += [column([SENT] * n_inputs, "uint8"), column(columns["ops"][::2], "int32")]
    return messages.encode(assign, [*buffers, column([], "int32"), column([], "int32"), join_values(arrays)])


def here(frames: Sequence[bytes]) -> list[bytes]:
    """The answers of this process."""
    executor = Executor("a tab", lambda digest, t: None, lambda value: "")
    return [executor.execute(frame) for frame in frames]


def in_node(
    frames: Sequence[bytes], runtime: Path, modules: bytes, folder: Path, *flags: str
) -> tuple[list[bytes], Any]:
    """The answers of Pyodide in Node, and what it says of itself."""
    (folder / "modules.zip").write_bytes(modules)
    (folder / "frames").write_bytes(b"".join(frames))
    command = [
        "node",
        HERE / "run_frames.mjs",
        runtime,
        *(folder / n for n in ("modules.zip", "frames", "answers")),
    ]
    done = subprocess.run([*map(str, command), *flags], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, [line for line in done.stderr.splitlines() if len(line) < 500]
    return parted((folder / "answers").read_bytes()), json.loads(done.stdout.splitlines()[-1])


def parted(data: bytes) -> list[bytes]:
    """Frames that lie one after the other."""
    frames, at = [], 0
    while at < len(data):
        length = total_length(data[at : at + PREFIX.size])
        frames.append(data[at : at + length])
        at += length
    return frames


def outputs(answer: bytes) -> tuple[list[Any], list[tuple[int, str]]]:
    """The values of an answer, and its failures."""
    message, buffers = messages.decode(answer, messages.FromContributor)
    assert isinstance(message, messages.Result), message
    which = np.frombuffer(buffers[1], "<u4")
    values = split_values(buffers[2], [type_from_json(t) for t in message.types], which)
    return list(values), message.failed


def agreement(got: Sequence[Any], want: Sequence[Any]) -> str:
    """How closely outputs agree: "equal" bit by bit, "ulp", "tolerance", or "outside" of all."""
    worst = 0
    if [(x.dtype, x.shape) for x in got] != [(x.dtype, x.shape) for x in want]:
        return "outside"
    for one, other in zip(got, want, strict=True):
        if one.tobytes() == other.tobytes():
            continue
        steps = [n for n, numeric in enumerate(Numeric) if close(numeric, one, other)]
        worst = max(worst, min(steps, default=3))
    return ("equal", "ulp", "tolerance", "outside")[worst]


def close(numeric: Numeric, got: Any, want: Any) -> bool:
    """Within the numeric class? As the table's own tests have it."""
    from test_ops_checker import close as within  # tests/unit/ravspec is on the path when this runs

    return bool(within(numeric, got, want))


def by_row(found: Sequence[tuple[Case, str]]) -> Counter[str]:
    """Rows by the worst agreement of their calls."""
    order = ("equal", "ulp", "tolerance", "outside")
    worst: dict[str, int] = {}
    for case, how in found:
        worst[case.row.name] = max(worst.get(case.row.name, 0), order.index(how))
    return Counter(order[n] for n in worst.values())


def counts() -> tuple[Counter[str], Counter[str], Any]:
    """How closely Pyodide and this NumPy agree: calls; rows by their worst call; what Pyodide is."""
    import tempfile
    import warnings

    from ravsock.assets import find_runtime
    from ravsock.bundle import modules

    sys.path.insert(0, str(HERE.parent / "unit/ravspec"))
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's own of empty means, as contributors do
        all_cases = cases()
        frames = [case.frame(n) for n, case in enumerate(all_cases)]
        got, about = in_node(frames, find_runtime().folder, modules(), Path(folder))
        wanted = here(frames)
    found = [
        (case, agreement(outputs(one)[0], outputs(other)[0]))
        for case, one, other in zip(all_cases, got, wanted, strict=True)
    ]
    return Counter(how for _, how in found), by_row(found), about


def main() -> None:
    """Print the counts."""
    calls, rows, about = counts()
    print(about)
    print(sum(calls.values()), "calls:", dict(calls))
    print(sum(rows.values()), "rows:", dict(rows))


if __name__ == "__main__":
    main()
