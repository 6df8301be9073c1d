"""ravop: NumPy-like graphs, computed by the contributors of an RDF server.

import ravop as R
a = R.t([1, 2, 3]); b = R.t([5, 22, 7])
c = a + b
print(c())            # [ 6 24 10]
"""

import atexit as _atexit

from ravop import functions as _functions
from ravop.answers import op
from ravop.constants import epsilon, inf, minus_one, one, pi
from ravop.engine import initialize
from ravop.federated import FederatedGraph
from ravop.functions import *  # noqa: F403
from ravop.graph import Graph, fetch, submit_all, t
from ravop.persisted import fetch_persisting_op
from ravop.statistics import (
    federated_correlation,
    federated_count,
    federated_covariance,
    federated_histogram,
    federated_linear_regression,
    federated_maximum,
    federated_mean,
    federated_minimum,
    federated_missing,
    federated_quantile,
    federated_standard_deviation,
    federated_sum,
    federated_variance,
)
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
    "Graph", "FederatedGraph",
    # statistics of federated graphs
    "federated_count", "federated_missing", "federated_sum", "federated_mean", "federated_variance",
    "federated_standard_deviation", "federated_covariance", "federated_correlation",
    "federated_linear_regression", "federated_histogram", "federated_quantile", "federated_minimum",
    "federated_maximum", "op",
    # constants
    "epsilon", "one", "minus_one", "inf", "pi",
    # errors
    "RavError", "OpError", "UnknownOp", "ShapeError", "DTypeError", "BadIndex", "ParamError", "GraphError",
    "ComputeError", "Timeout", "ServerUnreachable", "ProtocolError", "TransferError", "AccessError",
    "TokenError", "LimitError", "ConfigError",
    # ops, from the table
    *_functions.__all__,
]  # fmt: skip
