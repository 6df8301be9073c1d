"""A batch: new ops of one graph, as the developer's library submits them, in columns.

Kinds (op name and params), types, call sites and literals are numbered once a graph; a batch brings
those that are new, with the number of the first, so that a batch that comes twice changes nothing.
An operand is (op, output), or below zero a literal: -1 is literal 0, -2 literal 1, ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravspec.codec import Buffer, column, read_column
from ravspec.errors import ProtocolError

if TYPE_CHECKING:
    from ravspec.messages import Submit

#: columns of a batch, in the order of their buffers. arity, kind, site: one an op. operand, output:
#: one an operand. n_out: one an op, empty where all have one output. out_type: one an output.
COLUMNS = {
    "kind": "uint32",
    "site": "uint32",
    "arity": "uint16",
    "operand": "int32",
    "output": "uint16",
    "n_out": "uint16",
    "out_type": "uint32",
}


@dataclass(slots=True)
class Symbols:
    """What ops refer to by number. As a batch's, only what is new, from the numbers in `first` on."""

    kinds: list[Any] = field(default_factory=list)  #: [op name, params]
    types: list[Any] = field(default_factory=list)  #: [dtype, shape or null]
    sites: list[Any] = field(default_factory=list)  #: [file, line]
    literals: list[Any] = field(default_factory=list)  #: numbers as by codec.literal_to_json

    def counts(self) -> list[int]:
        """How many of each there are."""
        return [len(self.kinds), len(self.types), len(self.sites), len(self.literals)]


@dataclass(slots=True)
class Batch:
    """Ops first_op, first_op + 1, ... of a graph. `values` are the source ops' inline values, joined;
    `stored` names by SHA-256 those that were sent ahead: {op: digest}."""

    first_op: int
    first: list[int]  #: counts of the graph's symbols before this batch
    symbols: Symbols
    kind: NDArray[np.uint32]
    site: NDArray[np.uint32]
    arity: NDArray[np.uint16]
    operand: NDArray[np.int32]
    output: NDArray[np.uint16]
    n_out: NDArray[np.uint16]
    out_type: NDArray[np.uint32]
    values: Buffer = b""
    stored: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.kind)

    def buffers(self) -> list[Buffer]:
        """The columns and the values as buffers."""
        return [*(column(getattr(self, name), dtype) for name, dtype in COLUMNS.items()), self.values]

    def check(self) -> None:
        """Columns whose lengths do not agree, or operands that do not come before their op, are errors."""
        n, operands = len(self.kind), len(self.operand)
        outputs = int(self.n_out.sum()) if len(self.n_out) else n
        if (
            len(self.site) != n
            or len(self.arity) != n
            or len(self.n_out) not in (0, n)
            or int(self.arity.sum()) != operands
            or len(self.output) not in (0, operands)
            or len(self.out_type) != outputs
        ):
            raise ProtocolError("the columns of a batch of ops have lengths that do not agree")
        user = self.first_op + np.repeat(np.arange(n), self.arity)
        if operands and (self.operand >= user).any():
            op = int(user[np.argmax(self.operand >= user)])
            raise ProtocolError(f"op {op} has an operand that does not come before it")

    @classmethod
    def read(cls, message: Submit, buffers: Sequence[Buffer]) -> Batch | None:
        """The ops that a message brings in its first buffers, checked; None if it is a question only."""
        if not buffers:
            raise ProtocolError("a submit message has buffers; none came")
        if message.question_only:
            return None
        symbols = Symbols(
            [list(kind) for kind in message.kinds],
            [list(t) for t in message.types],
            [list(site) for site in message.sites],
            list(message.literals),
        )
        if len(buffers) < len(COLUMNS) + 2 or len(message.first) != len(symbols.counts()):
            raise ProtocolError(f"a batch of ops has {len(COLUMNS) + 2} buffers; {len(buffers)} came")
        columns = {
            name: read_column(buffer, dtype)
            for (name, dtype), buffer in zip(COLUMNS.items(), buffers, strict=False)
        }
        batch = cls(
            message.first_op,
            list(message.first),
            symbols,
            values=buffers[len(COLUMNS)],
            stored=message.stored,
            names=message.names,
            **columns,
        )
        batch.check()
        return batch
