"""The laws at the head of ravspec.codec."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ravspec.codec import (
    DTYPES,
    PREFIX,
    array_bytes,
    array_from,
    literal_from_json,
    literal_to_json,
    pack,
    split,
)
from ravspec.errors import DTypeError, ProtocolError

headers = st.binary(max_size=50)
bodies = st.lists(st.binary(max_size=40), max_size=5)


@given(headers, bodies)
def test_a_frame_gives_back_what_was_packed(header: bytes, buffers: list[bytes]) -> None:
    got_header, got = split(pack(header, buffers))
    assert got_header == header
    assert [bytes(b) for b in got] == buffers


@given(headers, bodies, st.data())
def test_a_frame_that_is_cut_or_longer_is_refused(
    header: bytes, buffers: list[bytes], data: st.DataObject
) -> None:
    frame = pack(header, buffers)
    cut = data.draw(st.integers(0, len(frame) - 1))
    for wrong in (frame[:cut], frame + b"\0"):
        with pytest.raises(ProtocolError):
            split(wrong)


@given(headers, bodies)
def test_another_version_is_named(header: bytes, buffers: list[bytes]) -> None:
    frame = bytearray(pack(header, buffers))
    frame[4] = 77
    with pytest.raises(ProtocolError, match="version 77"):
        split(frame)


@given(st.binary(min_size=PREFIX.size, max_size=200))
def test_arbitrary_bytes_never_raise_anything_else(data: bytes) -> None:
    for frame in (data, b"RDF1\x01\x00" + data):
        with pytest.raises(ProtocolError):
            split(frame)


def test_sizes_are_checked_before_anything_is_allocated() -> None:
    huge = PREFIX.pack(b"RDF1", 1, 1, 0, PREFIX.size + 8) + (2**62).to_bytes(8, "little")
    with pytest.raises(ProtocolError, match="do not add up"):
        split(huge)


@given(
    st.sampled_from(sorted(DTYPES)).flatmap(
        lambda name: hnp.arrays(
            np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
        )
    )
)
def test_an_array_comes_back_bit_for_bit(array: np.ndarray) -> None:
    again = array_from(array_bytes(array), array.dtype.name, array.shape)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert again.tobytes() == array.tobytes()


def test_a_transposed_or_big_endian_array_travels_in_order() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for given_form in (x.T, x.astype(">f8")):
        want = np.ascontiguousarray(given_form).astype("<f8")
        assert array_from(array_bytes(given_form), "float64", given_form.shape).tolist() == want.tolist()


@pytest.mark.parametrize("value", [np.array(["a"]), np.array([object()]), np.array([1], "M8[s]")])
def test_other_dtypes_do_not_travel(value: np.ndarray) -> None:
    with pytest.raises(DTypeError, match="cannot travel"):
        array_bytes(value)


@pytest.mark.parametrize(("shape", "offset"), [((3,), 0), ((2,), 8), ((-1,), 0), ((2,), -8), ((2**40,), 0)])
def test_an_array_that_is_not_all_there_is_refused(shape: tuple[int, ...], offset: int) -> None:
    with pytest.raises(ProtocolError):
        array_from(bytes(16), "float64", shape, offset)


@given(st.one_of(st.booleans(), st.integers(), st.floats(), st.complex_numbers()))
def test_a_number_comes_back_with_its_type(value: complex) -> None:
    again = literal_from_json(literal_to_json(value))
    assert type(again) is type(value)
    assert repr(again) == repr(value)


@pytest.mark.parametrize("value", ["1", None, [1], {"float": "1"}, {"complex": [1]}])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ProtocolError):
        literal_from_json(value)
