"""The benchmark of browsers without a browser: its command line, its arithmetic, what it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import browser
import numpy as np
import pytest
import visitors
from peers import Numpy

SCRIPT = Path(browser.__file__)


@pytest.fixture
def tabs() -> list[visitors.Sample]:
    return [{"first_s": 6.0, "later_s": 5.0, "adds": 40_000.0}, {"first_s": 5.5, "later_s": 5.2, "adds": 6e4}]


def test_help_says_what_is_measured_and_what_it_needs() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--help"], capture_output=True, text=True, check=True)
    for words in ("one BLAS thread", "64 MB", "chain of 20,000", "Chromium, Node", "Exit code"):
        assert words in done.stdout


def test_no_rounds_are_wrong_usage() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--rounds", "0"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "at least 1" in done.stderr


def test_the_best_is_the_least_time_and_the_greatest_rate(tabs: list[visitors.Sample]) -> None:
    assert browser.best(tabs) == {"first_s": 5.5, "later_s": 5.0, "adds": 6e4}


def test_every_figure_that_is_measured_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "best_s", lambda *args: 1.0)
    shown = {figure.id for figure in browser.FIGURES}
    assert set(visitors.rates(None)) | {"first_s", "later_s", "first_bytes", "later_bytes"} == shown  # type: ignore[arg-type]


def test_the_table_has_a_blank_where_a_side_has_no_figure(tabs: list[visitors.Sample]) -> None:
    head, _, first, later, *others = browser.lines({"a tab": tabs[0], "ravpy": {"later_s": 0.9}}).splitlines()
    assert head.split() == ["a", "tab", "ravpy"]
    assert first.endswith("first visit    6.00 s")
    assert later.split()[-4:] == ["5.00", "s", "0.90", "s"]
    assert any(line.split()[-2:] == ["40,000", "/s"] for line in others)


def test_rates_are_bytes_or_flops_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "best_s", lambda *args: 0.5)
    sample = visitors.rates(None)  # type: ignore[arg-type]
    assert sample["up"] == sample["down"] == 128e6
    assert sample["product_1024"] == 6 * 2 * 1024**3 / 0.5
    assert sample["adds"] == 40_000


def test_the_first_time_is_not_counted() -> None:
    seconds = iter([0.1, 3.0, 2.0, 4.0])
    assert visitors.best_s(lambda: next(seconds)) == 2.0


def test_a_chain_of_products_is_checked() -> None:
    class Wrong(Numpy):
        def matmul(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return a @ b * (1 + 1e-6)

    assert visitors.products(Numpy(), 32, 3) > 0  # type: ignore[arg-type]
    with pytest.raises(visitors.work.WrongValue, match="3 products of size 32"):
        visitors.products(Wrong(), 32, 3)  # type: ignore[arg-type]


def test_a_request_that_the_cache_answered_loaded_nothing() -> None:
    class Request:
        def __init__(self, body: int) -> None:
            self.sizes = lambda: {"responseHeadersSize": 538, "responseBodySize": body}

    assert visitors.loaded_bytes(Request(1000)) == 1538
    assert visitors.loaded_bytes(Request(-538)) == 0


def test_the_agreement_names_every_kind_also_where_there_is_none() -> None:
    assert browser.agreement({"equal": 3, "ulp": 1}) == (
        "4 rows of the op table, 3 equal bit by bit, 1 within 4 units in the last place, "
        "0 within the tolerance of their class, 0 outside"
    )
