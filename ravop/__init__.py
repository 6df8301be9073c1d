"""ravop: NumPy-like graphs, computed by the contributors of an RDF server.

import ravop as R
a = R.t([1, 2, 3]); b = R.t([5, 22, 7])
c = a + b
print(c())            # [ 6 24 10]
"""

import atexit as _atexit
from typing import TYPE_CHECKING as _TYPE_CHECKING

from ravop import composed as _composed
from ravop import fft, linalg, stats
from ravop import functions as _functions
from ravop import further as _further
from ravop import slopes as _slopes
from ravop.arriving import as_completed, fetch_async
from ravop.composed import *  # noqa: F403
from ravop.constants import e, epsilon, inf, minus_one, nan, newaxis, one, pi
from ravop.custom import op
from ravop.drawing import visualize
from ravop.dtypes import (
    __array_namespace_info__,
    bool,
    can_cast,
    complex64,
    complex128,
    finfo,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    result_type,
    uint8,
    uint16,
    uint32,
    uint64,
)
from ravop.engine import initialize
from ravop.federated import FederatedGraph
from ravop.functions import *  # noqa: F403
from ravop.further import *  # noqa: F403
from ravop.graph import Graph
from ravop.missing import attributes_of as _attributes_of
from ravop.persisted import fetch_persisting_op
from ravop.rdf import (
    average,
    cnn_add_at,
    cnn_index,
    cnn_index_2,
    create_op,
    find_indices,
    foreach,
    join_to_list,
    one_hot_encoding,
    random,
    ravint,
    shape,
    size,
    slice,
)
from ravop.requester import activate, execute, flush, get_my_graphs, track_progress
from ravop.script import fetch, submit_all, t
from ravop.settings import SETTINGS as globals
from ravop.slopes import *  # noqa: F403
from ravop.standard import (
    asarray,
    broadcast_arrays,
    broadcast_shapes,
    cumulative_prod,
    cumulative_sum,
    diff,
    empty,
    empty_like,
    from_dlpack,
    meshgrid,
    permute_dims,
    unstack,
)
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
    AxisError,
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

#: the version of the array API standard that this namespace follows
__array_api_version__ = "2025.12"

_atexit.register(submit_all)

__all__ = [
    # session
    "initialize", "globals",
    "flush", "activate", "execute", "track_progress", "get_my_graphs",
    # values
    "t", "Tensor", "Scalar", "fetch", "fetch_async", "as_completed", "visualize",
    "fetch_persisting_op",
    # graphs
    "Graph", "FederatedGraph",
    # statistics of federated graphs
    "federated_count", "federated_missing", "federated_sum", "federated_mean", "federated_variance",
    "federated_standard_deviation", "federated_covariance", "federated_correlation",
    "federated_linear_regression", "federated_histogram", "federated_quantile", "federated_minimum",
    "federated_maximum", "op",
    # constants
    "e", "epsilon", "inf", "minus_one", "nan", "newaxis", "one", "pi",
    # dtypes, and what can be asked of them
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
    "complex64", "complex128", "can_cast", "finfo", "iinfo", "isdtype", "result_type",
    "__array_api_version__", "__array_namespace_info__",
    # the array API beside the table
    "asarray", "broadcast_arrays", "broadcast_shapes", "cumulative_prod", "cumulative_sum", "diff", "empty",
    "empty_like", "fft", "from_dlpack", "linalg", "meshgrid", "permute_dims", "unstack",
    # RDF's other functions
    "average", "cnn_add_at", "cnn_index", "cnn_index_2", "create_op", "find_indices", "foreach",
    "join_to_list", "one_hot_encoding", "random", "ravint", "shape", "size", "slice", "stats",
    # NumPy's other functions
    *_composed.__all__, *_slopes.__all__, *_further.__all__,
    # errors
    "RavError", "OpError", "UnknownOp", "ShapeError", "AxisError", "DTypeError", "BadIndex", "ParamError",
    "GraphError", "ComputeError", "Timeout", "ServerUnreachable", "ProtocolError", "TransferError",
    "AccessError", "TokenError", "LimitError", "ConfigError",
    # ops, from the table
    *_functions.__all__,
]  # fmt: skip

if not _TYPE_CHECKING:  # else the checker would take every name for granted
    __getattr__, __dir__ = _attributes_of(__name__)
