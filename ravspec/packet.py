"""A Socket.IO event and its frame as one packet, between Python peers.

Socket.IO sends an event with bytes as two packets, a text that names it and the bytes. Queueing, sending
and waking up for the second took a tenth of the time of a small op. A `Joined` frame goes in one packet:

    length of the text u32, little-endian | the text, as Socket.IO writes it | the frame

Whoever says hello in one packet is answered so; everybody else, browsers too, speaks plain Socket.IO.
Packets without bytes, acknowledgements for instance, are as ever.
"""

from __future__ import annotations

import struct
from typing import Any

LENGTH = struct.Struct("<I")

#: a larger frame is not worth the copy behind its text
JOINED_BYTES = 1 << 18

#: what lies between a packet type and its like with bytes: EVENT 2 and BINARY_EVENT 5, ACK 3 and BINARY_ACK 6
BINARY = 3


class Joined(bytes):
    """A frame that came, or is to go, in one packet with its event."""


def joined(frame: bytes) -> bytes:
    """The frame, to go in one packet unless it is large."""
    return Joined(frame) if len(frame) <= JOINED_BYTES else frame


def joining(packet: Any) -> Any:
    """socketio's `Packet` with joined frames; for the option `serializer` of its servers and clients."""

    class JoiningPacket(packet):  # type: ignore[misc]
        def encode(self) -> Any:
            parts = super().encode()
            if isinstance(parts, list) and len(parts) == 2 and isinstance(parts[1], Joined):
                text = parts[0].encode()
                return LENGTH.pack(len(text)) + text + parts[1]
            return parts

        def decode(self, encoded_packet: Any) -> Any:
            if isinstance(encoded_packet, str):
                return super().decode(encoded_packet)
            if len(encoded_packet) < LENGTH.size:
                raise ValueError(f"a packet of {len(encoded_packet)} bytes is none")
            start = LENGTH.size + LENGTH.unpack_from(encoded_packet)[0]
            if start > len(encoded_packet):
                raise ValueError(f"a packet's text ends at {start}; {len(encoded_packet)} bytes came")
            self.attachment_count = super().decode(encoded_packet[LENGTH.size : start].decode())
            if self.attachment_count != 1:
                raise ValueError(f"a joined packet has one frame; its text names {self.attachment_count}")
            self.add_attachment(Joined(encoded_packet[start:]))
            self.packet_type -= BINARY  # it is complete
            return 0

    return JoiningPacket
