"""README and docs are true: snippets run and give what is shown, links, options, paths and settings exist.

A block fenced as `python` is run, all blocks of a page in one session. What it prints is shown behind `# -> `
on the line, or in a `text` block right under it, where `...` stands for anything; a snippet that raises shows
its traceback. The session is in this process (`local:`), and once more with a real server and contributor;
then `sh` blocks that show output are run too.
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
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ravop as R
from ravop import engine, graph
from ravsock.config import ENVIRONMENT, Config
from tests.acceptance.system.processes import Contributor, Server, clean_environment, until

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SESSIONS = [ROOT / "README.md", ROOT / "docs/distributed-computing.md"]
WALKTHROUGH = ROOT / "docs/distributed-computing.md"
DEFAULT_URL = "http://127.0.0.1:9999"

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUT_BELOW = re.compile(r"\n```(?:text|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"  # -> (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)#?([^)\s]*)\)")
#: a path below a room, as pages name them
PATH = re.compile(r"\b(?:rav[a-z]+|tests|examples|benchmarks|docs)/[\w./-]*\w\b(?![\w*<])")

#: how pages call each program -> how its --help is asked for
PROGRAMS = {
    r"(?:run_ravsock\.py|bin/ravsock)(?! token)": ["run_ravsock.py"],
    r"ravsock token add": ["-m", "ravsock", "token", "add"],
    r"ravsock token list": ["-m", "ravsock", "token", "list"],
    r"ravsock token revoke": ["-m", "ravsock", "token", "revoke"],
    r"reset\.py": ["reset.py"],
    r"ravpy participate": ["-m", "ravpy", "participate"],
    r"ravpy federate": ["-m", "ravpy", "federate"],
    r"ravpy list": ["-m", "ravpy", "list"],
    r"ravpy key": ["-m", "ravpy", "key"],
    r"docs/generate\.py": ["docs/generate.py"],
    r"benchmarks/run\.py": ["benchmarks/run.py"],
    r"setup\.sh": [],
}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@dataclass(frozen=True)
class Snippet:
    """A block that is run, and what the page shows of its output."""

    kind: str
    place: str
    code: str
    shown: str

    def check(self, got: str) -> None:
        """Assert that this is what the page shows."""
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        example, checker = doctest.Example(self.code, self.shown), doctest.OutputChecker()
        assert checker.check_output(self.shown, got, flags), (
            f"{self.place}:\n{checker.output_difference(example, got, flags)}"
        )


def snippets(text: str, page: str = "page") -> Iterator[Snippet]:
    """Every python block, and the sh blocks that have output right under them."""
    for block in FENCE.finditer(text):
        below = OUTPUT_BELOW.match(text, block.end())
        if block[1] == "python" or (block[1] == "sh" and below):
            shown = below[1] if below else "".join(f"{line}\n" for line in SHOWN.findall(block[2]))
            line = text.count("\n", 0, block.start()) + 1
            yield Snippet(block[1], f"{page}, line {line}", block[2], shown)


def run(code: str, names: dict[str, Any]) -> str:
    """What a snippet prints, its traceback included."""
    linecache.cache["script.py"] = (len(code), None, code.splitlines(keepends=True), "script.py")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(compile(code, "script.py", "exec"), names)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared with what the page shows
            traceback.print_exception(error.with_traceback(error.__traceback__.tb_next), file=out)  # type: ignore[union-attr]
    return out.getvalue()


def in_shell(command: str, url: str) -> str:
    """What a command of a page prints, asked of the server under test."""
    match command.split():
        case ["curl", "-s", address]:
            with urllib.request.urlopen(address.replace(DEFAULT_URL, url), timeout=10) as response:
                return f"{response.read().decode()}\n"
        case [".venv/bin/ravpy", *args]:
            return subprocess.run(
                [sys.executable, "-m", "ravpy", *args], env=clean_environment(RAVSOCK_URL=url),
                cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
            ).stdout  # fmt: skip
    raise AssertionError(f"this test cannot run {command!r}")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The names of a fresh session that computes in this process."""
    monkeypatch.setattr(engine, "_engine", None)
    monkeypatch.setattr(graph, "_graphs", [])
    token = graph._current.set(None)
    R.initialize(url="local:")
    yield {"__name__": "__main__"}
    graph._current.reset(token)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server and the contributor `kitchen`, real processes."""
    with contextlib.ExitStack() as stack:
        server = Server(tmp_path)
        stack.callback(server.clear_away)
        server.ready()
        stack.callback(Contributor(server.url, "kitchen", tmp_path).clear_away)
        until(server.present, "the contributor is at the server")
        yield server


@pytest.mark.parametrize("page", SESSIONS, ids=page_id)
def test_the_snippets_of_a_page_give_what_it_shows(page: Path, session: dict[str, Any]) -> None:
    found = [snippet for snippet in snippets(page.read_text(), page.name) if snippet.kind == "python"]
    assert found
    for snippet in found:
        snippet.check(run(snippet.code, session))


def test_the_walkthrough_holds_with_a_server_and_a_contributor(
    session: dict[str, Any], server: Server
) -> None:
    R.initialize(url=server.url)
    client = engine.current_engine()
    for snippet in snippets(WALKTHROUGH.read_text(), WALKTHROUGH.name):
        if snippet.kind == "python":
            snippet.check(run(snippet.code, session))
        else:
            snippet.check(in_shell(snippet.code, server.url))
    client.close()


def test_a_wrong_output_and_an_unshown_error_are_noticed(session: dict[str, Any]) -> None:
    (wrong,) = snippets("text\n\n```python\nprint(1)  # -> 2\n```\n")
    (raising,) = snippets("```python\n1 / 0\n```\n")
    for snippet, difference in (wrong, "page, line 3"), (raising, "ZeroDivisionError"):
        with pytest.raises(AssertionError, match=difference):
            snippet.check(run(snippet.code, session))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_and_paths_lead_to_something(page: Path) -> None:
    text = page.read_text()
    for target, anchor in LINK.findall(text):
        there = page.parent / target if target else page
        assert "://" in target or there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"
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


def test_the_row_shown_in_contributing_stands_in_the_table() -> None:
    page = (ROOT / "docs/contributing.md").read_text()
    module, row = re.findall(r"in `(ravspec/ops/\w+\.py)`:\n\n    (.*)\n", page)[0]
    assert row in (ROOT / module).read_text()
