"""An event and its frame in one packet, beside plain Socket.IO."""

from __future__ import annotations

from typing import Any

import pytest
from socketio import packet as socketio_packet

from ravspec.packet import JOINED_BYTES, LENGTH, Joined, joined, joining

Packet = joining(socketio_packet.Packet)


def event(frame: bytes, number: int | None = None) -> Any:
    """What goes over the wire for an event with that frame."""
    return Packet(socketio_packet.EVENT, data=["result", frame], namespace="/", id=number).encode()


def test_a_joined_frame_goes_with_its_event_and_comes_back_joined() -> None:
    sent = event(joined(b"RDF1..."), number=7)
    assert isinstance(sent, bytes)
    came = Packet(encoded_packet=sent)
    assert (came.packet_type, came.id, came.data) == (socketio_packet.EVENT, 7, ["result", b"RDF1..."])
    assert isinstance(came.data[1], Joined)
    assert came.attachment_count == 0


def test_other_frames_are_plain_socket_io() -> None:
    plain = socketio_packet.Packet(socketio_packet.EVENT, data=["result", b"x"], namespace="/").encode()
    assert event(b"x") == plain
    came = Packet(encoded_packet=plain[0])
    assert came.attachment_count == 1
    assert came.add_attachment(plain[1])
    assert came.data == ["result", b"x"]
    assert not isinstance(came.data[1], Joined)
    assert not isinstance(joined(bytes(JOINED_BYTES + 1)), Joined)


def test_acknowledgements_are_plain_too() -> None:
    assert Packet(socketio_packet.ACK, data=["taken"], namespace="/", id=3).encode() == '33["taken"]'


@pytest.mark.parametrize(
    "malformed",
    [
        b"\x01\x00",
        LENGTH.pack(9) + b"51-[",
        LENGTH.pack(2**32 - 1) + b"51-[]",
        LENGTH.pack(5) + b'2["a"' + b"frame",
        LENGTH.pack(4) + b"2[1]" + b"frame",
        LENGTH.pack(6) + b"52-[1]" + b"frame",
        LENGTH.pack(3) + b"\xff\xfe\xfd" + b"frame",
        LENGTH.pack(4) + b"51-{" + b"frame",
    ],
)
def test_a_malformed_packet_is_a_value_error(malformed: bytes) -> None:
    with pytest.raises(ValueError):
        Packet(encoded_packet=malformed)
