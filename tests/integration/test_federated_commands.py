"""What ravpy's federated commands print, and how they end."""

from __future__ import annotations

from typing import Any

import pytest
from fedpeople import COLUMNS, Owner, federated

import ravop as R
from ravpy import __main__ as command
from ravpy.ledger import Ledger
from ravpy.seals import SealKey
from ravspec.places import state_dir

pytestmark = pytest.mark.usefixtures("at_home")


def test_ravpy_key_shows_the_key_of_this_machine_and_nothing_else(capsys: Any) -> None:
    assert command.main(["key"]) == 0
    shown = capsys.readouterr().out
    assert shown == f"{SealKey(state_dir(), Ledger(state_dir())).public()}\n"
    assert command.main(["key"]) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("epsilon", "allowed", "why"),
    [
        ({}, "1", "max_epsilon: the graph adds no noise; here it must, with epsilon up to 1"),
        ({"epsilon": 2}, "1", "max_epsilon: with this graph it comes to 2; 1 is the most"),
        ({"epsilon": 2}, "2", ""),
    ],
)
def test_noise_may_be_required_for_once(
    owners: list[Owner], capsys: Any, epsilon: dict[str, Any], allowed: str, why: str
) -> None:
    graph = federated(COLUMNS, **epsilon)
    R.federated_mean("age")
    words = ["federate", str(graph.id), "--file", str(owners[0].file), "--server", owners[0].config.url]
    words += ["--yes", "--expect", str(graph.fingerprint), "--allow-insecure", "--max-epsilon", allowed]
    assert command.main(words) == (1 if why else 0)
    assert why in capsys.readouterr().err
    assert graph.contributors == (0 if why else 1)
