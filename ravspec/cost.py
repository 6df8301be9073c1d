"""What an op costs a contributor of speed 1: the seconds that the scheduler plans with.

Speed 1 is one core of a laptop: a billion elementwise operations a second, 30 billion flops in BLAS,
8 GB/s of memory traffic, and 2 us for the interpreter to make a call. Contributors measure themselves
against these on joining (ravspec.battery), and the scheduler corrects the figure as results come.
"""

from __future__ import annotations

from ravspec.ops.op import Numeric, Op
from ravspec.shapes import Params, Types

CALL_S = 2e-6
ELEMENTWISE_FLOPS = 1e9
BLAS_FLOPS = 30e9
MEMORY_BPS = 8e9


def predicted_s(row: Op, ins: Types, outs: Types, params: Params) -> float:
    """Seconds for one op on a contributor of speed 1."""
    # rows whose outputs agree within a tolerance only are those that run in BLAS or LAPACK
    rate = BLAS_FLOPS if row.numeric is Numeric.TOLERANCE else ELEMENTWISE_FLOPS
    moved = sum(t.size_bytes for t in ins) + sum(t.size_bytes for t in outs)
    return CALL_S + row.flops(ins, outs, params) / rate + moved / MEMORY_BPS
