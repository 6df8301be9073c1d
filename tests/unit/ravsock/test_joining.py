"""The join link's token: made once, kept for restarts, replaced when revoked, and never a greater one."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from ravsock import doorkeeper
from ravsock.__main__ import main
from ravsock.config import Config
from ravsock.database import open_database
from ravsock.doorkeeper import Doorkeeper
from ravsock.joining import TOKEN_FILE, join_token, show
from ravsock.roles import Role
from ravsock.tokens import parse


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(database=f"sqlite:///{tmp_path}/rdf.db", data_dir=tmp_path)


@pytest.fixture
def door(config: Config, monkeypatch: pytest.MonkeyPatch) -> Doorkeeper:
    monkeypatch.setattr(doorkeeper, "FRESH_S", 0.0)
    return Doorkeeper(config, open_database(config.database))


def operator(config: Config) -> None:
    assert main(["token", "add", "--role", "operator", "--database", config.database]) == 0


def test_where_no_tokens_are_asked_for_the_link_has_none(config: Config, door: Doorkeeper) -> None:
    assert join_token(config, door) is None
    assert not (config.data_dir / TOKEN_FILE).exists()


def test_it_is_a_contributors_and_the_same_after_a_restart(
    config: Config, door: Doorkeeper, capsys: pytest.CaptureFixture[str]
) -> None:
    operator(config)
    text = join_token(config, door)
    assert door.admit(text).role is Role.CONTRIBUTOR
    assert join_token(config, door) == text
    assert stat.S_IMODE((config.data_dir / TOKEN_FILE).stat().st_mode) == 0o600


def test_a_revoked_one_is_replaced(config: Config, door: Doorkeeper) -> None:
    operator(config)
    text = join_token(config, door)
    number, _ = parse(text or "") or (0, "")
    assert main(["token", "revoke", str(number), "--database", config.database]) == 0
    another = join_token(config, door)
    assert another != text
    assert door.admit(another).role is Role.CONTRIBUTOR


@pytest.mark.parametrize("kind", ["an operator's", "nobody's"])
def test_another_token_in_the_file_is_not_taken(
    config: Config, door: Doorkeeper, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    operator(config)
    text = capsys.readouterr().out.strip() if kind == "an operator's" else "rdf_1_" + "x" * 43
    (config.data_dir / TOKEN_FILE).write_text(text)
    assert door.admit(join_token(config, door)).role is Role.CONTRIBUTOR


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_the_qr_code_too_and_a_log_the_link_alone(config: Config) -> None:
    log, terminal = io.StringIO(), Terminal()
    show("http://10.0.0.7:9999/", log, config)
    show("http://10.0.0.7:9999/", terminal, config)
    assert log.getvalue() == "browsers join at http://10.0.0.7:9999/\n"
    assert terminal.getvalue().startswith(log.getvalue()) and terminal.getvalue().count("\n") > 10


@pytest.mark.parametrize(
    ("link", "is_here_only"),
    [
        ("http://127.0.0.1:9999/", True),
        ("http://[::1]:9999/#token=rdf_1_x", True),
        ("http://10.0.0.7:9999/", False),
        ("https://lab.example/", False),
    ],
)
def test_whoever_would_scan_a_link_that_only_this_machine_can_open_is_told_so(
    config: Config, link: str, is_here_only: bool
) -> None:
    terminal = Terminal()
    show(link, terminal, config)
    assert ("for browsers on this machine" in terminal.getvalue()) is is_here_only


def test_a_log_is_told_where_the_token_is_and_a_terminal_the_token(config: Config) -> None:
    log, terminal = io.StringIO(), Terminal()
    show("https://lab.example/#token=rdf_1_secret", log, config)
    show("https://lab.example/#token=rdf_1_secret", terminal, config)
    assert "secret" not in log.getvalue()
    assert f"https://lab.example/#token=TOKEN, which is in {config.data_dir / TOKEN_FILE}" in log.getvalue()
    assert "https://lab.example/#token=rdf_1_secret\n" in terminal.getvalue()
