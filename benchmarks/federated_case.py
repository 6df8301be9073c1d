"""The case of federated graphs: what one contributor pays to have its sums added unopened.

Ten columns, count, sum and sum of squares of each, ten contributors, everything but the network: each file
is measured by ravpy's code, packed, encrypted, folded as the server does and opened as the developer does.
Beside it TenSEAL's CKKS, where it is installed, and NumPy with nothing encrypted.
"""

from __future__ import annotations

import importlib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from figures import Row
from ours import Ours
from work import Array, check

from ravpy.measuring import Measuring
from ravpy.table import Format, open_table
from ravspec import paillier
from ravspec.ciphertexts import Wire
from ravspec.federated import Column, Spec, Statistic
from ravspec.plausible import check_plausible
from ravspec.slots import layout_of, pack, unpack
from ravspec.statistics import result_of
from ravspec.totals import Totals

T = TypeVar("T")

CONTRIBUTORS, ROUNDS = 10, 9
STATISTICS = ("mean", "variance", "standard_deviation")

#: name -> smallest, largest value, decimals
COLUMNS = {
    "age": (18, 80, 0), "salary": (0, 500_000, 2), "bonus": (0, 50_000, 2), "score": (-100, 100, 3),
    "bmi": (10, 70, 1), "seen": (1_500_000_000, 1_800_000_000, 3), "temperature": (30, 45, 2),
    "children": (0, 15, 0), "latitude": (-90, 90, 6), "risk": (0, 1, 6),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Files:
    """A CSV file for each contributor, and its values as floats and as exact integers."""

    paths: list[Path]
    floats: list[Array]
    integers: list[list[list[int]]]  #: of each contributor, of each column


def federated(row: Row, sizes: tuple[int, ...], ours: Ours) -> None:
    """Ours beside the others; `value` is what one contribution takes once the file is read."""
    with tempfile.TemporaryDirectory() as folder:
        files = written(Path(folder), sizes[-1])
        key = paillier.make_key()
        spec = spec_of(key.n)
        exact = [column_of(files, i) for i in range(len(COLUMNS))]
        with_paillier(row, files, spec, key, exact)
        row.add("numpy", [seconds for seconds, _ in repeated(lambda: in_clear(files.floats[0]))])
        row.notes.append(f"NumPy, nothing encrypted: {len(in_clear(files.floats[0]))} bytes of JSON")
        try:
            with_tenseal(row, importlib.import_module("tenseal"), files, exact)
        except ImportError:
            row.blank["TenSEAL"] = "it is not installed"


def with_paillier(row: Row, files: Files, spec: Spec, key: paillier.Key, exact: list[list[int]]) -> None:
    """What RDF does; the total must be that of all rows, to the last digit."""
    layout = layout_of(spec)
    wire = Wire(spec, layout)
    reading, found = zip(
        *(timed(lambda path=path: measured(spec, path)) for path in files.paths), strict=True
    )

    def contribution(sums: Any) -> bytes:
        return wire.to_bytes(paillier.encrypt(spec.n, pack(layout, sums)))

    sealed = repeated(lambda: contribution(found[0]))
    row.add("ours", [seconds for seconds, _ in sealed])
    bodies = [contribution(sums) for sums in found]
    folding, total = timed(lambda: folded(wire, bodies))
    opening, parts = timed(lambda: paillier.decrypt(key, total))
    sums = unpack(layout, parts, CONTRIBUTORS)
    check_plausible(spec, sums, CONTRIBUTORS)
    for name, values in zip(COLUMNS, exact, strict=True):
        centre = spec.columns[name].centre()
        for total_of, value in sums.items():
            if total_of.over == (name,):
                power = len(total_of.of)  # of a count 0, of a sum 1, of squares 2
                check(value == sum((v - centre) ** power for v in values), f"not the {total_of.text()}")
    totals = Totals(spec, sums)
    answers = {s.name: result_of(s, totals) for s in spec.statistics}
    row.value, row.unit = 1e3 * statistics.median(seconds for seconds, _ in sealed), "ms"
    row.extra["bytes"] = wire.size_bytes
    row.notes += [
        f"{wire.size_bytes} bytes in {layout.parts} ciphertext of {key.n.bit_length()} bits",
        f"reading {sizes_text(files)} {1e3 * statistics.median(reading):.0f} ms, "
        f"{CONTRIBUTORS} contributions added in {1e3 * folding:.2f} ms, opened in {1e3 * opening:.0f} ms",
        f"largest relative error {worst(answers, exact):.1e}",
    ]


def with_tenseal(row: Row, tenseal: Any, files: Files, exact: list[list[int]]) -> None:
    """The same by TenSEAL: a contributor's sums as one CKKS vector; and a tensor each, as RDF had it."""
    context = tenseal.context(tenseal.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 40, 60])
    context.global_scale = 2**40
    sums = [sums_of(values).ravel().tolist() for values in files.floats]
    sealed = repeated(lambda: tenseal.ckks_vector(context, sums[0]).serialize())
    bodies = [tenseal.ckks_vector(context, each).serialize() for each in sums]
    total = tenseal.ckks_vector_from(context, bodies[0])
    for body in bodies[1:]:
        total += tenseal.ckks_vector_from(context, body)
    answers = approximate(np.array(total.decrypt()).reshape(3, -1))
    row.add("TenSEAL", [seconds for seconds, _ in sealed])
    seconds, tensors = timed(lambda: [tenseal.ckks_tensor(context, [x]).serialize() for x in sums[0]])
    row.notes += [
        f"TenSEAL, one vector: {1e3 * statistics.median(s for s, _ in sealed):.1f} ms, "
        f"{len(bodies[0]):,} bytes, largest relative error {worst(answers, exact):.1e}",
        f"TenSEAL, a tensor a number: {1e3 * seconds:.0f} ms, {sum(map(len, tensors)):,} bytes",
    ]


# --- the data ----------------------------------------------------------------------------------------


def written(folder: Path, rows: int) -> Files:
    """Files of random values, the same in each run."""
    rng = random.Random(10)
    files = Files([], [], [])
    for i in range(CONTRIBUTORS):
        columns = [
            [rng.randint(low * 10**d, high * 10**d) for _ in range(rows)] for low, high, d in COLUMNS.values()
        ]
        texts = [
            [f"{Decimal(v).scaleb(-d):f}" for v in values]
            for values, (_, _, d) in zip(columns, COLUMNS.values(), strict=True)
        ]
        path = folder / f"{i}.csv"
        path.write_text("\n".join([",".join(COLUMNS), *map(",".join, zip(*texts, strict=True))]) + "\n")
        files.paths.append(path)
        files.floats.append(np.array([[float(t) for t in column] for column in texts]))
        files.integers.append(columns)
    return files


def spec_of(n: int) -> Spec:
    """The question."""
    columns = {name: Column(str(low), str(high), decimals) for name, (low, high, decimals) in COLUMNS.items()}
    return Spec(
        version=1, graph=1, name="", developer="", encryption=True, modulus=f"{n:x}", nonce="0" * 32,
        columns=columns, statistics=tuple(Statistic(name, tuple(columns)) for name in STATISTICS),
        min_clients=CONTRIBUTORS, max_clients=CONTRIBUTORS, max_rows=1 << 20,
    )  # fmt: skip


def column_of(files: Files, i: int) -> list[int]:
    """A column of all contributors."""
    return [value for columns in files.integers for value in columns[i]]


# --- steps -------------------------------------------------------------------------------------------


def measured(spec: Spec, path: Path) -> Any:
    """The sums of a file, as `ravpy federate` finds them."""
    with open_table(path, Format()) as table:
        return Measuring(spec, table, b"k" * 32, False, frozenset()).run().sums


def folded(wire: Wire, bodies: list[bytes]) -> list[int]:
    """All contributions added, as the server does as they come."""
    total = wire.none()
    for body in bodies:
        total = wire.add(total, wire.from_bytes(body))
    return total


#: for TenSEAL and NumPy columns are brought to -1 to 1: CKKS errs by a part of the largest number of a vector
MIDDLES = np.array([(low + high) / 2 for low, high, _ in COLUMNS.values()])
HALVES = np.array([(high - low) / 2 for low, high, _ in COLUMNS.values()])


def sums_of(values: Array) -> Array:
    """Count, sum and sum of squares of each column, brought to -1 to 1, in floats."""
    less = (values - MIDDLES[:, None]) / HALVES[:, None]
    return np.array([np.full(len(less), less.shape[1]), less.sum(1), (less**2).sum(1)])


def in_clear(values: Array) -> bytes:
    """A contribution without any encryption."""
    return json.dumps(sums_of(values).tolist()).encode()


def approximate(sums: Array) -> dict[str, dict[str, float]]:
    """Mean, variance and deviation of sums in floats."""
    n, total, squares = sums
    with np.errstate(invalid="ignore"):
        variance = HALVES**2 * (squares / n - (total / n) ** 2)
        found = (MIDDLES + HALVES * total / n, variance, np.sqrt(variance))
    return {
        name: dict(zip(COLUMNS, map(float, x), strict=True))
        for name, x in zip(STATISTICS, found, strict=True)
    }


def worst(answers: dict[str, dict[str, float]], exact: list[list[int]]) -> float:
    """The largest relative error beside exact fractions; the square of a deviation is looked at."""
    errors = []
    for (name, (_, _, d)), values in zip(COLUMNS.items(), exact, strict=True):
        n, total = len(values), sum(values)
        mean = Fraction(total, n * 10**d)
        variance = Fraction(n * sum(v * v for v in values) - total**2, n * n * 10 ** (2 * d))
        for statistic, true in zip(STATISTICS, (mean, variance, variance), strict=True):
            given = answers[statistic][name]
            if given != given:
                return float("inf")  # the root of a negative variance
            found = Fraction(given) ** 2 if statistic == "standard_deviation" else Fraction(given)
            errors.append(abs(float((found - true) / true)))
    return max(errors)


def sizes_text(files: Files) -> str:
    """How large one contributor's file is."""
    columns, rows = files.floats[0].shape
    return f"{rows:,} rows of {columns} columns"


def timed(function: Callable[[], T]) -> tuple[float, T]:
    """How long a call takes, and what it gives."""
    started = time.perf_counter()
    result = function()
    return time.perf_counter() - started, result


def repeated(function: Callable[[], T]) -> list[tuple[float, T]]:
    """So many calls, after one that is not counted."""
    function()
    return [timed(function) for _ in range(ROUNDS)]
