"""What has masks or noise is made once: sent again it is the same bytes, and other numbers are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fedpeople import COLUMNS, Owner, all_take_part, federated, pooled

import ravop as R
from ravpy import federated as contributors
from ravpy.ledger import Ledger
from ravpy.policy import Refused
from ravpy.seals import SealKey
from ravspec.errors import ServerUnreachable
from ravspec.federated import Spec

pytestmark = pytest.mark.usefixtures("at_home")

Sent = list[bytes]


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The first two contributions, of which nobody knows whether they came; further ones come."""
    sent: Sent = []
    real = contributors.send

    def send(config: Any, spec: Spec, contributor: str, body: bytes) -> str:
        sent.append(body)
        if len(sent) <= 2:
            raise ServerUnreachable("no answer")
        return real(config, spec, contributor, body)

    monkeypatch.setattr(contributors, "send", send)
    return sent


def rules_of(kind: str, owners: list[Owner]) -> dict[str, Any]:
    """Rules of a sealed graph, of one with noise, of one with neither."""
    roster = {f"owner {i}": SealKey(o.state, Ledger(o.state)).public() for i, o in enumerate(owners)}
    return {"sealed": {"roster": roster}, "noisy": {"epsilon": 1}, "plain": {}}[kind]


def twice_in_vain(owner: Owner, graph: Any, **policy: Any) -> None:
    """The owner takes part, and again."""
    for _ in range(2):
        with pytest.raises(ServerUnreachable):
            owner.take_part(graph.id, expect=str(graph.fingerprint), policy=policy)


@pytest.mark.parametrize(("kind", "same"), [("sealed", True), ("noisy", True), ("plain", False)])
def test_what_is_sent_again_is_the_same_though_each_encryption_is_another(
    owners: list[Owner], lost: Sent, kind: str, same: bool
) -> None:
    graph = federated(COLUMNS, **rules_of(kind, owners))
    mean = R.federated_mean("salary")
    twice_in_vain(owners[0], graph)
    assert (lost[0] == lost[1]) == same
    all_take_part(owners, graph)
    assert (lost[2] == lost[0]) == same
    exact = mean()["salary"] == pytest.approx(pooled(owners)["salary"].mean(), rel=1e-12)
    assert exact == (kind != "noisy")


@pytest.mark.parametrize("kind", ["sealed", "noisy"])
def test_other_numbers_are_refused(owners: list[Owner], lost: Sent, kind: str) -> None:
    graph = federated(COLUMNS, **rules_of(kind, owners))
    R.federated_mean("age")
    twice_in_vain(owners[0], graph)
    with open(owners[0].file, "a") as file:
        file.writelines(f"{age},500,f\n" for age in range(30, 50))
    with pytest.raises(Refused, match="once: a contribution of other numbers was made for this graph before"):
        owners[0].take_part(graph.id, expect=str(graph.fingerprint))
    assert len(lost) == 2


def test_a_roster_s_masks_are_not_used_for_another_file(owners: list[Owner], lost: Sent) -> None:
    graph = federated(COLUMNS, **rules_of("sealed", owners))
    R.federated_mean("age")
    twice_in_vain(owners[0], graph)
    owners[0].file = owners[1].file
    with pytest.raises(Refused, match="once: a contribution of other numbers"):
        owners[0].take_part(graph.id, expect=str(graph.fingerprint))


def test_noise_that_is_sent_again_is_spent_once(owners: list[Owner], lost: Sent) -> None:
    graph = federated(COLUMNS, **rules_of("noisy", owners))
    R.federated_mean("age")
    twice_in_vain(owners[0], graph, max_epsilon=1.0)
    done = owners[0].take_part(graph.id, expect=str(graph.fingerprint), policy={"max_epsilon": 1.0})
    assert done.startswith("contributed")
    follow = federated(COLUMNS, epsilon=0.5)
    R.federated_mean("age")
    with pytest.raises(Refused, match=r"max_epsilon: with this graph it comes to 1\.5; 1 is the most"):
        owners[0].take_part(follow.id, expect=str(follow.fingerprint), policy={"max_epsilon": 1.0})


def test_a_copy_or_an_extract_at_another_place_sends_nothing_a_second_time(
    owners: list[Owner], lost: Sent, tmp_path: Path
) -> None:
    graph = federated(COLUMNS, epsilon=1)
    mean = R.federated_mean("salary")
    owner = owners[0]
    twice_in_vain(owner, graph)
    lines = owner.file.read_text().splitlines()
    owner.file = tmp_path / "extract.csv"
    owner.file.write_text("\n".join(lines[:31]) + "\n")
    with pytest.raises(Refused, match="once: a contribution of other numbers was made"):
        owner.take_part(graph.id)
    owner.file = tmp_path / "copy.csv"
    owner.file.write_text("\n".join(lines) + "\n")
    all_take_part(owners, graph)
    assert lost[0] == lost[1] == lost[2]
    assert graph.contributors == 3
    mean()


def test_who_used_the_token_of_another_takes_part_with_its_own(
    owners: list[Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a server to which the token has contributed another file
    graph = federated(COLUMNS)
    R.federated_mean("age")
    word = str(graph.fingerprint)
    with monkeypatch.context() as now:
        now.setattr(contributors, "send", lambda *_: "repeated")
        assert "or by this token; nothing was added" in owners[0].take_part(graph.id, expect=word)
    # Then this file was not written down as one that has contributed, and may do so
    assert owners[0].take_part(graph.id, expect=word).startswith("contributed")
    assert graph.contributors == 1
