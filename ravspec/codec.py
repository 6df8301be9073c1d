"""Frames and arrays to bytes and back, with the standard library and NumPy only (the browser runs this).

A frame is a message on the wire: a small JSON header and raw buffers.

    "RDF1" | version u16 | number of buffers u16 | header length u32 | total length u64
           | length of each buffer u64 | header | buffers, each padded to a multiple of 8

All numbers are little-endian. Laws, held by property tests:

1. split(pack(header, buffers)) gives back header and buffers.
2. Every proper prefix of a frame, every extension and every frame of another version raise ProtocolError.
3. Lengths are checked against what is there before anything is sliced or allocated.
4. array_from(array_bytes(a), a.dtype.name, a.shape) equals a, NaN payloads included, for every dtype in
   DTYPES; no other dtype can be written or read, so no object is ever unpickled.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravspec.errors import DTypeError, ProtocolError

VERSION = 1
MAGIC = b"RDF1"
#: "RDF1", version, number of buffers, header length, total length
PREFIX = struct.Struct("<4sHHIQ")

Buffer = bytes | bytearray | memoryview

#: the closed list of dtypes, by name; bytes on the wire are little-endian
DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        "bool",
        "int8", "int16", "int32", "int64",
        "uint8", "uint16", "uint32", "uint64",
        "float32", "float64",
        "complex64", "complex128",
    )
}  # fmt: skip


#: the name of each (numpy's own `dtype.name` takes 8 us)
NAMES: dict[np.dtype[Any], str] = {dtype: name for name, dtype in DTYPES.items()}


def _padded(size: int) -> int:
    return -size % 8 + size


def pack(header: bytes, buffers: Sequence[Buffer] = ()) -> bytes:
    """One frame from an encoded JSON header and raw buffers (contiguous, one byte an item)."""
    sizes = [len(buffer) for buffer in buffers]
    start = PREFIX.size + 8 * len(sizes) + len(header)
    total = _padded(start) + sum(map(_padded, sizes))
    parts: list[Buffer] = [
        PREFIX.pack(MAGIC, VERSION, len(sizes), len(header), total),
        struct.pack(f"<{len(sizes)}Q", *sizes),
        header,
        bytes(_padded(start) - start),
    ]
    for buffer, size in zip(buffers, sizes, strict=True):
        parts.append(buffer)
        if size % 8:
            parts.append(bytes(_padded(size) - size))
    return b"".join(parts)


def total_length(prefix: Buffer) -> int:
    """The length of a whole frame, from its first PREFIX.size bytes. A stream reader's question."""
    if len(prefix) < PREFIX.size:
        raise ProtocolError(f"a frame has at least {PREFIX.size} bytes; got {len(prefix)}")
    magic, version, n_buffers, header_length, total = PREFIX.unpack_from(prefix)
    if magic != MAGIC:
        raise ProtocolError(f"not an RDF frame: it begins with {bytes(magic)!r}, not {MAGIC!r}")
    if version != VERSION:
        raise ProtocolError(
            f"the other side speaks protocol version {version}, this one speaks {VERSION}: "
            "install the same RDF version on both"
        )
    if total < PREFIX.size + 8 * n_buffers + header_length:
        raise ProtocolError(f"a frame of {total} bytes cannot hold a header of {header_length}")
    return int(total)


def split(frame: Buffer) -> tuple[bytes, list[memoryview]]:
    """The encoded header of a frame and views of its buffers (no copy)."""
    view = memoryview(frame).cast("B")
    total = total_length(view)
    if total != len(view):
        raise ProtocolError(f"the frame says {total} bytes; {len(view)} came")
    _, _, n_buffers, header_length, _ = PREFIX.unpack_from(view)
    at = PREFIX.size + 8 * n_buffers
    sizes = struct.unpack_from(f"<{n_buffers}Q", view, PREFIX.size)
    header = bytes(view[at : at + header_length])
    at = _padded(at + header_length)
    if at + sum(map(_padded, sizes)) != total:
        raise ProtocolError(f"the frame's buffers of {sizes} bytes do not add up to its {total} bytes")
    buffers = []
    for size in sizes:
        buffers.append(view[at : at + size])
        at += _padded(size)
    return header, buffers


def dtype_of(name: str) -> np.dtype[Any]:
    """The dtype of a wire name, from the closed list."""
    try:
        return DTYPES[name]
    except (KeyError, TypeError):
        raise DTypeError(f"dtype {name!r} cannot travel; use one of {', '.join(DTYPES)}") from None


def name_of(dtype: np.dtype[Any]) -> str:
    """The wire name of a dtype; one that cannot travel is a DTypeError."""
    name = NAMES.get(dtype)
    if name is None:
        name = dtype.name  # a big-endian one has the same name
        dtype_of(name)
    return name


def array_bytes(array: Any) -> Buffer:
    """The raw little-endian bytes of an array (or NumPy scalar), without a copy where it is contiguous."""
    array = np.asarray(array)
    wire = DTYPES[name_of(array.dtype)]
    array = np.ascontiguousarray(array, dtype=wire)
    return memoryview(array.reshape(-1).view(np.uint8)) if array.size else b""


def array_from(buffer: Buffer, dtype: str, shape: Sequence[int], offset: int = 0) -> NDArray[Any]:
    """A view of `buffer` as an array; read-only if the buffer is."""
    wire = dtype_of(dtype)
    count = math.prod(shape)
    if any(n < 0 for n in shape) or offset < 0 or offset + count * wire.itemsize > len(buffer):
        raise ProtocolError(
            f"an array of shape {tuple(shape)} and dtype {dtype} needs {count * wire.itemsize} bytes "
            f"at {offset}; {len(buffer)} came"
        )
    if count == 0:
        return np.empty(tuple(shape), wire)
    return np.frombuffer(buffer, wire, count, offset).reshape(shape)


def column(values: Any, dtype: str) -> Buffer:
    """A column of numbers as a buffer."""
    return np.asarray(values, DTYPES[dtype]).tobytes()


def read_column(buffer: Buffer, dtype: str) -> NDArray[Any]:
    """The column back, as a view."""
    wire = DTYPES[dtype]
    if len(buffer) % wire.itemsize:
        raise ProtocolError(f"a column of {dtype} cannot have {len(buffer)} bytes")
    return np.frombuffer(buffer, wire)


def literal_to_json(value: bool | int | float | complex) -> Any:
    """A Python number as JSON; what JSON has no word for is tagged."""
    if isinstance(value, complex):
        return {"complex": [literal_to_json(value.real), literal_to_json(value.imag)]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


def literal_from_json(value: Any) -> bool | int | float | complex:
    """The Python number back; anything else is a ProtocolError."""
    if isinstance(value, bool | int | float):
        return value
    match value:
        case {"float": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case {"complex": [real, imag]}:
            return complex(float(literal_from_json(real)), float(literal_from_json(imag)))  # type: ignore[arg-type]
    raise ProtocolError(f"not a number: {value!r}")
