"""README and docs are true: snippets run and give what is shown, links, options, paths and settings exist.

A block fenced as `python` is run, all blocks of a page in one session, in this process (`local:`). What it
prints is shown behind `# -> ` on the line, or in a `text` block right under it, where `...` stands for
anything; a snippet that raises shows its traceback.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import linecache
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ravop as R
from ravop import engine, graph
from ravsock.config import ENVIRONMENT, Config

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SESSIONS = [ROOT / "README.md", ROOT / "docs/distributed-computing.md"]
WALKTHROUGH = ROOT / "docs/distributed-computing.md"

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUT_BELOW = re.compile(r"\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"  # -> (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
#: a path below a room, as pages name them
PATH = re.compile(r"\b(?:rav[a-z]+|tests|examples|benchmarks|docs)/[\w./-]*\w\b(?![\w*<])")

#: how pages call each program -> how its --help is asked for
PROGRAMS = {
    r"(?:run_ravsock\.py|bin/ravsock)": ["run_ravsock.py"],
    r"reset\.py": ["reset.py"],
    r"ravpy participate": ["-m", "ravpy", "participate"],
    r"ravpy list": ["-m", "ravpy", "list"],
    r"docs/generate\.py": ["docs/generate.py"],
    r"benchmarks/run\.py": ["benchmarks/run.py"],
    r"setup\.sh": [],
}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def snippets(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, code and shown output of each python block."""
    for block in FENCE.finditer(text):
        if block[1] == "python":
            below = OUTPUT_BELOW.match(text, block.end())
            shown = below[1] if below else "".join(f"{line}\n" for line in SHOWN.findall(block[2]))
            yield text.count("\n", 0, block.start()) + 1, block[2], shown


def run(code: str, names: dict[str, Any]) -> str:
    """What a snippet prints, its traceback included."""
    linecache.cache["script.py"] = (len(code), None, code.splitlines(keepends=True), "script.py")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(compile(code, "script.py", "exec"), names)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared with what the page shows
            traceback.print_exception(error.with_traceback(error.__traceback__.tb_next), file=out)  # type: ignore[union-attr]
    return out.getvalue()


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The names of a fresh session that computes in this process."""
    monkeypatch.setattr(engine, "_engine", None)
    monkeypatch.setattr(graph, "_graphs", [])
    token = graph._current.set(None)
    R.initialize(url="local:")
    yield {"__name__": "__main__"}
    graph._current.reset(token)


@pytest.mark.parametrize("page", SESSIONS, ids=page_id)
def test_the_snippets_of_a_page_give_what_it_shows(page: Path, session: dict[str, Any]) -> None:
    found = list(snippets(page.read_text()))
    assert found
    for line, code, shown in found:
        got, flags = run(code, session), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        example, checker = doctest.Example(code, shown), doctest.OutputChecker()
        assert checker.check_output(shown, got, flags), (
            f"{page.name}, line {line}:\n{checker.output_difference(example, got, flags)}"
        )


def test_a_wrong_output_and_an_unshown_error_are_noticed(session: dict[str, Any]) -> None:
    ((line, code, shown),) = snippets("text\n\n```python\nprint(1)  # -> 2\n```\n")
    assert (line, run(code, session), shown) == (3, "1\n", "2\n")
    ((_, code, shown),) = snippets("```python\n1 / 0\n```\n")
    assert shown == "" and "ZeroDivisionError" in run(code, session)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_and_paths_lead_to_something(page: Path) -> None:
    text = page.read_text()
    for target in LINK.findall(text):
        assert "://" in target or (page.parent / target).exists(), target
    for path in PATH.findall(text):
        assert (ROOT / path).exists(), path


def options_of(program: list[str]) -> set[str]:
    """The options that a program's help lists."""
    command = [sys.executable, *program] if program else ["sh", "setup.sh"]
    asked = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert asked.returncode == 0, asked.stderr
    return set(OPTION.findall(asked.stdout)) | {"--help"}


@pytest.mark.parametrize("call", PROGRAMS)
def test_options_shown_exist(call: str) -> None:
    known = options_of(PROGRAMS[call])
    for page in PAGES:
        for rest in re.findall(rf"{call}([^\n`|;&]*)", page.read_text()):
            assert set(OPTION.findall(rest)) <= known, f"{page.name}: {call}{rest}"


def test_the_table_of_settings_is_the_server_s() -> None:
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (?:`(--[a-z-]+)`)? ?\| (?:`([^`]+)`)? ?\|", WALKTHROUGH.read_text(), re.MULTILINE
    )
    assert {name for name, _, _ in rows} == set(ENVIRONMENT.values())
    assert {flag for _, flag, _ in rows if flag} <= options_of(["run_ravsock.py"])
    shown = {name: value for name, _, value in rows}
    for field, name in ENVIRONMENT.items():
        value = getattr(Config(), field)
        assert shown[name] == (f"{value:g}" if isinstance(value, float) else str(value or "")), name
