"""What happens to the scheduler (events) and what it wants done (instructions).

`Scheduler.handle(event, now)` takes one event and returns a list of instructions. Both are plain
records: no socket, no SQL, no clock. Ops are integers inside their graph; the scheduler knows an op
only by its operands, its predicted seconds, the bytes of its outputs and where those outputs are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# --- events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenGraph:
    """A graph exists from now on; it belongs to a developer (for fair shares).

    priority: of the developer's graphs the one with the highest is served first.
    """

    graph: int
    developer: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class AddOps:
    """The next ops of a graph, numbered on from those it has. Storing only: nothing is dispatched."""

    graph: int
    #: operands of each op that are outputs of other ops (literals left out); shape (n_ops,)
    arity: NDArray[np.uint16]
    #: the operands' op numbers, flat; every one smaller than its op's own number; shape (sum(arity),)
    operands: NDArray[np.int32]
    #: predicted seconds on a contributor of speed 1; shape (n_ops,)
    cost_s: NDArray[np.float64]
    #: bytes of all outputs of the op; shape (n_ops,)
    size_bytes: NDArray[np.int64]
    #: True where the value came with the op and lies at the server already; shape (n_ops,)
    source: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Want:
    """These outputs must come to the server. `dispatch`: somebody waits, so begin (their ancestors only)."""

    graph: int
    ops: tuple[int, ...]
    dispatch: bool = True


@dataclass(frozen=True, slots=True)
class EndGraph:
    """Every op is to be computed and every sink is wanted: `end()`, or the script has exited."""

    graph: int


@dataclass(frozen=True, slots=True)
class CancelGraph:
    """Forget the graph: its assignments are void, its ops never run again."""

    graph: int


@dataclass(frozen=True, slots=True)
class Restore:
    """What SQL knows of a reloaded graph, after its AddOps. Assignments of the old process are void."""

    graph: int
    computed: NDArray[np.int32]
    at_server: NDArray[np.int32]
    failed: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class LoseData:
    """Stored values turned out to be missing or corrupt: compute them again if anybody needs them."""

    graph: int
    ops: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """A new life of a contributor, with what it measured about itself."""

    life: str
    name: str
    speed: float  #: relative to the reference that `cost_s` assumes
    memory_bytes: int
    down_bps: float  #: bytes per second, server to contributor
    up_bps: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class Resume:
    """A life of which SQL knows, before the server was started anew: it may come back within a lease.

    After its graphs' Restore, and before anything of them is asked for. Its assignments are live still, as
    far as their ops are work still and can be computed with what is at the server and what the life has.
    """

    join: Join
    assignments: tuple[Assign, ...]
    #: (graph, op) that it may keep and that nobody counts on any more
    drops: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """Anything arrived from a life: its lease starts anew. `answered`: an answer, if of no use any more."""

    life: str
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """The life said goodbye."""

    life: str


@dataclass(frozen=True, slots=True)
class Result:
    """An assignment was computed; `failed` are ops whose kernel raised, with the reason."""

    life: str
    assignment: int
    exec_s: float
    failed: tuple[tuple[int, str], ...] = ()
    #: true bytes of outputs whose shape was not known beforehand
    sizes: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refuse:
    """The contributor cannot run an assignment: `missing` operands it was thought to hold, or a reason.

    `tried` False: it is not the ops' fault (there was no room for the result), so it does not count as a try.
    """

    life: str
    assignment: int
    missing: tuple[int, ...]
    reason: str
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Crash:
    """The contributor's computing process died: what it held is lost, its assignments come back."""

    life: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The time that `Scheduler.timer()` named has come."""


Event = (
    OpenGraph | AddOps | Want | EndGraph | CancelGraph | Restore | LoseData
    | Join | Resume | Heard | Leave | Result | Refuse | Crash | Tick
)  # fmt: skip

# --- instructions -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assign:
    """Send these ops to a life. Lists are in op order of execution; all ops belong to one graph."""

    assignment: int
    life: str
    graph: int
    ops: list[int]
    remade: list[int]  #: outside operands without operands of their own, to be made there once more
    inputs: list[int]  #: outside operands that the server sends along
    held: list[int]  #: outside operands the life holds already, or will after its earlier assignment
    exports: list[int]  #: ops whose outputs must come back
    keep: list[int]  #: of ops, remade and inputs: the life keeps these outputs for later assignments
    drop: list[tuple[int, int]]  #: (graph, op) that the life holds and may forget now
    predicted_s: float
    deadline: float  #: by the scheduler's clock


@dataclass(frozen=True, slots=True)
class Resumed:
    """An assignment of before the server was started anew is live still."""

    assign: Assign


@dataclass(frozen=True, slots=True)
class Void:
    """This assignment is over for that life (deadline, cancelled graph, lost operand, lost lease)."""

    life: str
    assignment: int
    graph: int
    reason: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A result counts: store the exports, mark the ops computed. At most one per assignment, ever."""

    assignment: int
    life: str
    graph: int
    computed: list[int]
    exports: list[int]  #: of those, the ones whose values are now at the server


@dataclass(frozen=True, slots=True)
class Discard:
    """A late, repeated or foreign result: acknowledge it and drop it."""

    assignment: int
    life: str


@dataclass(frozen=True, slots=True)
class Fail:
    """These ops end as failed: (op, the op at fault, reason). Dependents carry the op at fault."""

    graph: int
    failed: list[tuple[int, int, str]]


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease of a life ran out: it is buried, and its next message must be a new hello."""

    life: str
    reason: str


@dataclass(frozen=True, slots=True)
class Barred:
    """The life gets no work for a long while: tell it why."""

    life: str
    reason: str


Instruction = Assign | Resumed | Void | Commit | Discard | Fail | Lost | Barred
