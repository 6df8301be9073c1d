"""Linear regression of the diabetes data (442 patients, 10 measurements), three ways, by contributors.

    python examples/linear_regression/fit.py [--plot FILE] [--fits N] [--resamples N]

1. closed form: the normal equations
2. gradient descent, in RDF's style: the parameters travel back and forth as tensors
3. 200 bootstrap fits, for 95 % intervals of the coefficients. How sure each of these fits is, 100
   resamples of its own sample tell (a "bootstrap-t" interval): 20,200 small fits, for many hands.

Everything is compared with NumPy's own answer. The server is RAVSOCK_URL, or one on this machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plot import save_plot
from sklearn.datasets import load_diabetes

import ravop as R

#: the largest difference from NumPy's coefficients that counts as equal
TOLERANCE = 1e-9
STEPS, RATE, STEPS_A_TRIP = 60, 0.4, 10

Array = NDArray[np.float64]


def design(data: Array) -> Array:
    """The measurements at mean 0 and variance 1, behind a column of ones; shape (n, 1 + measurements)."""
    scaled = (data - data.mean(axis=0)) / data.std(axis=0)
    return np.column_stack([np.ones(len(scaled)), scaled])


def closed_form(X: R.Tensor, y: R.Tensor) -> R.Tensor:
    """theta of X'X theta = X'y."""
    return R.solve(X.T.dot(X), X.T.dot(y))


def numpy_closed_form(x: Array, y: Array) -> Array:
    """The same in NumPy."""
    return np.linalg.solve(x.T @ x, x.T @ y)


def gradient_descent(x: Array, target: Array) -> Array:
    """Theta after so many steps; every few steps it is fetched and sent again, as RDF's script did."""
    with R.Graph(name="gradient descent", algorithm="linear_regression"):
        X, y = R.t(x), R.t(target)
        rate = RATE / len(x)
        theta = R.t(np.zeros(x.shape[1]))
        for step in range(1, STEPS + 1):
            residuals = X.dot(theta).sub(y)
            theta = theta.sub(X.T.dot(residuals).mul(rate))
            if step % STEPS_A_TRIP == 0:
                theta = R.t(theta())
        return theta()


def numpy_descent(x: Array, y: Array) -> Array:
    """The same steps in NumPy."""
    theta = np.zeros(x.shape[1])
    for _ in range(STEPS):
        theta = theta - RATE / len(x) * (x.T @ (x @ theta - y))
    return theta


def bootstrap(x: Array, target: Array, fits: int, resamples: int) -> tuple[Array, Array]:
    """Coefficients of fits to resampled patients, and their standard errors; (fits, 1 + measurements) each.

    The patients are drawn by an op too, from a seed, so that no index ever travels.
    """
    n = len(x)
    with R.Graph(name="bootstrap", algorithm="linear_regression"):
        X, y = R.t(x), R.t(target)
        thetas, errors = [], []
        for fit in range(fits):
            rows = R.random_integers(n, size=n, seed=fit)
            thetas.append(closed_form(X[rows], y[rows]))
            again = []
            for k in range(resamples):
                inner = rows[R.random_integers(n, size=n, seed=fits + fit * resamples + k)]
                again.append(closed_form(X[inner], y[inner]))
            errors.append(R.stack(again).std(axis=0))
        return tuple(R.fetch(R.stack(thetas), R.stack(errors)))


def numpy_bootstrap(x: Array, y: Array, fits: int) -> Array:
    """The coefficients of the same fits in NumPy."""
    drawn = [np.random.default_rng(fit).integers(len(x), size=len(x)) for fit in range(fits)]
    return np.array([numpy_closed_form(x[rows], y[rows]) for rows in drawn])


def intervals(theta: Array, thetas: Array, errors: Array) -> tuple[Array, Array]:
    """Lower and upper ends of the bootstrap-t intervals of 95 %."""
    upper, lower = np.percentile((thetas - theta) / errors, [97.5, 2.5], axis=0)
    spread = thetas.std(axis=0)
    return theta - upper * spread, theta - lower * spread


def report(names: list[str], theta: Array, reference: Array, low: Array, high: Array) -> None:
    """The coefficients beside NumPy's, with their intervals."""
    print(f"\n{'coefficient':>12} {'RDF':>10} {'NumPy':>10} {'95 % interval':>20}")
    for row in zip(names, theta, reference, low, high, strict=True):
        print("{:>12} {:>10.4f} {:>10.4f}   [{:>8.2f}, {:>8.2f}]".format(*row))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--plot", type=Path, default=Path("linear_regression.png"), help="where the plot goes"
    )
    parser.add_argument("--fits", type=int, default=200, help="bootstrap fits (default 200)")
    parser.add_argument("--resamples", type=int, default=100, help="resamples of each of them (default 100)")
    return parser.parse_args()


def main() -> int:
    """Exit code 1 if the coefficients are not NumPy's."""
    args = arguments()
    diabetes = load_diabetes(scaled=False)
    x, y = design(diabetes.data), diabetes.target
    print(f"diabetes data: {x.shape[0]} patients, {x.shape[1] - 1} measurements", flush=True)

    with R.Graph(name="closed form", algorithm="linear_regression"):
        theta = closed_form(R.t(x), R.t(y))()
    reference = numpy_closed_form(x, y)
    descended = gradient_descent(x, y)
    print(f"{args.fits} bootstrap fits with {args.resamples} resamples each ...", flush=True)
    thetas, errors = bootstrap(x, y, args.fits, args.resamples)
    low, high = intervals(theta, thetas, errors)

    report(["intercept", *diabetes.feature_names], theta, reference, low, high)
    differences = {
        "closed form": np.abs(theta - reference).max(),
        f"{STEPS} steps of gradient descent": np.abs(descended - numpy_descent(x, y)).max(),
        f"{args.fits} bootstrap fits": np.abs(thetas - numpy_bootstrap(x, y, args.fits)).max(),
    }
    print("\nlargest difference from NumPy")
    for what, difference in differences.items():
        print(f"  {difference:.1e}  {what}")
    save_plot(args.plot, diabetes.feature_names, theta[1:], low[1:], high[1:], args.fits)
    print(f"plot: {args.plot.resolve()}")
    if not max(differences.values()) <= TOLERANCE:  # so that NaN fails too
        print(f"these are not NumPy's coefficients: more than {TOLERANCE} apart", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
