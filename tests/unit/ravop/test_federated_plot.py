"""The example's histogram: its bars beside NumPy's densities, and the picture that is saved."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def analyse() -> Any:
    """The developer's script of the example, as a module."""
    spec = importlib.util.spec_from_file_location("analyse", ROOT / "examples/federated/analyse.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def histogram(analyse: Any) -> dict[str, Any]:
    """What the graph gives, of values that are more often small."""
    values = 6 + 24 * np.random.default_rng(4).beta(2, 4, 500)
    counts, edges = np.histogram(values, analyse.EDGES)
    return {"edges": edges.tolist(), "counts": counts.tolist(), "values": values}


def test_bars_are_numpys_densities(analyse: Any, histogram: dict[str, Any]) -> None:
    left, heights, widths = analyse.bars(histogram)
    densities, edges = np.histogram(histogram["values"], analyse.EDGES, density=True)
    assert left == edges[:-1].tolist()
    assert widths == np.diff(edges).tolist()
    assert heights == pytest.approx(densities * sum(histogram["counts"]))
    assert np.multiply(heights, widths) == pytest.approx(histogram["counts"])


def test_the_picture_has_these_bars(
    analyse: Any, histogram: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Any] = []
    monkeypatch.setattr(analyse.plt, "close", figures.append)
    analyse.save_plot(tmp_path / "plot.png", histogram, 5)
    monkeypatch.undo()
    (figure,) = figures
    analyse.plt.close(figure)
    drawn = [(bar.get_x(), bar.get_height(), bar.get_width()) for bar in figure.axes[0].patches]
    assert drawn == list(zip(*analyse.bars(histogram), strict=True))
    assert "500 patients of 5 hospitals" in figure.axes[0].get_title()
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
