"""What RDF's documents compute, and show as the result: python documented.py, with RAVSOCK_URL set.

Where a document shows something else than the op gives, "corrected" has what is right; docs/ops.md lists why.
"""

from __future__ import annotations

import sys

import numpy as np

import ravop.core as R

PAIR, OTHER = [[1, 2], [3, 6]], [[3, 4], [5, 4]]

#: (op, operands, params, the documented result)
DOCUMENTED = [
    ("add", ([1, 2, 3], [3, 4, 5]), {}, [4, 6, 8]),
    ("mul", ([2, 2], [1, 2]), {}, [2, 4]),
    ("sub", ([1, 2, 3], [1, 1, 1]), {}, [0, 1, 2]),
    ("neg", ([1, -2, -3],), {}, [-1, 2, 3]),
    ("exp", ([1, 2, 3],), {}, [2.7182817459106445, 7.389056205749512, 20.08553695678711]),
    ("natlog", ([1, 2, 3],), {}, [0, 0.6931471824645996, 1.0986123085021973]),
    ("pow", ([1, 2, 3], [1, 2, 3]), {}, [1, 4, 27]),
    ("square", ([1, 2, 3],), {}, [1, 4, 9]),
    ("cube", ([1, 2, 3],), {}, [1, 8, 27]),
    ("square_root", ([16, 4, 9],), {}, [4, 2, 3]),
    ("abs", ([1, -2, -3],), {}, [1, 2, 3]),
    ("greater", ([1, 2, 3], [3, 1, 3]), {}, [0, 1, 0]),
    ("greater_equal", ([1, 2, 3], [3, 1, 3]), {}, [0, 1, 1]),
    ("less", ([1, 2, 3], [3, 1, 3]), {}, [1, 0, 0]),
    ("equal", ([1, 2, 3], [3, 2, 3]), {}, [0, 1, 1]),
    ("not_equal", ([1, 2, 3], [2, 2, 2]), {}, [1, 0, 1]),
    ("logical_and", ([True, True, False, False], [True, False, True, False]), {}, [1, 0, 0, 0]),
    ("logical_not", ([True, True, False],), {}, [False, False, True]),
    ("mode", ([1, 1, 1, 2, 3, 4],), {"axis": 0}, 1),
    ("median", ([1, 1, 1, 2, 3, 4],), {"axis": 0}, 1.5),
    ("std", ([1, 1, 1, 2, 3, 4],), {"axis": 0}, 1.1547005383792515),
    ("where", ([1, 2, 3], [-6, -7, -8]), {"condition": [True, True, False]}, [1, 2, -8]),
    ("foreach", ([[1, 2, 3], [4, 5, 6], [6, 7, 8]],), {"operation": "sum"}, [6, 15, 21]),
    ("one_hot_encoding", ([1, 3, 2],), {"depth": 4}, [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
    ("matmul", (PAIR, OTHER), {}, [[13, 12], [39, 36]]),
    ("multiply", (PAIR, OTHER), {}, [[3, 8], [15, 24]]),
    ("dot", (PAIR, OTHER), {}, [[13, 12], [39, 36]]),
    ("transpose", ([[1, 2], [3, 4]],), {}, [[1, 3], [2, 4]]),
    ("sum", ([[1, 2], [3, 4]],), {"axis": 1}, [3, 7]),
    ("reshape", ([[1, 2], [3, 4]],), {"shape": [4]}, [1, 2, 3, 4]),
    ("concat", ([[1, 2], [3, 4]], [[6, 5], [7, 8]]), {"axis": 1}, [[1, 2, 6, 5], [3, 4, 7, 8]]),
    ("min", ([1, 2, 3, 4, 5],), {}, 1),
    ("max", ([1, 2, 3, 4, 5],), {}, 5),
    ("unique", ([1, 1, 1, 2, 2, 3, 4, 4, 4],), {}, [1, 2, 3, 4]),
    ("argmax", ([[1, 2, 3], [2, 1, 1]],), {"axis": 1}, [2, 0]),
    ("expand_dims", ([1, 2, 3],), {}, [[1, 2, 3]]),
    ("inv", ([[1, 2], [3, 4]],), {}, [[-2, 1], [1.5, -0.5]]),
    ("gather", ([1, 2, 3, 4, 5, 6], [1, 3]), {}, [2, 4]),
    ("reverse", ([1, 2, 3],), {}, [3, 2, 1]),
    ("slice", ([1, 2, 3, 4, 5, 6],), {"begin": 2, "size": 2}, [3, 4]),
]

#: the same, where the document is mistaken: (op, operands, params, documented, corrected)
CORRECTED = [
    ("cube_root", ([27, 64, 729],), {}, None, [3, 4, 9]),
    ("less_equal", ([1, 2, 3], [3, 4, 3]), {}, [1, 0, 1], [1, 1, 1]),
    ("mean", ([[1, 2], [2, 4], [3, 5]],), {"axis": 0}, [[2, 3.66666675]], [2, 11 / 3]),
    ("mean", ([[1, 2], [2, 4], [3, 5]],), {"axis": 1}, [[1.5], [3.0], [4.0]], [1.5, 3, 4]),
    ("variance", ([1, 1, 1, 2, 3, 4],), {"axis": 0}, 1.6, 4 / 3),
    ("percentile", ([1, 2, 3, 4, 5, 6],), {"value": 1}, 0.3333333334, 1.05),
    ("sort", ([[7, 2, 1, 4]],), {}, [1, 2, 4, 7], [[1, 2, 4, 7]]),
    ("argmin", ([[1, 2, 3], [2, 1, 1]],), {"axis": 1}, [2, 0], [0, 1]),
    ("logical_xor", ([True, True, False, False], [True, False, True, False]), {}, [], [0, 1, 1, 0]),
]


def main() -> None:
    """Compute them all, and say how many there are."""
    R.Graph(name="documented", approach="distributed")
    rows = [*DOCUMENTED, *((op, operands, params, right) for op, operands, params, _, right in CORRECTED)]
    made = [getattr(R, op)(*map(R.Tensor, operands), **params) for op, operands, params, _ in rows]
    for (op, *_, want), got in zip(rows, made, strict=True):
        # the documents show float32, of seven digits
        np.testing.assert_allclose(got.output, want, rtol=1e-6, atol=1e-6, err_msg=op)
        assert got.output.shape == np.shape(want), op
    found = R.find_indices(R.Tensor([1, 2, 2, 3, 6, 6, 6, 7]), R.Tensor([1, 6]))
    assert [one.output.tolist() for one in found] == [[0], [4, 5, 6]]
    assert R.shape(R.Tensor([[1, 2, 3], [4, 5, 6]])) == (2, 3)
    drawn = R.random(R.Tensor([1, 2, 3, 4, 5, 6]), size=3).output.tolist()
    assert len(set(drawn)) == 3 and set(drawn) <= {1, 2, 3, 4, 5, 6}
    sys.stdout.write(f"{len(rows)} as documented or corrected\n")


if __name__ == "__main__":
    main()
