"""Contributors of federated graphs in this process: a file, a policy and a state folder each."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import ravop as R
from ravpy.config import Config
from ravpy.federated import Task, federate
from ravpy.policy import Policy
from ravpy.table import Format

NAMES = ["age", "salary", "sex"]
COLUMNS = {"age": {"min": 0, "max": 120, "decimals": 0}, "salary": {"min": 0, "max": 100000, "decimals": 2}}

#: keys of 1024 bits, which are quick to make and which no contributor takes unless told to
QUICK = {"key_bits": 1024, "insecure": True}
LENIENT = Policy(allow_insecure=True)


class Owner:
    """Somebody with a file."""

    def __init__(self, url: str, folder: Path, names: list[str], rows: Iterable[Iterable[Any]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config, self.file, self.state = Config(url=url), folder / "data.csv", folder / "state"
        self.rows = [list(row) for row in rows]
        self.screens: list[str] = []
        with open(self.file, "w", newline="") as file:
            csv.writer(file).writerows([names, *self.rows])

    def task(self, graph: int, **more: Any) -> Task:
        policy = replace(LENIENT, **more.pop("policy", {}))
        return Task(graph, self.file, Format(), policy, self.state, **more)

    def take_part(self, graph: int, agree: bool = True, **more: Any) -> str:
        """`ravpy federate`, with what it shows kept."""

        def consent(text: str) -> bool:
            self.screens.append(text)
            return agree

        return federate(self.config, self.task(graph, **more), consent)


def rules(columns: dict[str, Any], max_clients: int = 3, **more: Any) -> str:
    """Rules as RDF's scripts write them."""
    return json.dumps({"rules": columns, "max_clients": max_clients, **QUICK, **more})


def federated(columns: dict[str, Any], max_clients: int = 3, **more: Any) -> Any:
    """A graph with a quick key."""
    return R.Graph(approach="federated", rules=rules(columns, max_clients, **more))


def three_owners(url: str, folder: Path) -> list[Owner]:
    """Three owners of forty people each."""
    rng = random.Random(5)
    return [
        Owner(url, folder / f"owner{i}", NAMES,
              ([rng.randint(18, 80), f"{rng.uniform(1e4, 9e4):.2f}", "fm"[k % 2]] for k in range(40)))
        for i in range(3)
    ]  # fmt: skip


def pooled(owners: list[Owner]) -> dict[str, Any]:
    """All rows together, as columns."""
    age, salary, sex = zip(*(row for owner in owners for row in owner.rows), strict=True)
    return {"age": np.array(age, float), "salary": np.array(salary, float), "sex": np.array(sex)}


def all_take_part(owners: list[Owner], graph: Any) -> None:
    """Each of them contributes."""
    word = str(graph.fingerprint)
    for owner in owners:
        assert owner.take_part(graph.id, expect=word).startswith("contributed")
