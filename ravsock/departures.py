"""An assignment as a frame: the scheduler's lists of ops, with the operands' values, for a contributor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ravsock.graphs import GraphRecord
from ravsock.scheduler.events import Assign
from ravsock.values import local_types
from ravspec import messages
from ravspec.codec import column, literal_to_json
from ravspec.executor import HELD, SENT


@dataclass(slots=True)
class Live:
    """A live assignment, and its frame for a life that reconnects."""

    assign: Assign
    frame: bytes

    @property
    def graph(self) -> int:
        """Whose ops they are."""
        return self.assign.graph

    @property
    def life(self) -> str:
        """Whose it is."""
        return self.assign.life

    @property
    def exports(self) -> list[int]:
        """What must come back."""
        return self.assign.exports


def assign_frame(record: GraphRecord, a: Assign, deadline_s: float) -> tuple[bytes, list[str]]:
    """The frame of an assignment, and the digests of the operands that are to be fetched for it.

    A stored value that cannot be read is a TransferError.
    """
    sent, held = np.array(a.inputs, np.int64), np.array(a.held, np.int64)
    graph = record.ops.cut([*a.remade, *a.ops], [*a.inputs, *a.held])
    body, n_sent, sent_types, stored = record.values.join(sent)
    n_held, held_types = record.ops.types_of(held)
    types, which = local_types(record.ops.types, np.concatenate([sent_types, held_types]))
    how = np.repeat([SENT, HELD], [len(sent), len(held)])
    header = messages.Assign(
        assignment=a.assignment,
        graph=a.graph,
        deadline_s=deadline_s,
        kinds=graph.kinds,  # type: ignore[arg-type]
        types=types,
        literals=[literal_to_json(value) for value in graph.literals],
        stored=stored,
    )
    frame = messages.encode(
        header,
        [
            *graph.columns(),
            column(np.concatenate([sent, held]), "int32"),
            column(np.concatenate([n_sent, n_held]), "uint16"),
            column(which, "uint32"),
            column(how, "uint8"),
            column(a.exports, "int32"),
            column(a.keep, "int32"),
            column(np.array(a.drop, np.int32).reshape(-1), "int32"),
            body,
        ],
    )
    return frame, list(stored.values())
