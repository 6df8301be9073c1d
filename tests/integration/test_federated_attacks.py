"""Federated graphs and bad people: swapped keys, lying servers, impossible sums, and what else is tried."""

from __future__ import annotations

import random
from typing import Any

import pytest
from door import ask, sql
from fedpeople import COLUMNS, Owner, federated, pooled

import ravop as R
from ravop import federated as developers
from ravpy.federated import fetch_spec
from ravpy.policy import Refused
from ravspec import paillier
from ravspec.errors import RavError
from ravspec.federated import canonical, fingerprint

pytestmark = pytest.mark.usefixtures("at_home")


def test_a_server_that_swaps_the_key_is_found_out(owners: list[Owner], server: Any) -> None:
    graph = federated(COLUMNS)
    R.federated_mean()
    word = str(graph.fingerprint)
    spec = graph._frozen().spec
    fields = {f: getattr(spec, f) for f in type(spec).__struct_fields__}
    forged = type(spec)(**{**fields, "modulus": f"{paillier.make_key(1024, insecure=True).n:x}"})
    sql(server.config, "UPDATE federated SET spec = ?", canonical(forged).decode())
    with pytest.raises(Refused, match=f"fingerprint: the server's question has {fingerprint(forged)}"):
        owners[0].take_part(graph.id, expect=word)
    # without --expect it is for the owner to see: the screen has another word than the developer's
    assert owners[0].take_part(graph.id, agree=False) == "nothing was sent"
    assert word[:39] not in owners[0].screens[0]
    assert str(fingerprint(forged))[:39] in owners[0].screens[0]


def test_nothing_is_sent_before_consent_or_against_the_policy(owners: list[Owner], server: Any) -> None:
    graph = federated(COLUMNS)
    R.federated_mean()
    word = str(graph.fingerprint)
    sent = len(ask(server.port, "GET", f"/v1/federated/{graph.id}")[1])
    assert owners[0].take_part(graph.id, agree=False, expect=word) == "nothing was sent"
    for rule in ({"columns": ("age",)}, {"min_rows": 41}, {"min_clients": 4}, {"dominance": 0.01},
                 {"max_epsilon": 1.0}, {"allow_insecure": False}):  # fmt: skip
        with pytest.raises(Refused, match=f"^{next(iter(rule))}: "):
            owners[0].take_part(graph.id, expect=word, policy=rule)
    assert graph.contributors == 0
    assert sent
    # and what was refused or declined is not in the ledger
    assert owners[0].take_part(graph.id, expect=word).startswith("contributed")
    with pytest.raises(Refused, match="already"):
        owners[0].take_part(graph.id, expect=word)


def test_a_graph_without_encryption_is_for_those_who_allow_it(owners: list[Owner]) -> None:
    graph = federated(COLUMNS, encryption=False)
    mean = R.federated_mean()
    word = str(graph.fingerprint)
    for owner in owners:
        with pytest.raises(Refused, match="allow_plain: the graph is not encrypted"):
            owner.take_part(graph.id, expect=word)
        owner.take_part(graph.id, expect=word, policy={"allow_plain": True})
    assert "NOT ENCRYPTED: the server" in owners[0].screens[0]
    assert mean()["age"] == pytest.approx(pooled(owners)["age"].mean())


@pytest.mark.parametrize(
    "lie", ["too many rows", "a sum beyond its rows", "a negative variance", "noise in all slots"]
)
def test_sums_that_cannot_be_are_noticed_by_the_developer(owners: list[Owner], server: Any, lie: str) -> None:
    graph = federated(COLUMNS)
    mean = R.federated_variance("age")
    word = str(graph.fingerprint)
    for owner in owners[:2]:
        owner.take_part(graph.id, expect=word)
    spec = fetch_spec(owners[0].config, graph.id)
    slots = developers.layout_of(spec).slots
    count, total, squares = slots
    value = {
        "too many rows": -1000 << count.offset,
        "a sum beyond its rows": 1_000_000 << total.offset,
        "a negative variance": -10_000_000 << squares.offset,
        "noise in all slots": random.Random(1).getrandbits(1000),
    }[lie]
    wire = developers.Wire(spec, developers.layout_of(spec))
    body = wire.to_bytes(paillier.encrypt(spec.n, [value % spec.n]))
    headers = {"Rdf_Fingerprint": word, "Rdf_Contributor": "f" * 32}
    assert (
        ask(server.port, "POST", f"/v1/federated/{graph.id}/contributions", None, body, **headers)[0] == 200
    )
    with pytest.raises(R.ComputeError, match=r"nothing of (this graph|it) can be trusted|trust nothing"):
        mean()


def test_too_few_by_the_deadline_have_no_result(owners: list[Owner]) -> None:
    graph = federated(COLUMNS, deadline_s=0.5)
    mean = R.federated_mean()
    owners[0].take_part(graph.id, expect=str(graph.fingerprint))
    with pytest.raises(R.ComputeError, match="1 of at least 3 contributors came before the deadline"):
        mean()
    with pytest.raises(RavError, match="takes no contributions any more"):
        owners[1].take_part(graph.id)
    with pytest.raises(R.ComputeError):
        graph.end()
    assert not graph._keys.path(graph._kept).exists()


def test_a_server_that_releases_too_early_is_not_believed(owners: list[Owner], server: Any) -> None:
    graph = federated(COLUMNS)
    mean = R.federated_mean()
    owners[0].take_part(graph.id, expect=str(graph.fingerprint))
    sql(server.config, "UPDATE graph SET state = 'computed'")
    sql(server.config, "UPDATE federated SET released_at = 1.0")
    with pytest.raises(R.ComputeError, match="a total of 1 contributor, not 3 to 3"):
        mean()
