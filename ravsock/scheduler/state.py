"""What the scheduler remembers: one struct of arrays per graph, one small record per life and assignment.

An op is an index into arrays, never an object: ten thousand tiny ops must not become ten thousand
objects in the one thread that everybody waits for.

    WAITING --operands computed--> READY --grown into a piece--> ASSIGNED --result--> COMPUTED
       ^                             ^                              |                     |
       |                             +------ work that comes back --+                     |
       +-------------------- the value is gone and somebody needs it ---------------------+
    FAILED is reached from everywhere but COMPUTED, and is never left.

*Needed* ops are those somebody asked for, with their ancestors: only they are ever READY. *Wanted* ops
must come to the server. A COMPUTED op whose value is not at the server was forgotten, or is *promised*:
a life keeps it for assignments in its own queue. A *recipe* is an op without operands that is quicker to
make than to move: a piece that needs its value and does not own it makes it once more. `check`
(invariants.py) asserts, after every event:

1. `missing[op]` is the number of operands not computed, recipes aside, for every op not final;
2. `open[op]` is the number of needed dependents not final;
3. an op is READY exactly if it is needed, nothing is missing and no assignment holds it, and then all
   its operands are at the server or recipes; `ready_s` is the sum of the cost of those ops;
4. an op is ASSIGNED exactly if one live assignment holds it, or two that are twins (copies.py), at two lives;
5. a piece is closed: in list order every operand is earlier in it, made once more for it, at the server,
   or held by the life;
6. a life has at most two assignments, and each has a deadline in the alarms;
7. a wanted or still needed op that is computed is at the server or promised by a living holder, or is a
   recipe that is not wanted;
8. what a life is believed to hold is inside its cache budget, and `holders` says the same.
"""

from __future__ import annotations

import enum
from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

WAITING, READY, ASSIGNED, COMPUTED, FAILED = range(5)

#: fewer ops than this are handled one by one; columns pay for more
FEW = 48

#: `needed` has two levels: part of an opened graph, or an ancestor of something a developer waits for
OPENED, AWAITED = 1, 2


def view(column: bytearray | array[Any]) -> NDArray[Any]:
    """A column as an array that shares its memory. Not to be kept: the column cannot grow meanwhile."""
    return np.frombuffer(column, getattr(column, "typecode", "B"))


@dataclass(frozen=True, slots=True)
class Settings:
    """The constants of docs/scheduling.md, where each has its reason."""

    #: seconds without a word after which a life is lost
    lease_s: float = 10.0
    #: a piece is about this many seconds of work: bounds lost work and the wait for a slot
    target_s: float = 1.0
    #: a piece takes this part of its contributor's just share of the ready list: 1 / divisor
    share_divisor: float = 2.0
    #: what one assignment and its result cost at the server; part of every round trip
    message_s: float = 0.5e-3
    #: a life with this much left is given what follows from it, although the message is still to come
    ahead_s: float = 0.05
    #: ready work that waits for a better contributor is looked at again after this time at the earliest
    retry_s: float = 0.01
    #: ops in one piece at most: bounds one decision to a few milliseconds
    op_cap: int = 1000
    #: assignments at one life: one running, one waiting behind it
    queue_cap: int = 2
    #: deadline = this times the predicted time, plus the floor
    deadline_factor: float = 4.0
    #: crashes, deadlines and refusals of an op that was alone in its piece before it fails
    max_tries: int = 3
    #: the same for lives that were lost with it: mostly people who leave, seldom the op
    max_losses: int = 12
    #: each try divides the op cap of the next piece by 2 to this power: 1000, 125, 15, 1
    try_shift: int = 3
    #: a life that was late and beats, but does not answer, is given something again after so many seconds: a
    #: heart beats also while a kernel hangs, and a process that hangs is replaced by then
    silence_s: float = 30.0
    #: faults after which a contributor gets nothing for `bar_s`
    max_faults: int = 5
    bar_s: float = 600.0
    #: part of a life's memory that its assignments may fill together; the cache has the rest
    work_share: float = 0.5
    #: part of a life's memory for a piece that waits behind another
    second_share: float = 0.25
    #: largest weight of one measurement in the speed estimate
    speed_weight: float = 0.3
    #: seconds of computing for which a measurement has its full weight
    speed_sample_s: float = 0.1

    @property
    def floor_s(self) -> float:
        """What every deadline has on top: half a lease, between 2 and 10 s."""
        return min(10.0, max(2.0, self.lease_s / 2))


class End(enum.Enum):
    """How an assignment came to nothing, as far as its ops may be the reason."""

    UNTRIED = 0  #: it did not run, or it is known to be nobody's fault
    FAILED = 1  #: the process that ran it died, refused it, or took too long
    LOST = 2  #: its life was not heard of any more


@dataclass(slots=True, eq=False)
class Doubt:
    """A piece that came to nothing at a life: is it the life's fault? See faults.py."""

    life: str
    number: int
    left: int  #: ops of it that were not computed since
    reason: str


@dataclass(slots=True)
class Tries:
    """How often the pieces with an op came to nothing; and how often while it was alone in its piece."""

    all: int = 0
    failed_alone: int = 0
    lost_alone: int = 0
    failed_at: set[str] = field(default_factory=set)  #: lives where it failed alone
    doubts: list[Doubt] = field(default_factory=list)

    def count(self, end: End, alone: bool, life: str) -> None:
        self.all += 1
        if alone and end is End.FAILED:
            self.failed_alone += 1
            self.failed_at.add(life)
        self.lost_alone += alone and end is End.LOST

    def is_guilty(self, settings: Settings, has_others: bool) -> bool:
        """Is it the op's fault? One life that fails at everything does not show that, if there are others."""
        if self.failed_alone + self.lost_alone >= settings.max_losses:
            return True
        return self.failed_alone >= settings.max_tries and (len(self.failed_at) > 1 or not has_others)


class Graph:
    """The ops of one graph, as arrays indexed by op number."""

    __slots__ = (
        "ahead", "assigned", "at_server", "computed", "cost_s", "developer", "failed", "fault", "fresh",
        "grown", "holders", "idle_s", "ins", "late", "low", "missing", "needed", "number", "open", "outs",
        "parked", "path_s", "priority", "ranked", "ready_s", "recipe", "recomputed", "seconds", "size_bytes",
        "source", "state", "total", "tries", "wanted", "whole",
    )  # fmt: skip

    def __init__(self, number: int, developer: str, priority: int = 0) -> None:
        self.number = number
        self.developer = developer
        self.priority = priority  #: among the graphs of the same developer
        self.seconds = 0.0  #: contributor-seconds handed out; see ledger.touch
        self.whole = False  #: every op is needed, now and later
        self.total = self.computed = self.failed = self.assigned = self.recomputed = 0
        self.state = bytearray()
        self.needed = bytearray()
        self.wanted = bytearray()
        self.at_server = bytearray()
        self.source = bytearray()
        self.recipe = bytearray()
        self.missing = array("i")
        self.open = array("i")
        self.cost_s = array("d")
        self.size_bytes = array("q")
        self.ins: list[tuple[int, ...]] = []
        self.outs: list[
            list[int] | tuple[()]
        ] = []  #: dependents, not kept for sources: see lineage.dependents
        self.tries: dict[int, Tries] = {}  #: of ops that have come back
        self.fault: dict[int, tuple[int, str]] = {}  #: failed op -> the op at fault, reason
        self.holders: dict[int, set[str]] = {}  #: op -> lives that keep its value for later
        # the ready list (ready.py)
        self.ahead: list[
            int
        ] = []  #: entries of ready.py, the best last; entries of ops no longer READY included
        self.late: list[int] = []  #: a heap of the same
        self.fresh: list[int] = []  #: became READY since the heap was last looked at
        self.parked: list[int] = []  #: READY, but too large for every life here
        self.ready_s = 0.0
        self.idle_s = 0.0  #: cost of ops that could run but that nobody needs yet
        self.path_s = array("d")  #: seconds from the start of an op to the end of its longest continuation
        self.low = 0  #: every op below is final
        self.ranked = 0  #: path_s is known for the ops below
        self.grown = 0  #: ops ranked since path_s was last brought up to date for all

    @property
    def has_listed(self) -> bool:
        """May there be a ready op that can be taken?"""
        return bool(self.ahead or self.late or self.fresh)

    @property
    def finished(self) -> bool:
        return self.computed + self.failed == self.total


@dataclass(slots=True, eq=False)
class Assignment:
    """One piece at one life. It ends by a commit or by coming back, and then it is gone."""

    life: str
    graph: int
    ops: list[int]
    inputs: list[int]
    held: list[int]
    exports: list[int]
    keep: list[int]
    remade: list[int]
    cost_s: float  #: on a contributor of speed 1
    live_bytes: int  #: memory the piece needs
    # what the ledger adds
    number: int = 0
    since: float = 0.0
    own_s: float = 0.0  #: predicted time of the piece by itself
    predicted_s: float = 0.0  #: the same and the wait behind what the life has already
    deadline: float = 0.0
    charged_s: float = 0.0  #: contributor-seconds on the developer's bill
    twin: int = 0  #: the live assignment of the same ops at another life, if it was dealt twice


@dataclass(slots=True, eq=False)
class Life:
    """One process or tab of a contributor, and what is believed of it."""

    life: str
    name: str
    speed: float
    memory_bytes: int
    down_bps: float
    up_bps: float
    latency_s: float
    heard: float
    queue: list[Assignment] = field(default_factory=list)
    #: (graph, op) -> bytes of what it keeps, least recently used first
    held: dict[tuple[int, int], int] = field(default_factory=dict)
    held_bytes: int = 0
    drops: list[tuple[int, int]] = field(default_factory=list)  #: to be told with the next assignment
    busy_until: float = 0.0
    #: a deadline passed: nothing more until it answers, or has only beaten for so long
    silent: bool = False
    silent_until: float = 0.0
    rest_until: float = 0.0  #: it refused or crashed: nothing more until then
    rests: int = 0  #: refusals and crashes in a row
    doubts: dict[int, Doubt] = field(default_factory=dict)  #: by the number of the assignment that failed
    faults: int = 0  #: assignments that failed here and were computed by others, less results of its own
    barred: str = ""  #: why it gets nothing for a long while


@dataclass(slots=True, eq=False)
class Developer:
    """For fair shares: contributor-seconds handed out to a developer's graphs."""

    seconds: float = 0.0
    graphs: set[int] = field(default_factory=set)
