"""scikit-learn on ravop: the estimators that take array API input, each beside itself on NumPy.

    python examples/scikit_learn/estimators.py

Prints, for each, how often fitting and predicting waited for the server, and whether the results are
NumPy's. Set RAVSOCK_URL=local: to try it without a server.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # SciPy reads it when it is imported

import numpy as np
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifierCV, RidgeCV
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
)

import ravop as R

Estimator = Any

RNG = np.random.default_rng(7)
X = RNG.normal(size=(60, 5))
TARGETS: dict[str, Any] = {
    "nothing": None,
    "number": X @ RNG.normal(size=5) + 0.1 * RNG.normal(size=60),
    "class": (X[:, 0] + X[:, 1] > 0).astype(np.int64),
    "count": RNG.poisson(2.0, 60).astype(np.float64),
}

#: name -> (how to make it, what it learns, the method whose result is compared)
ESTIMATORS: dict[str, tuple[Callable[[], Estimator], str, str]] = {
    "PCA": (lambda: PCA(2), "nothing", "transform"),
    "PCA, randomized": (
        lambda: PCA(2, svd_solver="randomized", power_iteration_normalizer="QR", random_state=0),
        "nothing", "transform",
    ),
    "StandardScaler": (StandardScaler, "nothing", "transform"),
    "MinMaxScaler": (MinMaxScaler, "nothing", "transform"),
    "MaxAbsScaler": (MaxAbsScaler, "nothing", "transform"),
    "Normalizer": (Normalizer, "nothing", "transform"),
    "Binarizer": (Binarizer, "nothing", "transform"),
    "PolynomialFeatures": (lambda: PolynomialFeatures(2), "nothing", "transform"),
    "KernelCenterer": (KernelCenterer, "nothing", "transform"),
    "Nystroem": (lambda: Nystroem(n_components=20, random_state=0), "nothing", "transform"),
    "GaussianMixture": (
        lambda: GaussianMixture(2, init_params="random", random_state=0), "nothing", "predict",
    ),
    "Ridge": (lambda: Ridge(solver="svd"), "number", "predict"),
    "RidgeCV": (RidgeCV, "number", "predict"),
    "PoissonRegressor": (PoissonRegressor, "count", "predict"),
    "RidgeClassifierCV": (RidgeClassifierCV, "class", "predict"),
    "LogisticRegression": (LogisticRegression, "class", "predict"),
    "LinearDiscriminantAnalysis": (LinearDiscriminantAnalysis, "class", "predict"),
    "GaussianNB": (GaussianNB, "class", "predict"),
    "scaler, PCA and Ridge": (
        lambda: make_pipeline(StandardScaler(), PCA(3), Ridge(solver="svd")), "number", "predict",
    ),
}  # fmt: skip


def compare(name: str) -> tuple[int, int, bool]:
    """(waits for fit, waits for the method, whether the result is NumPy's)."""
    make, target, method = ESTIMATORS[name]
    x = X @ X.T if name == "KernelCenterer" else X
    y = TARGETS[target]
    want = getattr(make().fit(x, y), method)(x)
    given, learned = R.asarray(x), None if y is None else R.asarray(y)
    with config_context(array_api_dispatch=True):
        before = given.graph.waits
        fitted = make().fit(given, learned)
        between = given.graph.waits
        got = getattr(fitted, method)(given)
        after = given.graph.waits
    return between - before, after - between, bool(np.allclose(np.asarray(got), want))


def main() -> int:
    """Print the table; 1 if some result differs."""
    print(f"{'estimator':28}{'fit':>5}{'then':>6}  result")
    equal = True
    for name in ESTIMATORS:
        fit, then, same = compare(name)
        equal &= same
        print(f"{name:28}{fit:5}{then:6}  {'equal to NumPy' if same else 'DIFFERENT'}", flush=True)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
