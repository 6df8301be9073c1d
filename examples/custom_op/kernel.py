"""An op of one's own: a Gaussian kernel, put together of ops that contributors have.

    python examples/custom_op/kernel.py

Smooths noisy measurements by kernel regression and says how near that comes to the curve behind them. Set
RAVSOCK_URL=local: to try it without a server.
"""

from __future__ import annotations

import numpy as np

import ravop as R


@R.op
def gaussian_kernel(x: R.Tensor, y: R.Tensor, width: float) -> R.Tensor:
    """How near each point of x is to each of y, from 0 to 1: exp(-distance² / 2 width²), shape (n, m)."""
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :]
    return R.exp((squares - 2 * (x @ y.T)) / (-2 * width**2))


def main() -> None:
    rng = np.random.default_rng(11)
    places = np.sort(rng.uniform(0, 6, (80, 1)), axis=0)
    measured = np.sin(places[:, 0]) + rng.normal(0, 0.2, 80)

    with R.Graph(name="kernel regression") as g:
        x, y = R.t(places), R.t(measured)
        near = gaussian_kernel(x, x, 0.4)
        smooth = (near @ y) / near.sum(axis=1)
        error = R.sqrt(R.mean((smooth - R.sin(x[:, 0])) ** 2))
        print(f"noise 0.2, error of the smooth curve {float(error):.3f}")
    ops = g.get_ops_by_name("gaussian_kernel")
    print(f"gaussian_kernel is {len(ops)} of {g.get_op_stats()['total_ops']} ops:", end=" ")
    print(*dict.fromkeys(op["operator"] for op in ops))


if __name__ == "__main__":
    main()
