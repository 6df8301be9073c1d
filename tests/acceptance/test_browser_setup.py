"""Where everything must be tested, what browser tests lack is a failure and not a skip."""

from __future__ import annotations

from pathlib import Path

import pytest
from system.processes import ROOT, Running, python

ONE_TEST = "test_browser_page.py::test_without_a_runtime_the_page_says_what_is_missing"
WORDS = {"RAVJS_ASSETS": "assets.json is missing", "CHROMIUM": "no Chromium"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("lacks", "in_ci"), [("RAVJS_ASSETS", "true"), ("CHROMIUM", "true"), ("CHROMIUM", "")]
)
def test_a_runtime_or_browser_that_is_not_there_fails_in_ci_and_skips_elsewhere(
    tmp_path: Path, processes: list[Running], lacks: str, in_ci: str
) -> None:
    command = python("-m", "pytest", "-rfs", "-p", "no:cacheprovider", ROOT / "tests/acceptance" / ONE_TEST)
    environment = {"CI": in_ci, "PYTHONPATH": str(ROOT), lacks: str(tmp_path / "nothing")}
    one = Running("pytest", command, tmp_path, **environment)
    processes.append(one)
    assert one.wait() == (1 if in_ci else 0), one.tail()
    assert WORDS[lacks] in one.out()
    assert ("skipped" in one.out()) is not bool(in_ci)
