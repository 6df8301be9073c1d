"""CSV files and what a contributor makes of them, for tests."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ravpy.ledger import Entry, Ledger
from ravpy.marks import Mark
from ravpy.measuring import Measured, Measuring
from ravpy.policy import Policy, bins_of, crossed_in
from ravpy.table import Format, open_table
from ravspec.federated import Column, Spec, Statistic, fingerprint

KEY = b"k" * 32


def write_csv(path: Path, names: list[str], rows: Iterable[Iterable[Any]], **more: Any) -> Path:
    """A CSV file."""
    with open(path, "w", newline="", encoding=more.pop("encoding", "utf-8")) as file:
        writer = csv.writer(file, **more)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def make_spec(columns: dict[str, Column], *statistics: Statistic, **more: Any) -> Spec:
    """A spec for five contributors."""
    base = {"version": 1, "graph": 1, "name": "", "developer": "ann", "nonce": "ab" * 16, "modulus": ""}
    given = {**base, "min_clients": 3, "max_clients": 5, "max_rows": 1 << 20, **more}
    return Spec(**given, columns=columns, statistics=statistics, encryption=bool(given["modulus"]))


def measure(spec: Spec, path: Path, form: Format | None = None) -> tuple[Measured, list[Mark]]:
    """What is found in a file."""
    form = form or Format()
    with open_table(path, form) as table:
        measuring = Measuring(spec, table, KEY, form.decimal_comma, form.missing)
        return measuring.run(), measuring.marks


def take_part(ledger: Ledger, policy: Policy, spec: Spec, path: Path) -> Measured:
    """What `ravpy federate` does with the ledger, up to the sending."""
    found, marks = measure(spec, path)
    entry = Entry(
        fingerprint=fingerprint(spec), graph=spec.graph, name="", developer="ann", server="s", file=str(path),
        data=ledger.known_as(path, found, policy, fingerprint(spec)), at=0.0, rows=found.chosen, sent=True,
        epsilon=float(spec.epsilon) if spec.epsilon else None,
        bins=bins_of(spec), crossed=crossed_in(spec),
    )  # fmt: skip
    ledger.record(entry, ledger.check(policy, entry, found, marks), found, marks)
    return found
