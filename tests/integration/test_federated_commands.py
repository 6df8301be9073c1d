"""What ravpy's federated commands print, and how they end."""

from __future__ import annotations

import re
import socket
from pathlib import Path
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


@pytest.fixture
def words(owners: list[Owner]) -> list[str]:
    """The command by which the first owner takes part."""
    graph = federated(COLUMNS)
    R.federated_mean("age")
    assert graph.fingerprint
    return ["federate", str(graph.id), "--file", str(owners[0].file), "--server", owners[0].config.url,
            "--allow-insecure"]  # fmt: skip


def interrupt(*_: Any) -> str:
    """Somebody presses Ctrl-C."""
    raise KeyboardInterrupt


def test_ctrl_c_at_the_question_is_no_success_and_sends_nothing(
    words: list[str], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", interrupt)
    assert command.main(words) == 1
    assert capsys.readouterr().err.endswith("\nstopped. Nothing was sent\n")


def test_ctrl_c_behind_the_question_says_what_to_do(
    words: list[str], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda text: "yes")
    with monkeypatch.context() as now:
        now.setattr("ravpy.federated.send", interrupt)
        assert command.main(words) == 1
    assert "stopped. It may have been sent; run the same command to be sure" in capsys.readouterr().err
    assert command.main(words) == 0
    assert "contributed to graph" in capsys.readouterr().out


def test_a_server_that_is_away_is_no_fault_of_the_folder(words: list[str], capsys: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert command.main([*words, "--server", url]) == 1
    assert capsys.readouterr().err.startswith(f"ravpy: no server answers at {url}")


def test_a_folder_that_cannot_be_written_is_named(
    words: list[str], capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RDF_STATE_DIR", str(tmp_path / "file"))
    assert command.main(words) == 1
    assert re.search(rf"^ravpy: .*{tmp_path / 'file'}", capsys.readouterr().err, re.M)
