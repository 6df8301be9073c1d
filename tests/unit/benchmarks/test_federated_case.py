"""The federated case at a small size: its figures, and that a total that is not exact stops the run."""

from __future__ import annotations

import importlib.util
from typing import Any

import federated_case
import pytest
from cases import CASES
from work import WrongValue

CASE = next(case for case in CASES if case.id == "federated")


def run(rows: int = 40) -> Any:
    row = CASE.row(quick=False)
    federated_case.federated(row, (rows,), None)  # type: ignore[arg-type]
    return row


def test_a_contribution_is_one_ciphertext_and_its_total_is_exact() -> None:
    row = run()
    assert row.extra["bytes"] == 768
    assert row.value > 0
    error = next(note for note in row.notes if note.startswith("largest relative error"))
    assert float(error.split()[-1]) < 5e-16
    there = importlib.util.find_spec("tenseal") is not None
    assert there == any("TenSEAL" in note for note in row.notes)
    assert there != ("TenSEAL" in row.blank)


def test_a_total_that_is_not_that_of_all_rows_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = federated_case.measured
    found: list[Any] = []

    def one_row_too_much(spec: Any, path: Any) -> Any:
        sums = real(spec, path)
        if not found:
            sums[next(iter(sums))] += 1
        found.append(sums)
        return sums

    monkeypatch.setattr(federated_case, "measured", one_row_too_much)
    with pytest.raises(WrongValue, match="not the count of age"):
        run()
