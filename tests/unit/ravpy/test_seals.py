"""Masks: they vanish together and only together, are of one graph, and spread over all of the modulus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fedfiles import make_spec

from ravpy.ledger import Ledger
from ravpy.seals import Seal, SealKey, masks_of
from ravspec.errors import ConfigError
from ravspec.federated import Column, Spec, Statistic, fingerprint
from ravspec.slots import Layout, layout_of

#: so many columns that they fill several packed integers
COLUMNS = {f"x{i}": Column("0", "1000", 6) for i in range(40)}
N = 2**1024 - 105


def spec_of(keys: list[SealKey], **more: Any) -> Spec:
    roster = {f"owner {i}": key.public() for i, key in enumerate(keys)}
    of = Statistic("variance", tuple(COLUMNS))
    sizes = {"min_clients": len(keys), "max_clients": len(keys)}
    return make_spec(COLUMNS, of, modulus=f"{N:x}", roster=roster, **sizes, **more)


def keys(folder: Path, n: int) -> list[SealKey]:
    return [SealKey(folder / f"{i}", Ledger(folder / f"{i}")) for i in range(n)]


def zero(layout: Layout) -> list[int]:
    return [0] * layout.parts


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_masks_of_all_vanish_and_those_of_fewer_do_not(tmp_path: Path, n: int) -> None:
    people = keys(tmp_path, n)
    spec = spec_of(people)
    layout = layout_of(spec)
    assert layout.parts > 1
    masks = [Seal(key, spec).masked(layout, zero(layout)) for key in people]
    for part in zip(*masks, strict=True):
        assert sum(part) % N == 0
        for left_out in range(n):
            rest = (sum(part) - part[left_out]) % N
            # a mask that is small would leave the slots above it as they are
            assert 0 < rest < N
            assert min(rest, N - rest).bit_length() > 960


def test_the_masks_of_a_pair_are_of_one_graph_and_differ_from_part_to_part(tmp_path: Path) -> None:
    people = keys(tmp_path, 2)
    pair = (people[0].public(), people[1].public())
    one, other = spec_of(people), spec_of(people, nonce="cd" * 16)
    layout = layout_of(one)
    masks = [
        *masks_of(b"secret", fingerprint(one), pair, layout),
        *masks_of(b"secret", fingerprint(other), pair, layout),
    ]
    assert len(set(masks)) == 2 * layout.parts
    # both of a pair derive the same
    assert masks_of(b"secret", fingerprint(one), pair[::-1], layout) == masks[: layout.parts]


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    (key,) = keys(tmp_path, 1)
    assert key.public() == key.public()
    path = tmp_path / "0/contributor/seal"
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="is damaged"):
        key.public()
