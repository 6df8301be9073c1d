"""The op table, a row an op, a module a chapter."""

from ravspec.ops.op import Numeric, Op
from ravspec.ops.table import ALIASES, CHAPTERS, OPS, find_op

__all__ = ["ALIASES", "CHAPTERS", "OPS", "Numeric", "Op", "find_op"]
