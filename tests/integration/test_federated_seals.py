"""Sealed rosters: server and developer together cannot open what each of them could open without a roster."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fedpeople import COLUMNS, Owner, all_take_part, federated, pooled

import ravop as R
from ravpy import federated as contributors
from ravpy.ledger import Ledger
from ravpy.policy import Refused
from ravpy.seals import SealKey
from ravspec import paillier
from ravspec.ciphertexts import Wire
from ravspec.errors import ComputeError
from ravspec.federated import Spec
from ravspec.slots import layout_of, unpack

pytestmark = pytest.mark.usefixtures("at_home")

Sent = list[bytes]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What a server would have that keeps each contribution."""
    bodies: Sent = []
    real = contributors.send

    def send(config: Any, spec: Spec, contributor: str, body: bytes) -> str:
        bodies.append(body)
        return real(config, spec, contributor, body)

    monkeypatch.setattr(contributors, "send", send)
    return bodies


def roster(owners: list[Owner]) -> dict[str, str]:
    """Their names and keys."""
    return {f"owner {i}": SealKey(o.state, Ledger(o.state)).public() for i, o in enumerate(owners)}


def sealed(owners: list[Owner]) -> Any:
    """A graph of these and nobody else."""
    return federated(COLUMNS, len(owners), roster=roster(owners))


def opened(graph: Any, bodies: Sent) -> dict[str, int]:
    """What server and developer make of some contributions together."""
    kept = graph._frozen()
    layout = layout_of(kept.spec)
    wire = Wire(kept.spec, layout)
    total = wire.none()
    for body in bodies:
        total = wire.add(total, wire.from_bytes(body))
    parts = paillier.decrypt(paillier.Key(*kept.primes), total)
    return {s.text(): value for s, value in unpack(layout, parts, len(bodies)).items()}


def ages(owners: list[Owner]) -> int:
    """Their sum, less the middle of the rule for each, as it travels."""
    return sum(row[0] - 60 for owner in owners for row in owner.rows)


def test_without_a_roster_server_and_developer_open_one_contribution(owners: list[Owner], sent: Sent) -> None:
    graph = federated(COLUMNS)
    R.federated_mean("age")
    all_take_part(owners, graph)
    assert opened(graph, sent[:1])["sum of age"] == ages(owners[:1])


def test_with_a_roster_they_open_nothing_but_the_total_of_all(owners: list[Owner], sent: Sent) -> None:
    graph = sealed(owners)
    mean = R.federated_mean("age")
    all_take_part(owners, graph)
    assert opened(graph, sent)["sum of age"] == ages(owners)
    for some in (sent[:1], sent[:2], sent[1:], [sent[0], sent[2]]):
        with pytest.raises(ComputeError, match="garbage"):
            opened(graph, some)
    assert mean()["age"] == pooled(owners)["age"].mean()
    assert "server and developer together cannot open it" in " ".join(owners[0].screens[0].lower().split())
    assert "owner 0, owner 1, owner 2" in owners[0].screens[0]


def test_who_is_not_in_the_roster_takes_no_part(owners: list[Owner], sent: Sent) -> None:
    graph = sealed(owners[:2])
    R.federated_mean("age")
    word = str(graph.fingerprint)
    with pytest.raises(
        Refused, match=r"roster: the key of this machine, [0-9a-f]{64}, is none of those of owner 0"
    ):
        owners[2].take_part(graph.id, expect=word, policy={"min_clients": 2})
    assert owners[2].screens == []
    assert sent == []


def test_an_owner_may_ask_for_a_roster(owners: list[Owner]) -> None:
    graph = federated(COLUMNS)
    R.federated_mean("age")
    word = str(graph.fingerprint)
    with pytest.raises(Refused, match="sealed: the graph has no roster"):
        owners[0].take_part(graph.id, expect=word, policy={"sealed": True})


def test_a_key_that_everybody_knows_the_secret_of_is_refused(owners: list[Owner], sent: Sent) -> None:
    names = {**roster(owners[:2]), "nobody": "0" * 64}
    graph = federated(COLUMNS, roster=names)
    R.federated_mean("age")
    with pytest.raises(Refused, match="roster: the key of nobody is none"):
        owners[0].take_part(graph.id, expect=str(graph.fingerprint))
    assert sent == []


def test_a_stranger_spoils_a_sealed_total_and_learns_nothing(owners: list[Owner], sent: Sent) -> None:
    graph = sealed(owners)
    mean = R.federated_mean("age")
    spec = graph._frozen().spec
    stranger = Wire(spec, layout_of(spec)).to_bytes(paillier.encrypt(spec.n, [0]))
    for owner in owners[:2]:
        owner.take_part(graph.id, expect=str(graph.fingerprint))
    contributors.send(owners[0].config, spec, "e" * 32, stranger)
    with pytest.raises(ComputeError, match="garbage"):
        mean()
    assert json.loads(owners[0].state.joinpath("contributor/graphs.json").read_text())[0]["sent"]
