"""Every message, made wrong thousands of ways: it is read, or refused in words, and nothing else happens."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contributors import hello
from mutations import mutants

from ravop.record import Recorder
from ravop.waiting import Question, request
from ravpy.core import Computed, Core, Received
from ravsock.arrivals import read_arrival
from ravsock.departures import assign_frame
from ravsock.graphs import GraphRecord
from ravsock.scheduler.events import Assign
from ravsock.values import Cache
from ravspec import messages
from ravspec.batch import Batch
from ravspec.codec import array_bytes, column, split
from ravspec.errors import RavError
from ravspec.executor import Executor
from ravspec.ops import OPS
from ravspec.shapes import ArrayType

#: wrong versions of each frame; RDF_FUZZ=20 makes twenty times as many
CASES = 400 * int(os.environ.get("RDF_FUZZ", "1"))

ROW = {
    "name": "test", "id": 1, "algorithm": None, "approach": "distributed", "developer": "", "created_at": 0.0,
    "state": "open", "priority": 0,
}  # fmt: skip


def submission() -> bytes:
    """Ops of several kinds: sources, literals, params, several outputs, unknown shapes, names."""
    r = Recorder()
    vector, flags = (r.type_number(ArrayType((3,), np.dtype(d))) for d in (np.float64, np.bool_))
    unknown = r.type_number(ArrayType(None, np.dtype(np.float64)))
    params = {"shape": (3,), "dtype": "float64"}
    for i in range(2):
        r.add(OPS["data"], (), params, tuple(params.items()))
        r.give_value(np.full(3, float(i)).tobytes())
    r.add(OPS["add"], ((0, 0, vector), (1, 0, vector)), {})
    r.add(OPS["unique"], ((2, 0, vector),), {})
    whole = {"axis": None, "dtype": None, "keepdims": False}
    r.add(OPS["sum"], ((2, 0, vector),), whole, tuple(whole.items()))
    assert flags != unknown
    r.give_name(2, "total")
    message, buffers = request(r.take_batch(), Question([4], persist={"best": 2}, wait=False))
    return messages.encode(message, buffers)


def record_with(frame: bytes) -> GraphRecord:
    """A graph that has taken a submission."""
    record = GraphRecord(ROW, Cache(), lambda key: b"", lambda digest: True)
    message, buffers = messages.decode(frame, messages.FromDeveloper)
    batch = Batch.read(message, buffers)
    assert batch is not None
    record.take(batch)
    return record


def assignment() -> tuple[GraphRecord, bytes, list[int]]:
    record = record_with(submission())
    a = Assign(7, "life", 1, [2, 3, 4], [], [0, 1], [], [2, 4], [3], [], 1.0, 10.0)
    frame, _ = assign_frame(record, a, 10.0)
    return record, frame, [2, 4]


SAMPLES: dict[str, tuple[Any, list[Any]]] = {
    "stored": (messages.Stored(3), []),
    "progress": (messages.Progress(3, 1, 1, 0, 2, "why"), []),
    "values": (
        messages.Values([("float64", [3])], {}),
        [column([2], "int32"), column([1], "uint16"), column([0], "uint32"), array_bytes(np.zeros(3))],
    ),
    "failures": (messages.Failures([messages.Failure(1, 1, "add", "why", "file", 3)]), []),
    "alive": (messages.Alive(), []),
    "done": (messages.Done("open"), []),
    "error": (messages.Error("text"), []),
    "hello": (hello("life", "name"), []),
    "heartbeat": (messages.Heartbeat("life"), []),
    "result": (
        messages.Result("life", 7, 0.1, [("float64", [3]), ("float64", [])]),
        [column([2, 4], "int32"), column([0, 1], "uint32"), array_bytes(np.arange(4.0))],
    ),
    "refuse": (messages.Refuse("life", 7, "why", [1, 2]), []),
    "crash": (messages.Crash("life", "why"), []),
    "bye": (messages.Bye("life"), []),
    "watch": (messages.Watch("life"), []),
    "news": (messages.News(2, [messages.GraphNews(1, "name", 3, 2, 0)]), []),
    "welcome": (messages.Welcome(True, 10.0, 3.0, 1 << 20), []),
    "void": (messages.Void(7, "why"), []),
    "unknown": (messages.Unknown("life", "why"), []),
}

UNIONS = (messages.FromDeveloper, messages.ToDeveloper, messages.FromContributor, messages.ToContributor)


def every_message() -> set[str]:
    kinds = {messages.FromDeveloper, *(k for union in UNIONS[1:] for k in union.__args__)}
    return {kind.__name__.lower() for kind in kinds}


def test_every_message_is_among_the_samples() -> None:
    assert set(SAMPLES) | {"submit", "assign"} >= every_message()


def frame_of(name: str) -> bytes:
    if name == "submit":
        return submission()
    if name == "assign":
        return assignment()[1]
    return messages.encode(*SAMPLES[name])


def refused_or_read(read: Callable[[], Any]) -> bool:
    """True if it was read. Only our own errors may be raised, with words."""
    try:
        read()
    except RavError as error:
        assert str(error)
        return False
    return True


@pytest.mark.parametrize("name", [*SAMPLES, "submit", "assign"])
def test_a_wrong_message_is_read_or_refused_in_words(name: str) -> None:
    for seed, union in enumerate(UNIONS):
        for wrong in mutants(frame_of(name), CASES, seed):
            refused_or_read(lambda wrong=wrong, union=union: messages.decode(wrong, union))


def test_a_wrong_submission_is_taken_whole_or_not_at_all() -> None:
    taken = 0
    for wrong in mutants(submission(), 5 * CASES, 1):
        record = GraphRecord(ROW, Cache(), lambda key: b"", lambda digest: True)

        def take(wrong: bytes = wrong, record: GraphRecord = record) -> None:
            message, buffers = messages.decode(wrong, messages.FromDeveloper)
            batch = Batch.read(message, buffers)
            if batch is not None and not record.ops.is_repeat(batch):
                record.take(batch)

        if refused_or_read(take):
            taken += 1
        else:
            assert len(record.ops) == 0
    assert taken, "some changes do no harm, so that it is not the prefix alone that is tried"


def test_a_wrong_result_is_refused_in_words() -> None:
    right = frame_of("result")
    record, _, exports = assignment()
    for wrong in mutants(right, 5 * CASES, 2):

        def arrive(wrong: bytes = wrong) -> None:
            message, buffers = messages.decode(wrong, messages.FromContributor)
            if isinstance(message, messages.Result):
                arrival = read_arrival(record, exports, message, buffers, lambda digest: None)
                assert len(arrival.ops) <= len(exports)

        refused_or_read(arrive)


def test_a_wrong_assignment_does_not_end_a_contributor() -> None:
    """A server may lie too: the computing process answers with a result, a refusal, or an error in words."""
    _, right, _ = assignment()
    for wrong in mutants(right, CASES, 3):
        executor = Executor(
            "life", lambda digest, t: np.zeros(t.shape or (), t.dtype), lambda value: "0" * 64
        )

        def compute(wrong: bytes = wrong, executor: Executor = executor) -> None:
            messages.decode(wrong, messages.ToContributor)  # as the core does, before the child sees it
            with np.errstate(all="ignore"):
                answer = json.loads(split(executor.execute(wrong))[0])
            assert answer["type"] in ("result", "refuse")

        refused_or_read(compute)


@pytest.mark.parametrize("name", ["welcome", "assign", "void", "unknown", "error"])
def test_a_contributors_core_survives_wrong_messages(name: str) -> None:
    for wrong in mutants(frame_of(name), CASES, 4):
        core = Core(hello("life", "name"))
        refused_or_read(lambda wrong=wrong, core=core: core.handle(Received(wrong)))


def test_a_contributors_core_survives_wrong_answers_of_its_child() -> None:
    _, frame, _ = assignment()
    for wrong in mutants(frame_of("result"), CASES, 5):
        core = Core(hello("life", "name"))
        core.handle(Received(frame_of("welcome")))
        core.handle(Received(frame))
        refused_or_read(lambda wrong=wrong, core=core: core.handle(Computed(wrong)))
