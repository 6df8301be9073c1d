"""Messages come back as they were, and what is no message of the union is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravspec import messages
from ravspec.codec import pack
from ravspec.errors import ProtocolError

UNIONS = {
    messages.FromDeveloper: [messages.Submit(0, [0, 0, 0, 0], kinds=[("add", {})], literals=[1, 2.5, True])],
    messages.ToDeveloper: [
        messages.Stored(3),
        messages.Progress(5, 1, 1, 0, 2, "why"),
        messages.Values([("int64", [2])], {0: "ab"}),
        messages.Failures([messages.Failure(4, 3, "inv", "LinAlgError: x", "a.py", 7)]),
        messages.Alive(),
        messages.Done("ended"),
        messages.Error("text", "GraphError"),
    ],
    messages.FromContributor: [
        messages.Hello("l", "n", 1.0, 1, 1, 1.0, 1.0, 0.0, "c", {"numpy": "2"}),
        messages.Heartbeat("l"),
        messages.Result("l", 1, 0.5, [("float64", [])], [(3, "e")], {0: "ab"}),
        messages.Refuse("l", 1, "no", [1, 2]),
        messages.Crash("l", "dead"),
        messages.Bye("l"),
        messages.Watch("l"),
    ],
    messages.ToContributor: [
        messages.Welcome(True, 10.0, 3.0, 1),
        messages.Assign(1, 2, 3.0, [("add", {"axis": [1]})], [("int8", None)], [1.5], {2: "cd"}),
        messages.Void(1, "late"),
        messages.Unknown("l", "old"),
        messages.News(2, [messages.GraphNews(7, "sky", 9, 3, 1)]),
    ],
}
PAIRS = [(union, message) for union, examples in UNIONS.items() for message in examples]


@pytest.mark.parametrize(("union", "message"), PAIRS, ids=lambda x: type(x).__name__)
def test_a_message_comes_back_as_it_was(union: object, message: messages.Message) -> None:
    again, buffers = messages.decode(messages.encode(message, [b"one", b""]), union)
    assert msgspec.to_builtins(again) == msgspec.to_builtins(message)
    assert [bytes(b) for b in buffers] == [b"one", b""]


def test_every_message_has_an_example() -> None:
    have = {type(message) for _, message in PAIRS}
    assert have == set(messages.Message.__subclasses__())


@pytest.mark.parametrize(("union", "message"), PAIRS, ids=lambda x: type(x).__name__)
def test_a_field_too_many_a_field_too_few_and_a_foreign_message_are_refused(
    union: object, message: messages.Message
) -> None:
    fields = msgspec.to_builtins(message)
    wrong = [{**fields, "colour": "blue"}, {"type": "nosuch"}, {**fields, "type": 5}, {}]
    wrong += [{k: v for k, v in fields.items() if k != name} for name in required(type(message))]
    for header in wrong:
        with pytest.raises(ProtocolError):
            messages.decode(pack(msgspec.json.encode(header)), union)


def required(kind: type[messages.Message]) -> list[str]:
    return [f.name for f in msgspec.structs.fields(kind) if f.required]


@given(st.sampled_from(list(UNIONS)), st.binary(max_size=80))
def test_arbitrary_headers_never_raise_anything_else(union: object, header: bytes) -> None:
    with pytest.raises(ProtocolError):
        messages.decode(pack(header), union)
