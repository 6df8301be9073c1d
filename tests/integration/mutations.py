"""Real frames, made wrong as an attacker or a broken peer would: bytes, lengths, headers, columns."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from typing import Any

from ravspec.codec import PREFIX, pack, split

#: what stands in a header instead of what should
ODD: list[Any] = [
    None, True, -1, 0, 1, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63),
    0.5, 1e308, -0.0,
    "", "x", "x" * 5000, "\x00", "../../etc/passwd", "__class__", "'; DROP TABLE graph; --", "\U0001f600",
    [], [[]], [None], {}, {"a": {}}, {"float": "nan"}, {"float": "1e999"}, {"complex": [1]}, ["object", [2]],
    ["float64", [2**40, 2**40]], ["float64", [-1]], ["float64", None], ["<f8", [1]], ["O", []], [1] * 1000,
]  # fmt: skip

#: numbers that columns of numbers have instead
EDGES = (0, 1, 2, 7, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def flip(chance: random.Random, frame: bytes) -> bytes:
    """Some bits are others."""
    changed = bytearray(frame)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(chance: random.Random, frame: bytes) -> bytes:
    """It breaks off, or something is missing or twice there in the middle."""
    a, b = sorted(chance.randrange(len(frame) + 1) for _ in range(2))
    return chance.choice((frame[:a], frame[:a] + frame[b:], frame[:b] + frame[a:], frame + frame[a:b]))


def prefix(chance: random.Random, frame: bytes) -> bytes:
    """A number of the prefix, or the length of a buffer, is another."""
    magic, version, n_buffers, header, total = PREFIX.unpack_from(frame)
    fields = [version, n_buffers, header, total]
    at = chance.randrange(5)
    if at == 4 and n_buffers:
        offset = PREFIX.size + 8 * chance.randrange(n_buffers)
        length = chance.choice((0, 1, 8, total, 2**32, 2**63 - 1, 2**64 - 1))
        return frame[:offset] + struct.pack("<Q", length) + frame[offset + 8 :]
    sizes = (2**16, 2**16, 2**32, 2**64)
    fields[at % 4] = chance.choice((0, 1, fields[at % 4] + 1, sizes[at % 4] - 1)) % sizes[at % 4]
    return PREFIX.pack(magic, *fields) + frame[PREFIX.size :]


def header(chance: random.Random, frame: bytes) -> bytes:
    """A value somewhere in the header is an odd one, a key is missing, or one is there that should not be."""
    encoded, buffers = split(frame)
    tree = json.loads(encoded)
    places = [*branches(tree)]
    parent, key = chance.choice(places)
    what = chance.randrange(4)
    if what == 0 and isinstance(parent, dict):
        del parent[key]
    elif what == 1 and isinstance(parent, dict):
        parent[chance.choice(("x", "type", "stored", "0", "-1", "999999999999"))] = chance.choice(ODD)
    else:
        parent[key] = chance.choice(ODD)
    return pack(json.dumps(tree).encode(), buffers)


def branches(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree of lists and objects: (parent, key)."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from branches(tree[key])


def column(chance: random.Random, frame: bytes) -> bytes:
    """A buffer has another number somewhere, another length, or another's place."""
    encoded, views = split(frame)
    buffers = [bytes(view) for view in views]
    if not buffers:
        return frame
    at = chance.randrange(len(buffers))
    body = bytearray(buffers[at])
    what = chance.randrange(4)
    if what == 0 and len(body) >= 4:
        offset = 4 * chance.randrange(len(body) // 4)
        body[offset : offset + 4] = struct.pack("<I", chance.choice(EDGES))
    elif what == 1:
        del body[chance.randrange(len(body) + 1) :]
    elif what == 2:
        body += body or bytes(chance.choice((1, 4, 8)))
    else:
        body = bytearray(chance.choice(buffers))
    buffers[at] = bytes(body)
    return pack(encoded, buffers)


MUTATIONS = (flip, cut, prefix, header, header, header, column, column, column)


def mutants(frame: bytes, n: int, seed: int) -> Iterator[bytes]:
    """So many wrong versions of a frame, the same ones for the same seed."""
    chance = random.Random(seed)
    for _ in range(n):
        wrong = frame
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            try:
                wrong = chance.choice(MUTATIONS)(chance, wrong)
            except Exception:  # noqa: BLE001 - it is too wrong already to be read and made worse
                break
            if not wrong:
                break
        yield wrong
