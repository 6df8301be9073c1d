"""The programs as people and scripts meet them: help, exit codes, one line for one mistake."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from system.processes import PATIENCE_S, ROOT, Contributor, Script, Server, clean_environment, python, until

Done = subprocess.CompletedProcess[str]

SERVER, RESET, RAVPY = (ROOT / "run_ravsock.py",), (ROOT / "reset.py",), ("-m", "ravpy")
RAVFTP = ("-m", "ravftp")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Done]:
    """run(*words) runs a program in an empty folder, to its end."""

    def finish(*words: str | Path, **environment: str) -> Done:
        return subprocess.run(
            python(*words), cwd=tmp_path, env=clean_environment(PYTHONPATH=str(ROOT), **environment),
            text=True, capture_output=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return finish


def assert_one_line(done: Done, *words: str) -> None:
    """It failed with exit code 1, said one line on standard error with these words, and nothing else."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


# --- every program ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (SERVER, ["--host", "--port", "--database", "--data-dir", "--ftp-port", "--no-ftp"]),
        (RESET, ["--database", "--data-dir", "--yes"]),
        (RAVPY, ["participate", "list"]),
        ((*RAVPY, "participate"), ["--server", "--token", "--name", "--transport", "--exit-when-idle"]),
        ((*RAVPY, "list"), ["--server", "--approach"]),
        (RAVFTP, ["--grants", "--data-dir", "--tls-cert", "RNTO", "curl"]),
    ],
    ids=lambda x: " ".join(getattr(w, "name", w) for w in x) if isinstance(x, tuple) else None,
)
def test_help_names_what_there_is(
    run: Callable[..., Done], program: tuple[str | Path, ...], words: list[str]
) -> None:
    done = run(*program, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(word in done.stdout for word in words)


@pytest.mark.parametrize(
    "words",
    [
        (*SERVER, "--prot", "1"),
        (*SERVER, "extra"),
        (*SERVER, "--log-level", "LOUD"),
        (*RESET, "--no"),
        RAVPY,
        (*RAVPY, "dance"),
        (*RAVPY, "participate", "--exit-when-idle", "soon"),
        (*RAVPY, "participate", "--transport", "pigeon"),
        (*RAVPY, "list", "--approach", "other"),
        (*RAVFTP, "--port", "ftp"),
    ],
    ids=lambda words: " ".join(getattr(w, "name", w) for w in words),
)
def test_wrong_usage_is_exit_code_2(
    run: Callable[..., Done], tmp_path: Path, words: tuple[str | Path, ...]
) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage: " in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [], "wrong usage makes no files"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--grants FILE is missing"),
        (("--grants", "none.json"), "cannot be read"),
        (("--grants", "bad.json"), "is not as `ravftp --help` shows it"),
        (("--grants", "odd.json"), "no name of a user"),
        (("--grants", "good.json", "--passive-ports", "9-1"), "no range of ports"),
        (("--grants", "good.json", "--tls-cert", "good.json"), "cannot be used for FTPS"),
    ],
)
def test_what_ravftp_cannot_serve_is_one_line(
    run: Callable[..., Done], tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    grant = {"user": "ann", "password": "x"}
    for name, grants in {
        "good": [grant],
        "odd": [{**grant, "user": "../x"}],
        "bad": [{"name": "ann"}],
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"grants": grants}))
    (tmp_path / "data").mkdir()
    done = run(*RAVFTP, "--port", "0", "--data-dir", "data", *words)
    assert done.returncode == 1
    assert done.stderr.startswith("ravftp: ") and done.stderr.count("\n") == 1, done.stderr
    assert told in done.stderr


# --- the server ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_one_line_and_stops_when_told(server: Server, number: signal.Signals) -> None:
    server.signal(number)
    assert server.wait(10) == 0, server.tail()
    assert server.out() == f"ravsock ready {server.url}\n"


def test_a_server_stops_soon_with_contributors_and_a_waiting_script(
    server: Server, contributor: Callable[..., Contributor], script: Callable[..., Script]
) -> None:
    contributor("ann")
    script("import ravop as R; print((R.arange(10_000_000) % 7).sum()())")
    until(lambda: server.graph().get("total_ops"), "the graph is at the server")
    server.signal(signal.SIGTERM)
    assert server.wait(3) == 0, server.tail()
    assert server.out() == f"ravsock ready {server.url}\n"


def test_a_busy_port_is_one_line(run: Callable[..., Done], server: Server) -> None:
    done = run(*SERVER, "--port", str(server.port), "--log-level", "ERROR")
    assert_one_line(done, str(server.port), "--port")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_address_that_others_can_reach_is_refused(run: Callable[..., Done], host: str) -> None:
    assert_one_line(run(*SERVER, "--host", host, "--port", "0"), host, "ravsock token add")


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_is_none_is_told(run: Callable[..., Done], port: str) -> None:
    done = run(*SERVER, f"--port={port}")
    assert done.returncode in (1, 2)
    assert port in done.stderr and "Traceback" not in done.stderr


def test_settings_of_the_environment_count_and_flags_count_more(
    run: Callable[..., Done], server: Server
) -> None:
    busy = str(server.port)
    assert_one_line(run(*SERVER, "--log-level", "ERROR", RAVSOCK_PORT=busy), busy)
    assert_one_line(run(*SERVER, "--log-level", "ERROR", "--port", busy, RAVSOCK_PORT="0"), busy)
    assert_one_line(run(*SERVER, "--port", "0", LEASE_S="never"), "LEASE_S", "never")


@pytest.mark.parametrize(
    ("database", "word"),
    [
        ("postgresql://localhost/rdf", "postgresql"),
        ("nonsense", "nonsense"),
        (f"sqlite:///{__file__}/rdf.db", "test_commands.py"),  # below a file, there is no folder
    ],
    ids=["another kind", "no URL", "no folder"],
)
def test_a_database_that_cannot_be_used_is_one_line(
    run: Callable[..., Done], database: str, word: str
) -> None:
    assert_one_line(run(*SERVER, "--port", "0", "--database", database), word)


def test_a_file_that_is_no_database_is_one_line_and_left_alone(
    run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "rdf.db").write_text("my thesis, chapter one\n" * 100)
    assert_one_line(run(*SERVER, "--port", "0"), "rdf.db")
    assert (tmp_path / "rdf.db").read_text().startswith("my thesis")


# --- ravpy -----------------------------------------------------------------------------------------------


def test_list_shows_the_graphs(
    run: Callable[..., Done], server: Server, script: Callable[..., Script]
) -> None:
    nothing = run(*RAVPY, "list", "--server", server.url)
    assert (nothing.returncode, nothing.stderr) == (0, "")
    assert nothing.stdout.split() == f"no graphs at {server.url}".split()
    for name in ("first", "second"):
        script(f"""
            import ravop as R
            g = R.Graph(name="{name}", algorithm="addition")
            R.t([1]) + 1
        """).output()
    for words in ([], ["--approach", "distributed"]):
        done = run(*RAVPY, "list", *words, RAVSOCK_URL=server.url)
        assert done.returncode == 0, done.stderr
        for word in ("first", "second", "addition", "distributed", "ended"):
            assert word in done.stdout
    other = run(*RAVPY, "list", "--approach", "federated", RAVSOCK_URL=server.url)
    assert other.returncode == 0 and "first" not in other.stdout


def test_list_without_a_server_is_one_line(run: Callable[..., Done]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert_one_line(run(*RAVPY, "list", "--server", url), url, "--server")


@pytest.mark.parametrize("url", ["nothing", "localhost:9999", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_an_address_that_is_none_is_one_line_of_list(run: Callable[..., Done], url: str) -> None:
    assert_one_line(run(*RAVPY, "list", "--server", url), url)


@pytest.mark.parametrize("url", ["nothing", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_told_by_participate(run: Callable[..., Done], url: str) -> None:
    done = run(*RAVPY, "participate", "--server", url, "--exit-when-idle", "1")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr and url in done.stderr.splitlines()[-1], done.stderr


# --- reset.py --------------------------------------------------------------------------------------------


def test_reset_makes_tables_and_deletes_only_with_yes(
    run: Callable[..., Done],
    server: Server,
    contributor: Callable[..., Contributor],
    script: Callable[..., Script],
    tmp_path: Path,
) -> None:
    where = ("--database", server.database, "--data-dir", str(server.data_dir))
    # Given a graph, and an array that is a file
    ann = contributor("ann")
    script("""
        import numpy as np
        import ravop as R
        R.Graph(name="dear")
        print((R.t(np.ones(300_000)) + 1).sum()())
    """).output()
    ann.kill()
    server.stop()
    files = [path for path in server.data_dir.rglob("*") if path.is_file()]
    assert files
    # When it is run without --yes, nothing changes
    done = run(*RESET, *where)
    assert done.returncode == 2 and done.stdout == ""
    assert "1 graphs" in done.stderr and "--yes" in done.stderr
    assert all(path.exists() for path in files)
    server.restart()
    assert [g["name"] for g in server.view("graphs")["graphs"]] == ["dear"]
    server.stop()
    # When it is run with --yes, all is gone and the server starts on what it made
    done = run(*RESET, *where, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "deleted 1 graphs" in done.stdout
    assert not any(path.exists() for path in files)
    server.restart()
    assert server.view("graphs")["graphs"] == []
    # And with nothing to lose, --yes is not needed
    server.stop()
    assert run(*RESET, *where).returncode == 0


def test_reset_of_another_database_is_refused_by_name(run: Callable[..., Done]) -> None:
    assert_one_line(run(*RESET, "--database", "postgresql://localhost/rdf"), "postgresql")


def test_reset_of_a_file_that_is_no_database_is_one_line(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "rdf.db").write_text("my thesis, chapter one\n" * 100)
    assert_one_line(run(*RESET, "--yes"), "rdf.db")
    assert (tmp_path / "rdf.db").read_text().startswith("my thesis")


@pytest.mark.skipif(os.geteuid() == 0, reason="for root every folder can be written")
def test_a_data_folder_that_cannot_be_written_is_one_line(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    done = run(*SERVER, "--port", "0", "--data-dir", str(tmp_path / "closed" / "data"))
    assert_one_line(done, "closed")
