"""The protocol: one frozen struct a message, and nothing else travels between the Python peers.

A message is the header of a frame (ravspec.codec); arrays and columns are the frame's buffers, in the
order the struct's docstring gives. Reading checks everything the types say; an unknown or malformed
message is a ProtocolError. docs/protocol.md shows who sends what.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ravspec.codec import Buffer, pack, split
from ravspec.errors import ProtocolError

#: bounds that no honest peer comes near: what is beyond would overflow columns, SQL or the clock
OpNumber = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
Speed = Annotated[float, msgspec.Meta(ge=1e-9, le=1e9)]
BytesPerSecond = Annotated[float, msgspec.Meta(ge=1, le=1e15)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Message(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower, forbid_unknown_fields=True):
    """Base of all messages; the header's "type" is the lower-case class name."""


# --- developer -> server (HTTP) ---------------------------------------------------------------------


class Submit(Message, frozen=True):
    """New ops, and a question for values. Buffers: the columns of ravspec.batch, its values, then
    `want`: int32 op numbers whose values are asked for (they are sent back in this request's answer).

    `end`: no more ops follow; compute everything. `wait` False: do not stay for the values. `persist`:
    names under which ops are kept. `question_only`: no ops come with it.
    """

    first_op: OpNumber
    first: list[OpNumber]
    kinds: list[tuple[str, dict[str, Any]]] = []
    types: list[tuple[str, list[int] | None]] = []
    #: file, line, and of an op of the developer's own its name, file and line of the caller
    sites: list[tuple[str, int, tuple[str, str, int] | None]] = []
    literals: list[bool | int | float | dict[str, Any]] = []
    stored: dict[OpNumber, str] = {}
    names: dict[OpNumber, str] = {}
    persist: dict[str, OpNumber] = {}
    end: bool = False
    wait: bool = True
    question_only: bool = False


# --- server -> developer (the answer to Submit, a stream of frames) ---------------------------------


class Stored(Message, frozen=True):
    """The ops are safe: written and committed."""

    n_ops: int


class Progress(Message, frozen=True):
    """How far the graph is, at most twice a second; `why` says what it waits for, if for anything."""

    total: int
    computed: int
    computing: int
    failed: int
    contributors: int
    why: str = ""


class Values(Message, frozen=True):
    """Values that were asked for. Buffers: int32 ops; uint16 n_out of each; uint32 type of each output;
    the outputs joined. `stored`: outputs to be fetched by digest instead, {index of output: digest}
    (they take no bytes in the last buffer)."""

    types: list[tuple[str, list[int] | None]]
    stored: dict[int, str] = {}


class Failures(Message, frozen=True):
    """Ops that were asked for and failed, or depend on one that did."""

    failures: list[Failure]


class Failure(msgspec.Struct, frozen=True):
    """One failed op: the op at fault, its operator, NumPy's words, the developer's file and line; and the
    developer's own op that it is part of, with file and line of the caller."""

    op: int
    cause: int
    operator: str
    reason: str
    file: str
    line: int
    within: tuple[str, str, int] | None = None


def failure_of(op: int, cause: dict[str, Any], reason: str) -> Failure:
    """A failed op in words; cause: the view (OpList.view) of the op at fault."""
    call = cause.get("within")
    within = (call["name"], call["file"], call["line"]) if call else None
    return Failure(op, cause["op"], cause["operator"], reason, cause["file"], cause["line"], within)


class Alive(Message, frozen=True):
    """Nothing new: the server is there and still waits."""


class Done(Message, frozen=True):
    """The end of the answer."""

    state: str


class Error(Message, frozen=True):
    """The request, or the message, was refused."""

    message: str
    kind: str = "ProtocolError"


# --- contributor -> server (Socket.IO) --------------------------------------------------------------


class Hello(Message, frozen=True):
    """A life begins, or comes back after its connection was cut. What it measured about itself."""

    life: Name
    name: Name
    speed: Speed
    memory_bytes: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
    cores: Annotated[int, msgspec.Meta(ge=1, lt=1 << 31)]
    down_bps: BytesPerSecond
    up_bps: BytesPerSecond
    latency_s: Annotated[float, msgspec.Meta(ge=0, le=60)]
    numeric_class: Name
    versions: dict[str, str]


class Heartbeat(Message, frozen=True):
    """The life is there."""

    life: str


class Result(Message, frozen=True):
    """An assignment is computed. Buffers: int32 exported ops; uint32 type of each of their outputs;
    the outputs joined. `stored`: outputs sent ahead, {index of output: digest}."""

    life: str
    assignment: int
    exec_s: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    types: list[tuple[str, list[int] | None]]
    failed: list[tuple[OpNumber, str]] = []
    stored: dict[int, str] = {}


class Refuse(Message, frozen=True):
    """The assignment cannot be computed here: operands that are not held, or another reason."""

    life: str
    assignment: int
    reason: str
    missing: list[OpNumber] = []


class Crash(Message, frozen=True):
    """The computing process died; whatever the life held is lost."""

    life: str
    reason: str


class Bye(Message, frozen=True):
    """The life ends; what it was doing goes to others."""

    life: str


class Watch(Message, frozen=True):
    """The life shows people what is going on: it wants News. Lives that name the same `tab` are one
    contributor to people."""

    life: str
    tab: Annotated[str, msgspec.Meta(max_length=200)] = ""


# --- server -> contributor --------------------------------------------------------------------------


class FtpGrant(msgspec.Struct, frozen=True):
    """An account for arrays by FTP. `host`: where it is another than the server's."""

    port: int
    user: str
    password: str
    tls: bool = False
    host: str | None = None


class Welcome(Message, frozen=True):
    """The hello was taken. `fresh`: the server knows nothing of this life, so what it holds is of no use.
    `ftp`: the life's account, where the server has FTP."""

    fresh: bool
    lease_s: float
    heartbeat_s: float
    inline_bytes: int
    ftp: FtpGrant | None = None


class Assign(Message, frozen=True):
    """Ops to compute. Buffers: the columns of ravspec.subgraph (5); int32 input ops; uint16 n_out of
    each; uint32 type of each of their outputs; uint8 how each input comes (SENT or HELD of
    ravspec.executor); int32 exports;
    int32 ops to keep; int32 pairs (graph, op) that may be forgotten; the inline inputs joined.
    `stored`: outputs of inputs to be fetched, {index of output among the inputs': digest}."""

    assignment: int
    graph: int
    deadline_s: float
    kinds: list[tuple[str, dict[str, Any]]]
    types: list[tuple[str, list[int] | None]]
    literals: list[bool | int | float | dict[str, Any]]
    stored: dict[int, str] = {}


class Void(Message, frozen=True):
    """The assignment is over: stop, forget it, send nothing."""

    assignment: int
    reason: str


class Unknown(Message, frozen=True):
    """The server does not know that life (any more): say hello as a new one."""

    life: str
    reason: str


class GraphNews(msgspec.Struct, frozen=True):
    """How far a graph is; its name only where the life was given work of it."""

    id: int
    name: str
    total: int
    computed: int
    failed: int


class News(Message, frozen=True):
    """For those who watch: contributors online; the graphs of the life's latest work, and others that are
    being worked on, latest first; and how many are being worked on in all."""

    contributors: int
    graphs: list[GraphNews]
    others: list[GraphNews] = []
    working: int = 0


FromDeveloper = Submit
ToDeveloper = Stored | Progress | Values | Failures | Alive | Done | Error
FromContributor = Hello | Heartbeat | Result | Refuse | Crash | Bye | Watch
ToContributor = Welcome | Assign | Void | Unknown | News | Error

_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {
    union: msgspec.json.Decoder(union)
    for union in (FromDeveloper, ToDeveloper, FromContributor, ToContributor)
}


#: what JSON that is none, or no message, gives: text that is no UTF-8 has an error of its own
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

#: a message with some fields changed
replace = msgspec.structs.replace


def to_json(value: Any) -> str:
    """Any plain value as JSON text."""
    return msgspec.json.encode(value).decode()


def from_json(text: str) -> Any:
    """The plain value of a JSON text."""
    return msgspec.json.decode(text)


def encode(message: Message, buffers: list[Buffer] | tuple[Buffer, ...] = ()) -> bytes:
    """A message and its buffers as one frame."""
    return pack(_encoder.encode(message), buffers)


def decode(frame: Buffer, union: Any) -> tuple[Any, list[memoryview]]:
    """A frame as one of the messages of the union, and its buffers."""
    header, buffers = split(frame)
    return decode_header(header, union), buffers


def decode_header(header: bytes, union: Any) -> Any:
    """An encoded header as one of the messages of the union."""
    try:
        return _decoders[union].decode(header)
    except UNREADABLE as error:
        raise ProtocolError(f"a message that cannot be read: {error}") from error
