"""The pure modules of ravjs in Node, and what they share with the op table."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ravsock.assets import RAVJS
from ravspec.ops import CHAPTERS

HERE = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_the_modules_do_as_their_tests_say(node: str, path: Path) -> None:
    done = subprocess.run([node, "--test", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"# pass (\d+)", done.stdout)[1]) > 0  # type: ignore[index]


def test_every_chapter_of_the_op_table_has_words_for_visitors() -> None:
    words = (RAVJS / "src/words.js").read_text()
    for title in CHAPTERS:
        assert f'"{title}":' in words or f"  {title}:" in words, f"no words for {title}"


def test_modules_are_short() -> None:
    """The taste of tests/test_size.py, for JavaScript and its styles."""
    for path in [*RAVJS.glob("src/*.js"), *RAVJS.glob("*.*s"), *RAVJS.glob("*.html"), *HERE.glob("*.mjs")]:
        assert path.read_text().count("\n") <= 300, path
