"""Libraries written for the array API compute with contributors what they compute with NumPy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from system.processes import Script, Server, until

pytestmark = pytest.mark.lasting

HEAD = """
    import os
    os.environ["SCIPY_ARRAY_API"] = "1"
    import numpy as np
    import ravop as R

    X = np.array([[3.0, 1.0, 4.0, 1.5], [5.0, 9.0, 2.0, 6.0], [5.5, 3.0, 5.0, 8.0]])
    x = R.asarray(X)

    def same(got, want):
        assert isinstance(got, R.Tensor), type(got)
        np.testing.assert_allclose(got(), want, rtol=1e-12)
"""

LIBRARIES = {
    "einops": """
        import einops
        import ravop.einops
        same(einops.rearrange(x, "a (b c) -> c a b", c=2), einops.rearrange(X, "a (b c) -> c a b", c=2))
        same(einops.reduce(x, "a b -> b", "max"), X.max(0))
        same(einops.einsum(x, x, "a b, c b -> a c"), X @ X.T)
        waits = 3
    """,
    "opt_einsum": """
        import opt_einsum
        same(opt_einsum.contract("ab,cb,cd->ad", x, x, x), X @ X.T @ X)
        waits = 1
    """,
    "array_api_extra": """
        import array_api_extra as xpx
        same(xpx.cov(x), np.cov(X))
        same(xpx.kron(x, x), np.kron(X, X))
        same(xpx.one_hot(R.asarray([0, 2]), 3), [[1, 0, 0], [0, 0, 1]])
        same(xpx.apply_where(x > 3, x, lambda v: v * 2, fill_value=0.0), np.where(X > 3, 2 * X, 0))
        waits = 8
    """,
    "xarray": """
        import xarray
        table = xarray.DataArray(x, dims=("a", "b"))
        same((table + 1).isel(a=0).data, X[0] + 1)
        same(table.where(table > 3, 0.0).data, np.where(X > 3, X, 0))
        same(table.mean("a").data, X.mean(0))
        waits = 3
    """,
    "scipy": """
        import scipy.special, scipy.fft, scipy.integrate
        same(scipy.special.logsumexp(x, axis=1), np.log(np.exp(X).sum(1)))
        same(scipy.special.softmax(x, axis=1), np.exp(X) / np.exp(X).sum(1, keepdims=True))
        same(abs(scipy.fft.rfft(x)), abs(np.fft.rfft(X)))
        same(scipy.integrate.trapezoid(x), np.trapezoid(X))
        waits = 8
    """,
}
TAIL = """
    print("as NumPy", x.graph.waits <= waits or x.graph.waits)
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_it_computes_with_contributors_what_it_computes_with_numpy(
    server: Server, script: Callable[..., Script], library: str
) -> None:
    def computed() -> int:
        return server.computed_ops("ann") + server.computed_ops("bob")

    before = computed()
    text = HEAD + LIBRARIES[library].replace("\n        ", "\n    ") + TAIL
    assert script(text).output() == "as NumPy True\n"
    until(lambda: computed() > before, "contributors computed it")
