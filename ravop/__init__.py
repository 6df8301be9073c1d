"""ravop: NumPy-like graphs, computed by the contributors of an RDF server.

import ravop as R
a = R.t([1, 2, 3]); b = R.t([5, 22, 7])
c = a + b
print(c())            # [ 6 24 10]
"""

import atexit as _atexit

from ravop import functions as _functions
from ravop.constants import epsilon, inf, minus_one, one, pi
from ravop.engine import initialize
from ravop.functions import *  # noqa: F403
from ravop.graph import Graph, fetch, submit_all, t
from ravop.persisted import fetch_persisting_op
from ravop.tensor import Scalar, Tensor
from ravspec.errors import (
    AccessError,
    BadIndex,
    ComputeError,
    ConfigError,
    DTypeError,
    GraphError,
    LimitError,
    OpError,
    ParamError,
    ProtocolError,
    RavError,
    ServerUnreachable,
    ShapeError,
    Timeout,
    TokenError,
    TransferError,
    UnknownOp,
)

_atexit.register(submit_all)

__all__ = [
    # session
    "initialize",
    # values
    "t", "Tensor", "Scalar", "fetch", "fetch_persisting_op",
    # graphs
    "Graph",
    # constants
    "epsilon", "one", "minus_one", "inf", "pi",
    # errors
    "RavError", "OpError", "UnknownOp", "ShapeError", "DTypeError", "BadIndex", "ParamError", "GraphError",
    "ComputeError", "Timeout", "ServerUnreachable", "ProtocolError", "TransferError", "AccessError",
    "TokenError", "LimitError", "ConfigError",
    # ops, from the table
    *_functions.__all__,
]  # fmt: skip
