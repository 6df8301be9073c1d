"""Packing: what goes in comes out, for any sums of any contributors; what cannot be is noticed."""

from __future__ import annotations

import random
from typing import Any

import pytest
from fedspecs import make_spec
from hypothesis import given, settings
from hypothesis import strategies as st

from ravspec.ciphertexts import Wire
from ravspec.decimals import MOST_LIMIT
from ravspec.errors import ComputeError, LimitError, ProtocolError
from ravspec.federated import By, Column, Spec, Statistic
from ravspec.slots import PLAIN_BITS, layout_of, pack, unpack

bounds = st.tuples(*[st.integers(-MOST_LIMIT, MOST_LIMIT)] * 2).map(sorted)
columns = st.builds(lambda b: Column(str(b[0]), str(b[1]), 0), bounds) | st.just(Column())


@st.composite
def specs(draw: Any) -> Spec:
    """Specs of one to six columns and a few statistics."""
    rules = draw(st.dictionaries(st.sampled_from("abcdef"), columns, min_size=2))
    names = draw(st.lists(st.sampled_from(["count", "missing", "sum", "variance", "covariance"]), min_size=1))
    by = draw(st.none() | st.just(By("sex", ("f", "m"))))
    asked = [Statistic(name, tuple(rules), by=by) for name in dict.fromkeys(names)]
    rows, clients = draw(st.integers(1, 1 << 30)), draw(st.integers(1, 1000))
    return make_spec(rules, *asked, max_rows=rows, max_clients=clients, min_clients=1)


@settings(max_examples=60, deadline=None)
@given(specs(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_totals_come_out_of_what_was_packed_and_added(spec: Spec, clients: int, rng: random.Random) -> None:
    layout = layout_of(spec)
    wire, total = Wire(spec, layout), Wire(spec, layout).none()
    clients = min(clients, spec.max_clients)
    expected = dict.fromkeys((slot.sum for slot in layout.slots), 0)
    for _ in range(clients):
        # the ends of the range as often as anything between
        sums = {
            slot.sum: rng.choice([slot.most, -slot.most, 0, rng.randint(-slot.most, slot.most)])
            for slot in layout.slots
        }
        expected = {key: value + sums[key] for key, value in expected.items()}
        total = wire.add(total, wire.from_bytes(wire.to_bytes(pack(layout, sums))))
    assert unpack(layout, total, clients) == expected


def example() -> Spec:
    return make_spec({"a": Column("0", "100", 0)}, Statistic("variance", ("a",)), max_rows=1000)


def test_slots_do_not_overlap_and_fit() -> None:
    spec = make_spec(
        {f"c{i}": Column() for i in range(30)}, *[Statistic("variance", (f"c{i}",)) for i in range(30)]
    )
    layout = layout_of(spec)
    assert layout.parts > 1
    for part in range(layout.parts):
        mine = [slot for slot in layout.slots if slot.part == part]
        end = 0
        for slot in mine:
            assert slot.offset == end
            end += slot.width
        assert end <= PLAIN_BITS - 3


def test_ten_columns_with_default_rules_and_three_statistics_are_one_part() -> None:
    names = tuple(f"c{i}" for i in range(10))
    asked = [Statistic(name, names) for name in ("mean", "variance", "standard_deviation")]
    spec = make_spec(dict.fromkeys(names, Column()), *asked, max_rows=1 << 26, max_clients=100)
    assert layout_of(spec).parts == 1


def test_a_sum_out_of_its_range_is_not_packed() -> None:
    layout = layout_of(example())
    sums = {slot.sum: slot.most for slot in layout.slots}
    pack(layout, sums)
    for slot in layout.slots:
        for value in (slot.most + 1, -slot.most - 1):
            with pytest.raises(LimitError, match="is the most"):
                pack(layout, {**sums, slot.sum: value})


def test_totals_that_no_honest_contributors_have_are_noticed() -> None:
    spec = example()
    layout = layout_of(spec)
    sums = {slot.sum: slot.most for slot in layout.slots}
    (packed,) = pack(layout, sums)
    # of two at once, if there was but one
    with pytest.raises(ComputeError, match="more than 1 honest"):
        unpack(layout, [2 * packed], 1)
    # something above the last slot
    with pytest.raises(ComputeError, match="left beside"):
        unpack(layout, [packed + (1 << 2000)], 1)
    with pytest.raises(ComputeError, match="2 packed"):
        unpack(layout, [packed, 0], 1)


def test_a_column_too_wide_for_the_key_is_refused_with_advice() -> None:
    wide = make_spec({"a": Column()}, Statistic("variance", ("a",)), modulus="f" * 64)
    with pytest.raises(LimitError, match="fewer decimals"):
        layout_of(make_spec(wide.columns, *wide.statistics, modulus="f" * 32))


def test_a_message_of_another_length_or_beyond_the_modulus_is_refused() -> None:
    spec = example()
    wire = Wire(spec, layout_of(spec))
    for body in (b"", b"\0" * (wire.size_bytes - 1), b"\0" * (wire.size_bytes + 1)):
        with pytest.raises(ProtocolError, match="bytes"):
            wire.from_bytes(body)
    spec = make_spec(spec.columns, *spec.statistics, modulus="b" * 256)
    wire = Wire(spec, layout_of(spec))
    with pytest.raises(ProtocolError, match="no ciphertext"):
        wire.from_bytes(b"\xff" * wire.size_bytes)
