"""Packing: many sums in one large integer, a slot each.

Both sides derive the same layout from the spec, so it is never sent. A slot is wide enough for the total of
all contributors, with its sign, and two bits to spare; values are added into it as signed integers, and taken
out from the bottom up, where a negative one borrows from its neighbour and pays back. What remains in the end
must be nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ravspec.errors import ComputeError, LimitError
from ravspec.federated import Spec
from ravspec.statistics import all_sums
from ravspec.sums import Sum, noise_parts

#: bits of a modulus that hold no slot: so nothing that is packed comes near half of it
SPARE_BITS = 4
#: bits of a packed integer where nothing is encrypted
PLAIN_BITS = 3072


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a sum is: in which packed integer, from which bit on, how wide, and how large it may be."""

    sum: Sum
    part: int
    offset: int
    width: int
    most: int  #: of one contributor, either side of zero


@dataclass(frozen=True, slots=True)
class Layout:
    """All slots of a spec."""

    slots: tuple[Slot, ...]
    parts: int
    #: packed integers are counted modulo this
    modulus: int


def layout_of(spec: Spec) -> Layout:
    """The layout of a spec: sums in order, each behind the one before, a new part where it does not fit."""
    modulus = spec.n if spec.encryption else 1 << PLAIN_BITS
    room = modulus.bit_length() - SPARE_BITS
    slots: list[Slot] = []
    part, offset = 0, 0
    sums = all_sums(spec)
    shares = noise_parts(sums)
    for total in sums:
        most = total.of_contributor(spec, shares)
        width = (most * spec.max_clients).bit_length() + 2
        if width > room:
            raise LimitError(
                f"{total.text()} needs {width} bits, and a key of {modulus.bit_length()} bits holds {room}; "
                "take a narrower rule, fewer decimals or a larger key"
            )
        if offset + width > room:
            part, offset = part + 1, 0
        slots.append(Slot(total, part, offset, width, most))
        offset += width
    return Layout(tuple(slots), part + 1, modulus)


def pack(layout: Layout, sums: Mapping[Sum, int]) -> list[int]:
    """One contributor's sums as integers below the modulus; one that is out of its range is refused."""
    parts = [0] * layout.parts
    for slot in layout.slots:
        value = sums[slot.sum]
        if abs(value) > slot.most:
            raise LimitError(f"{slot.sum.text()} is {value}, and {slot.most} is the most; see max_rows")
        parts[slot.part] += value << slot.offset
    return [part % layout.modulus for part in parts]


def unpack(layout: Layout, parts: list[int], contributors: int) -> dict[Sum, int]:
    """The totals of so many contributors; ComputeError where they cannot be sums of honest ones."""
    if len(parts) != layout.parts:
        raise ComputeError(f"{len(parts)} packed integers, and the spec has {layout.parts}")
    rest = [part - layout.modulus if part > layout.modulus // 2 else part for part in parts]
    totals: dict[Sum, int] = {}
    for slot in layout.slots:
        whole = rest[slot.part]
        value = whole & ((1 << slot.width) - 1)
        if value >> (slot.width - 1):
            value -= 1 << slot.width
        rest[slot.part] = (whole - value) >> slot.width
        if abs(value) > slot.most * contributors:
            raise ComputeError(
                f"{slot.sum.text()} comes to more than {contributors} honest contributors can have: "
                "one of them sent garbage, and nothing of this graph can be trusted"
            )
        totals[slot.sum] = value
    if any(rest):
        raise ComputeError(
            "something is left beside the sums: a contributor sent garbage; trust nothing of it"
        )
    return totals
