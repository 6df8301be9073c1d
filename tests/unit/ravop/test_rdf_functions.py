"""RDF's other functions and its statistics: RDF's names and params, NumPy's values."""

from __future__ import annotations

import numpy as np
import pytest

import ravop as R

X = np.array([[3.0, 1.0, 4.0], [1.0, 5.0, 9.0]])


def test_looking_for_values_and_at_shapes() -> None:
    x = R.t([2, 3, 4, 3])
    assert R.find_indices(x, 3)().tolist() == [1, 3]
    assert [found().tolist() for found in R.find_indices(x, R.t([2, 7]))] == [[0], []]
    assert R.shape(X) == (2, 3) and R.shape(R.t(X), index=1) == 3 and R.size(R.t(X)) == 6
    with pytest.raises(R.ParamError, match="vector"):
        R.find_indices(X, 3)


def test_cutting_and_joining() -> None:
    x = R.t(X)
    assert R.slice(R.t([1, 2, 3, 4]), begin=1, size=2)().tolist() == [2, 3]
    assert R.slice(x, [0, 1], [2, 2])().tolist() == X[:, 1:].tolist()
    assert R.slice(x, 1)().tolist() == X[1:].tolist()
    assert R.join_to_list(x, R.t(7))().tolist() == [*X.ravel().tolist(), 7]
    assert R.combine_to_list(R.t(1), R.t(2))().tolist() == [1, 2]
    assert R.ravint(R.t(-2.7))() == -2
    with pytest.raises(R.ParamError, match="begin has 1"):
        R.slice(x, 0, [1, 1])


def test_averages_and_counts() -> None:
    x = R.t(X)
    np.testing.assert_allclose(R.average(x, axis=0)(), np.average(X, axis=0))
    np.testing.assert_allclose(R.average(x, axis=1, weights=[1, 2, 3])(), np.average(X, 1, [1, 2, 3]))
    np.testing.assert_allclose(R.average(x, weights=X)(), np.average(X, weights=X))
    assert R.mode(R.t([[1, 2], [1, 3], [4, 3]]))().tolist() == [1, 3]
    assert R.bincount(R.t([0, 2, 2]), minlength=4)().tolist() == [1, 0, 2, 0]
    assert R.bincount(R.t([0, 2, 2]), weights=R.t([0.5, 1.0, 2.0]))().tolist() == [0.5, 0.0, 3.0]
    with pytest.raises(R.ParamError, match="weights of shape"):
        R.average(x, weights=[1, 2, 3])
    with pytest.raises(R.ComputeError, match="not negative"):
        R.bincount(R.t([-1]))()


def test_one_hot_foreach_and_drawing() -> None:
    assert R.one_hot_encoding(R.t([1, 0]), depth=3)().tolist() == [[0, 1, 0], [1, 0, 0]]
    assert R.foreach(R.t(X), operation="sum")().tolist() == [8, 15]
    assert R.foreach(R.t(X), operation="sort", axis=0)().tolist() == np.sort(X, 1).tolist()
    drawn = R.random(R.arange(10), size=4, seed=3)()
    assert len(set(drawn.tolist())) == 4 and R.random(R.t([5]))() == 5
    with pytest.raises(R.UnknownOp, match='did you mean "sort"'):
        R.foreach(R.t(X), operation="sorted")
    with pytest.raises(R.ParamError, match="11 of 10"):
        R.random(R.arange(10), size=11)


def test_indices_of_convolutions() -> None:
    images = np.arange(32.0).reshape(1, 2, 4, 4)
    channel, row, column = (
        np.array([[0], [1], [1]]),
        np.array([[0, 1], [2, 2], [2, 2]]),
        np.array([[3], [0], [0]]),
    )
    x = R.t(images)
    np.testing.assert_array_equal(R.cnn_index(x, channel, row, column)(), images[:, channel, row, column])
    np.testing.assert_array_equal(R.cnn_index_2(x, 1, 2, 1, 2)(), images[:, :, 1:3, 1:3])
    want = images.copy()
    np.add.at(want, (slice(None), channel, row, column), 1.0)
    np.testing.assert_array_equal(R.cnn_add_at(x, 1.0, channel, row, column)(), want)
    assert want[0, 1, 2, 0] == images[0, 1, 2, 0] + 4, "an element named four times counts four times"


def test_statistics() -> None:
    x, y = X[0], X[1]
    np.testing.assert_allclose(R.stats.z_score(X, axis=0)(), (X - X.mean(0)) / X.std(0))
    np.testing.assert_allclose(R.stats.standardize(X)(), (X - X.mean()) / X.std())
    np.testing.assert_allclose(R.stats.normalize(X)(), (X - 1) / 8)
    np.testing.assert_allclose(R.stats.pearson_correlation(x, y)(), np.corrcoef(x, y)[0, 1])
    with pytest.raises(R.ShapeError, match="two vectors"):
        R.stats.pearson_correlation(X, x)
