"""docs/ops.md and whatever else is generated from the op table is current, and stale files are named."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from ravspec.ops import OPS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def generate() -> Any:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_files_are_current(generate: Any) -> None:
    assert generate.stale() == []
    assert generate.main(["--check"]) == 0


def test_a_stale_or_missing_file_is_named_and_then_written(
    generate: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "FILES", [("one.md", lambda: "1"), ("two.md", lambda: "2")])
    (tmp_path / "one.md").write_text("1")
    assert generate.main(["--check"]) == 1
    message = capsys.readouterr().err
    assert "two.md" in message and "one.md" not in message
    assert not (tmp_path / "two.md").exists()
    assert generate.main([]) == 0
    assert (tmp_path / "two.md").read_text() == "2"
    assert generate.main(["--check"]) == 0


def test_every_op_is_on_the_page_once(generate: Any) -> None:
    table, _ = generate.ops_page().split(generate.COMPOSED)
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    assert [line.split("(")[0].removeprefix("| `").removeprefix("fft.") for line in lines] == list(OPS)
    assert {line.replace("\\|", "").count("|") for line in lines} == {6}


def test_functions_composed_of_ops_are_on_the_page(generate: Any) -> None:
    _, page = generate.ops_page().split(generate.COMPOSED)
    names = {line.split("(")[0].removeprefix("| `") for line in page.splitlines() if line.startswith("| `")}
    expected = {*generate.composed.__all__, *generate.slopes.__all__}
    expected |= {f"stats.{name}" for name in generate.stats.__all__}
    assert expected | {"find_indices", "one_hot_encoding", "foreach", "average"} <= names
