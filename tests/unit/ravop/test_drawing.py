"""Graphs as pictures, by Graphviz where it is installed."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import ravop as R

graphviz = pytest.mark.skipif(
    shutil.which("dot") is None, reason='the program "dot" of Graphviz is not installed'
)


def texts(svg: str) -> list[str]:
    """The words of a picture, which has to be XML."""
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@R.op
def doubled(x: R.Tensor) -> R.Tensor:
    return x * 2


@graphviz
def test_a_tensor_is_drawn_with_what_it_is_made_of(tmp_path: Path) -> None:
    x = R.t(np.eye(2), name='"><script>\\ & co')
    y = doubled(x) + 1
    x @ x  # of no use to y
    drawing = R.visualize(y)
    words = texts(drawing.svg)
    assert {"1 multiply", "2 add", "float64[2, 2]", "doubled", '"><script>\\ & co'} <= set(words)
    assert "3 matmul" not in words and drawing.left_out == 0
    assert "3 matmul" in texts(R.visualize(x.graph).svg)
    drawing.save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text() == drawing._repr_svg_()


@graphviz
def test_of_a_large_graph_the_nearest_ops_are_drawn_and_the_picture_says_so() -> None:
    x = R.t(1.0)
    for _ in range(10_000):
        x = x + 1
    drawing = R.visualize(x)
    words = texts(drawing.svg)
    assert "10000 add" in words and "9000 add" not in words and "not drawn" in words
    assert drawing.left_out == 10_001 - 200
    assert len(texts(R.visualize(x.graph, most=20).svg)) < 70


def test_without_graphviz_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(R.ConfigError, match="apt-get install graphviz"):
        R.visualize(R.t(1))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(R.DTypeError, match="draws a tensor or a graph, not int"):
        R.visualize(3)
    with pytest.raises(R.ParamError, match="from 1 to 2000 ops, not 10000"):
        R.visualize(R.t(1), most=10_000)
