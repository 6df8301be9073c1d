"""docs/federated-analytics.md is true: its scripts and commands run, and its tables are the programs'."""

from __future__ import annotations

import queue
import random
import re
import shlex
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fedpeople import COLUMNS, Owner, all_take_part, federated, pooled

import ravop as R
from ravop.rules import KINDS
from ravpy import __main__ as command
from ravpy.ledger import Ledger
from ravpy.policy import Policy
from ravpy.seals import SealKey

pytestmark = pytest.mark.usefixtures("at_home")

PAGE = (Path(__file__).parents[2] / "docs/federated-analytics.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block(word: str) -> str:
    """The one script of the page with this in it."""
    (found,) = (code for code in PYTHON if word in code)
    return str(found)


def five_owners(url: str, folder: Path) -> list[Owner]:
    """Owners of the columns of the page's first script."""
    rng = random.Random(7)

    def row() -> list[Any]:
        return [rng.randint(18, 80), f"{rng.uniform(0, 5e5):.2f}", rng.randint(-99, 9999)]

    names = ["age", "salary", "fund"]
    return [Owner(url, folder / f"{i}", names, (row() for _ in range(30))) for i in range(5)]


def in_the_shell(commands: str, graph: int, url: str) -> None:
    """The commands of a block, for this graph at this server."""
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        assert program == ".venv/bin/ravpy"
        words = [str(graph) if word == "7" else word for word in words]
        assert command.main([*words, "--server", url]) == 0, line


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked says yes."""
    monkeypatch.setattr("builtins.input", lambda text: "yes")


@pytest.mark.usefixtures("answer")
def test_the_developer_s_script_and_the_contributor_s_commands_meet(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    # Given the page's script, which prints what contributors need and waits for them
    printed: queue.Queue[tuple[Any, ...]] = queue.Queue()
    names: dict[str, Any] = {"print": lambda *what: printed.put(what)}
    owners = five_owners(server.url, tmp_path)
    script = threading.Thread(target=exec, args=(block("R.federated_mean()\nspread"), names), daemon=True)
    script.start()
    graph, word = printed.get(timeout=30)
    key = names["graph"]._keys.path(graph)
    assert key.exists()
    # When one takes part by the page's commands, and the others too
    monkeypatch.chdir(owners[0].file.parent)
    owners[0].file.rename("patients.csv")
    in_the_shell(SHELL[0], graph, server.url)
    shown = capsys.readouterr().out
    assert f"fingerprint: {word}" in shown
    assert "contributed to graph" in shown
    for owner in owners[1:]:
        owner.take_part(graph, expect=str(word))
    # Then the script has the means of all, and the key is gone
    (mean,) = printed.get(timeout=30)
    script.join(30)
    for i, column in enumerate(("age", "salary", "fund")):
        values = np.array([float(row[i]) for owner in owners for row in owner.rows])
        assert mean[column] == pytest.approx(values.mean(), rel=1e-15)
    assert not key.exists()


def test_an_op_of_one_s_own_is_as_the_page_shows(owners: list[Owner]) -> None:
    names: dict[str, Any] = {"R": R}
    exec(block("@R.op"), names)
    graph = federated(COLUMNS)
    answer = names["coefficient_of_variation"]()
    all_take_part(owners, graph)
    age = pooled(owners)["age"]
    assert answer()["age"] == pytest.approx(age.std() / age.mean(), rel=1e-14)


def test_a_sealed_graph_is_as_the_page_shows(owners: list[Owner]) -> None:
    keys = [SealKey(owner.state, Ledger(owner.state)).public() for owner in owners]
    names: dict[str, Any] = {"R": R, **dict(zip(("aachen", "bergen", "coimbra"), keys, strict=True))}
    exec(block('"roster"'), names)
    mean = R.federated_mean()
    all_take_part(owners, names["graph"])
    assert mean()["age"] == pytest.approx(pooled(owners)["age"].mean(), rel=1e-15)


def table(head: str) -> dict[str, list[str]]:
    """A table of the page: names in its first column -> its other cells."""
    start = PAGE.index(head)
    rows = re.findall(r"^\|(.+)\|$", PAGE[start : PAGE.index("\n\n", start)], re.MULTILINE)[2:]
    cells = [[cell.strip() for cell in row.split(" | ")] for row in rows]
    return {name: rest for first, *rest in cells for name in re.findall(r"`(\w+)`", first)}


def in_words(default: Any) -> str:
    """A default as the page writes it."""
    return {None: "none", (): "all"}.get(default, str(default).lower())


def test_the_page_lists_every_rule_of_developer_and_contributor() -> None:
    assert set(table("| in the rules")) == set(KINDS)
    listed = table("| rule | unless you say otherwise")
    assert {name: cells[0] for name, cells in listed.items()} == {
        rule.name: in_words(rule.default) for rule in fields(Policy)
    }


def test_the_page_names_every_statistic() -> None:
    text = PAGE[PAGE.index("**Statistics**") : PAGE.index("Statistics that share")]
    named = {name for name in dir(R) if name.startswith("federated_")}
    assert {f"federated_{name}" for name in re.findall(r"federated_(\w+)", text)} == named
