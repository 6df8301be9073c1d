"""docs/federated-analytics.md is true: its scripts and commands run, and its tables are the programs'."""

from __future__ import annotations

import doctest
import queue
import random
import re
import shlex
import threading
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fedpeople import COLUMNS, Owner, all_take_part, federated, pooled

import ravop as R
from ravop.rules import KINDS
from ravpy import __main__ as command
from ravpy.config import read_config
from ravpy.ledger import Ledger
from ravpy.policy import Policy, read_policy
from ravpy.seals import SealKey

pytestmark = pytest.mark.usefixtures("at_home")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/federated-analytics.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(SCREEN,) = re.findall(r"^```text\n(Graph.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
POLICIES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
KEY = re.compile(r'"[0-9a-f]{64}"')


def block(word: str, blocks: list[str] = PYTHON) -> str:
    """The one script of the page with this in it."""
    (found,) = (code for code in blocks if word in code)
    return found


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


def assert_shown(screen: str) -> None:
    """That is the page's screen, but for who asks where, and by which fingerprint."""
    of_the_page, of_the_program = (
        re.sub(r"^Graph .* at .*$|^  asked for by .*$|^ .* (\w{4}-){7}\w{4}$", "-", text, flags=re.MULTILINE)
        for text in (SCREEN, screen)
    )
    of_the_program = of_the_program[: of_the_program.index("contributed to graph")].strip() + "\n"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    example, checker = doctest.Example("", of_the_page), doctest.OutputChecker()
    assert checker.check_output(of_the_page, of_the_program, flags), checker.output_difference(
        example, of_the_program, flags
    )


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
    key = names["graph"]._keys.path(names["graph"]._kept)
    assert key.exists()
    # When one takes part by the page's commands, and the others too
    monkeypatch.chdir(owners[0].file.parent)
    owners[0].file.rename("patients.csv")
    in_the_shell(block("ravpy federate 7", SHELL), graph, server.url)
    shown = capsys.readouterr().out
    assert f"fingerprint: {word}" in shown
    assert "contributed to graph" in shown
    assert_shown(shown[shown.rindex("\nGraph ") + 1 :])
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
    keys = iter([SealKey(owner.state, Ledger(owner.state)).public() for owner in owners])
    printed: queue.Queue[tuple[Any, ...]] = queue.Queue()
    code = KEY.sub(lambda _: f'"{next(keys)}"', block('"roster"'))
    names: dict[str, Any] = {"print": lambda *what: printed.put(what)}
    script = threading.Thread(target=exec, args=(code, names), daemon=True)
    script.start()
    graph, word = printed.get(timeout=30)
    for owner in owners:
        owner.take_part(graph, expect=str(word), policy={"sealed": True})
    (mean,) = printed.get(timeout=30)
    script.join(30)
    assert mean["age"] == pytest.approx(pooled(owners)["age"].mean(), rel=1e-15)


def test_a_contributor_s_program_and_server_are_as_the_page_shows() -> None:
    install, *exports = block("setup.sh", SHELL).splitlines()
    role = install.removeprefix("sh setup.sh ")
    assert role in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    environ = dict(line.removeprefix("export ").split("=") for line in exports)
    config = read_config(environ=environ)
    assert [config.url, config.token] == list(environ.values())


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


def test_the_page_s_policy_is_one(tmp_path: Path) -> None:
    (text,) = POLICIES
    path = tmp_path / "policy.toml"
    path.write_text(text)
    assert read_policy(path, tmp_path) == Policy(
        min_clients=5, min_rows=20, columns=("age", "salary", "fund"), sealed=True
    )


def test_what_somebody_may_try_is_a_test_or_a_statement_of_the_page() -> None:
    section = PAGE[PAGE.index("## What somebody may try") : PAGE.index("## What it costs")]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 30
    titles = set(re.findall(r"^- \*\*(.+?)\.?\*\*", PAGE, re.MULTILINE))
    files = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    for tried, *_, evidence in rows:
        tests = re.findall(r"`(test_\w+\.py)::(test_\w+)`", evidence)
        statements = re.findall(r"statement: ([^;|,]+)", evidence)
        assert tests or statements, tried
        for file, name in tests:
            assert f"\ndef {name}(" in files.get(file, ""), f"{tried}: {file}::{name}"
        for statement in statements:
            assert statement.strip() in titles, f"{tried}: {statement}"
