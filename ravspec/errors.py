"""Everything RDF raises on purpose, one small tree:

    RavError
     ├── OpError              a bad op, found while it is built: raised at the developer's own line
     │    ├── UnknownOp         (AttributeError)
     │    ├── ShapeError        (ValueError)
     │    │    └── AxisError      (IndexError too)
     │    ├── DTypeError        (TypeError)
     │    ├── BadIndex          (IndexError)
     │    └── ParamError        (ValueError)
     ├── GraphError           mixed graphs, an ended graph, a graph that does not exist
     ├── ComputeError         an op failed at a contributor
     ├── Timeout              (TimeoutError) the value is not there yet
     ├── ServerUnreachable    (ConnectionError)
     ├── ProtocolError        a malformed, oversized or foreign message
     ├── TransferError        an array did not arrive whole
     ├── AccessError          the token's role, or its owner, may not do that
     │    └── TokenError        no access token, or one that is not good (any more)
     ├── LimitError           a limit of the server is reached
     └── ConfigError          a setting that cannot be used

A message says what happened, with the value, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RavError(Exception):
    """Something in RDF went wrong."""


class OpError(RavError):
    """An op cannot be built from these operands."""


class UnknownOp(OpError, AttributeError):
    """No op of that name."""


class ShapeError(OpError, ValueError):
    """The operands' shapes do not fit the op."""


class AxisError(ShapeError, IndexError):
    """The array has no such axis."""


class DTypeError(OpError, TypeError):
    """The op is not defined for these dtypes."""


class BadIndex(OpError, IndexError):
    """The key does not fit the array it indexes."""


class ParamError(OpError, ValueError):
    """A parameter has a value that the op does not take."""


class GraphError(RavError):
    """The graph cannot do that in its present state."""


class ComputeError(RavError):
    """An op failed where it was computed."""


class Timeout(RavError, TimeoutError):
    """The value did not come in time; the graph goes on at the server."""


class ServerUnreachable(RavError, ConnectionError):
    """The server does not answer."""


class ProtocolError(RavError, ValueError):
    """A message that this version cannot read."""


class TransferError(RavError, OSError):
    """An array did not arrive whole."""


class AccessError(RavError):
    """The server does not let whoever asks do that."""


class TokenError(AccessError):
    """No access token, or one that is not good (any more)."""


class LimitError(RavError):
    """More than the server takes: too large, too many, or too often."""


class ConfigError(RavError, ValueError):
    """A setting has a value that cannot be used."""


#: how alike names must be, from 0 to 1: at the usual 0.6 "sigmoid" is near "divmod", and "softmax" near "max"
NEAR = 0.65


def nearest(name: str, known: Iterable[str]) -> str:
    """'; did you mean "x"?', or nothing where no known name is close."""
    public = [word for word in known if name.startswith("_") or not word.startswith("_")]
    close = difflib.get_close_matches(name, public, n=1, cutoff=NEAR)
    return f'; did you mean "{close[0]}"?' if close else ""
