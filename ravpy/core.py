"""The contributor's decisions: `handle(event) -> actions`, pure. Sockets, child and clock are the shell's.

One life holds the assignments that the server gave it, in order. The child computes one at a time; a
result is sent, and sent again after a broken connection, until the server acknowledges it. The server
may void an assignment at any time; the result of one that is computing is then dropped.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from ravspec import messages
from ravspec.codec import split

#: a child that has not answered after so many times the deadline, and so many seconds (a server that is
#: started anew, and more), is replaced: the server has given the work to others by then
LATE, LATE_S = 2.0, 20.0

# --- events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection to the server stands (again)."""


@dataclass(frozen=True, slots=True)
class Received:
    """A frame from the server."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Computed:
    """The child's answer: the frame of a result or a refusal."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class ChildDied:
    """The computing process is gone, and what it held with it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The server has taken the answer to this assignment."""

    assignment: int


@dataclass(frozen=True, slots=True)
class Beat:
    """It is time for a heartbeat."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The user wants to leave: after the piece that is computing."""


Event = Connected | Received | Computed | ChildDied | Acknowledged | Beat | Finish

# --- actions ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Send a frame. `assignment`: tell the core when the server acknowledges it."""

    name: str
    frame: bytes
    assignment: int | None = None


@dataclass(frozen=True, slots=True)
class Compute:
    """Give an assignment's frame to the child; an answer that takes longer will not come."""

    frame: bytes
    patience_s: float


@dataclass(frozen=True, slots=True)
class NewChild:
    """Start a child for this life, with its account for FTP; the one before, if it lives, ends."""

    life: str
    ftp: messages.FtpGrant | None = None


@dataclass(frozen=True, slots=True)
class Renew:
    """From now on the child has this account for FTP."""

    ftp: messages.FtpGrant | None


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """From now on a heartbeat each so many seconds."""

    every_s: float


@dataclass(frozen=True, slots=True)
class Tell:
    """Something for the user to read."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Disconnect and end: all is done, or the server does not let us take part (any more), and why."""

    refused: str = ""


Action = Send | Compute | NewChild | Renew | Heartbeats | Tell | Stop


@dataclass(slots=True)
class Tally:
    """What this contributor has done, for the status display."""

    assignments: int = 0
    ops: int = 0
    failed_ops: int = 0
    exec_s: float = 0.0
    sent_bytes: int = 0
    computing_ops: int = 0
    graph: int | None = None


@dataclass(slots=True)
class Core:
    """The state of a contributor. `hello` is what it measured about itself, without a life."""

    hello: messages.Hello
    tally: Tally = field(default_factory=Tally)
    _waiting: OrderedDict[int, bytes] = field(default_factory=OrderedDict)
    _running: int | None = None
    _dropped: bool = False  #: the running assignment was voided
    _unacknowledged: dict[int, Send] = field(default_factory=dict)
    _finishing: bool = False
    _ftp: messages.FtpGrant | None = None  #: the life's account

    @property
    def life(self) -> str:
        """The present life."""
        return self.hello.life

    @property
    def idle(self) -> bool:
        """Nothing to compute and nothing on the way."""
        return self._running is None and not self._waiting and not self._unacknowledged

    def handle(self, event: Event) -> list[Action]:
        """What happened; returns what is to be done."""
        match event:
            case Connected():
                return [Send("hello", messages.encode(self.hello))]
            case Received(frame):
                return self._received(frame)
            case Computed(frame):
                return self._computed(frame)
            case ChildDied(reason):
                return self._child_died(reason)
            case Acknowledged(assignment):
                self._unacknowledged.pop(assignment, None)
                return self._next()
            case Beat():
                return [Send("heartbeat", messages.encode(messages.Heartbeat(self.life)))]
            case Finish():
                self._finishing = True
                return self._next()

    def _received(self, frame: bytes) -> list[Action]:
        message, _ = messages.decode(frame, messages.ToContributor)
        match message:
            case messages.Welcome():
                return self._welcome(message)
            case messages.Assign(assignment=number):
                if number == self._running or number in self._unacknowledged:
                    return []  # it came twice
                self._waiting[number] = frame
                return self._next()
            case messages.Void(assignment=number, reason=reason):
                self._waiting.pop(number, None)
                self._unacknowledged.pop(number, None)
                self._dropped = self._dropped or number == self._running
                return [Tell(f"assignment {number} was taken back: {reason}"), *self._next()]
            case messages.Unknown(life=life) if life != self.life:
                return []  # of an earlier life: we have joined anew already
            case messages.Unknown(reason=reason):
                return [Tell(f"the server has forgotten us ({reason}); joining anew"), *self._new_life()]
            case messages.Error(message=text, kind="TokenError" | "AccessError"):
                return [Stop(refused=text)]
            case messages.Error(message=text):
                return [Tell(text, warning=True)]
            case messages.News():
                return []  # for those who show it, and asked by Watch
        raise AssertionError(f"no arm for {message}")

    def _welcome(self, welcome: messages.Welcome) -> list[Action]:
        actions: list[Action] = [Heartbeats(welcome.heartbeat_s)]
        if welcome.fresh:
            self._forget()
            self._ftp = welcome.ftp
            return [*actions, NewChild(self.life, self._ftp), *self._next()]
        if welcome.ftp != self._ftp:  # the server was started anew, and its accounts with it
            self._ftp = welcome.ftp
            actions.append(Renew(self._ftp))
        return [*actions, *self._unacknowledged.values(), *self._next()]

    def _forget(self) -> None:
        self._waiting.clear()
        self._unacknowledged.clear()
        self._running = None
        self._dropped = False

    def _new_life(self) -> list[Action]:
        self._forget()
        self.hello = new_life(self.hello)
        return [Send("hello", messages.encode(self.hello))]

    def _next(self) -> list[Action]:
        """Give the child its next assignment, or leave if that was wanted."""
        if self._finishing:
            if self._running is not None or self._unacknowledged:
                return []
            return [Send("bye", messages.encode(messages.Bye(self.life))), Stop()]
        if self._running is not None or not self._waiting:
            return []
        self._running, frame = self._waiting.popitem(last=False)
        message, buffers = messages.decode(frame, messages.ToContributor)
        self.tally.computing_ops, self.tally.graph = len(buffers[0]) // 4, message.graph
        return [Compute(frame, LATE * message.deadline_s + LATE_S)]

    def _computed(self, frame: bytes) -> list[Action]:
        header, _ = split(frame)
        answer = messages.decode_header(header, messages.FromContributor)
        if answer.life != self.life or answer.assignment != self._running:
            return []  # of an earlier life
        number, self._running = answer.assignment, None
        dropped, self._dropped = self._dropped, False
        ops, self.tally.computing_ops = self.tally.computing_ops, 0
        if dropped:  # the server waits for an answer before it gives more
            over = messages.encode(messages.Refuse(self.life, number, "it was taken back"))
            return [Send("refuse", over), *self._next()]
        send = Send("result" if isinstance(answer, messages.Result) else "refuse", frame, number)
        self._unacknowledged[number] = send
        self.tally.sent_bytes += len(frame)
        notes: list[Action] = []
        if isinstance(answer, messages.Result):
            self.tally.assignments += 1
            self.tally.ops += ops - len(answer.failed)
            self.tally.failed_ops += len(answer.failed)
            self.tally.exec_s += answer.exec_s
        else:
            notes.append(Tell(f"assignment {number} cannot be computed here: {answer.reason}", warning=True))
        return [send, *notes, *self._next()]

    def _child_died(self, reason: str) -> list[Action]:
        """All that was held is lost; the server is told and deals the assignments out anew."""
        crash = messages.encode(messages.Crash(self.life, reason))
        self._waiting.clear()
        self._running, self._dropped = None, False
        self.tally.computing_ops = 0
        return [
            Tell(f"the computing process died: {reason}", warning=True),
            NewChild(self.life, self._ftp),
            Send("crash", crash),
            *self._next(),
        ]


def new_life(hello: messages.Hello) -> messages.Hello:
    """The same contributor under a fresh random id."""
    return messages.replace(hello, life=secrets.token_hex(16))
