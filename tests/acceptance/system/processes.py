"""Real processes: the server, contributors and developers' scripts, started, watched and always stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[3]

#: how long anything here may take before it counts as never going to happen
PATIENCE_S = 60.0
#: how often a view is asked again
GLANCE_S = 0.02
#: the lease of the server under test
LEASE_S = 2.0


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of RDF that could reach the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAV", "RDF", "LEASE_S"))}
    return {**kept, "COLUMNS": "120", **more}


def python(*args: str | Path) -> list[str]:
    """A command line for this Python."""
    return [sys.executable, *map(str, args)]


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """The first true answer of a condition that other processes make come true."""
    give_up_at = time.monotonic() + patience_s
    while not (answer := condition()):
        assert time.monotonic() < give_up_at, f"{what}: not within {patience_s:g} s"
        time.sleep(GLANCE_S)
    return answer


def is_running(process: psutil.Process) -> bool:
    """True for a process that has not ended; one that only nobody has buried yet has."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Running:
    """A process with its output in files of a folder."""

    def __init__(self, name: str, command: list[str], folder: Path, **environment: str) -> None:
        self.name = name
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with open(self._out, "ab") as out, open(self._err, "ab") as err:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder,
                env=clean_environment(**environment), start_new_session=True,
            )  # fmt: skip
        self.pid = self.process.pid

    def out(self) -> str:
        """Its standard output so far."""
        return self._out.read_text()

    def log(self) -> str:
        """Its standard error so far."""
        return self._err.read_text()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Its exit code."""
        return self.process.wait(patience_s)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def interrupt(self) -> None:
        """What Ctrl-C does to it."""
        self.signal(signal.SIGINT)

    def kill(self) -> None:
        """As if the machine had lost its power: no goodbye."""
        self.signal(signal.SIGKILL)
        self.wait()

    def children(self) -> list[psutil.Process]:
        """The processes that it has started."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def clear_away(self) -> None:
        """Stop it and all it has started, whatever state they are in."""
        family = self.children()
        if self.alive:
            self.kill()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        until(lambda: not any(map(is_running, family)), f"what {self.name} started has ended")

    def tail(self, lines: int = 25) -> str:
        """The ends of its output, for a test that failed."""
        ends = [f"--- {self.name} (pid {self.pid}, exit code {self.process.poll()})"]
        for kind, text in (("out", self.out()), ("err", self.log())):
            ends += [f"{kind}| {line}" for line in text.splitlines()[-lines:]]
        return "\n".join(ends)


class Server(Running):
    """ravsock with a data folder of its own, and a database: a file, unless another is named."""

    #: what is run
    program: tuple[str | Path, ...] = (ROOT / "run_ravsock.py",)

    def __init__(self, folder: Path, port: int = 0, database: str = "", **environment: str) -> None:
        self.folder = folder
        self.database, self.data_dir = database or f"sqlite:///{folder}/rdf.db", folder / "data"
        self._given = environment
        command = python(*self.program, "--port", str(port), "--database", self.database)
        settings = {"LEASE_S": str(LEASE_S), "RAVFTP_PORT": "0", **environment}
        super().__init__("server", [*command, "--data-dir", str(self.data_dir)], folder, **settings)

    def ready(self, lines: int = 1) -> Server:
        """Wait for its ready line; the address is known then."""
        until(lambda: not self.alive or self.out().count("\n") >= lines, "the server's ready line")
        assert self.alive, self.tail()
        word, other, self.url = self.out().splitlines()[-1].split()
        assert (word, other) == ("ravsock", "ready")
        self.port = int(self.url.rpartition(":")[2])
        return self

    def restart(self) -> None:
        """Start it anew, on the same port, database and data folder, with the same settings."""
        assert not self.alive
        lines = self.out().count("\n")
        Server.__init__(self, self.folder, self.port, self.database, **self._given)
        self.ready(lines + 1)

    def stop(self) -> None:
        """Tell it to stop, as an operator's machine does."""
        self.signal(signal.SIGTERM)
        assert self.wait() == 0, self.tail()

    def view(self, path: str) -> Any:
        """A JSON view of it; None while there is none."""
        try:
            with urllib.request.urlopen(f"{self.url}/v1/{path}", timeout=10) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            error.close()
            return None

    def graph(self, number: int = 1) -> dict[str, Any]:
        """The view of a graph; empty while there is none."""
        return self.view(f"graphs/{number}") or {}

    def present(self) -> dict[str, dict[str, Any]]:
        """The contributors that are there, by name."""
        rows = self.view("contributors")["contributors"]
        return {row["name"]: row for row in rows if row["state"] == "present"}

    def computed_ops(self, name: str) -> int:
        """How many ops the lives of a contributor have computed."""
        rows = self.view("contributors")["contributors"]
        return sum(row["computed_ops"] for row in rows if row["name"] == name)

    def until_in_the_middle(self, number: int = 1, ops: int = 1) -> dict[str, Any]:
        """Wait until some ops of a graph are computed, and see that others are not."""
        view: dict[str, Any] = until(
            lambda: (g := self.graph(number)) and g["computed_ops"] >= ops and g, f"{ops} ops computed"
        )
        assert view["computed_ops"] < view["total_ops"], "the graph was done before anything could happen"
        return view

    def until_more(self, number: int = 1) -> None:
        """Wait until another op of a graph is computed."""
        before = self.graph(number)["computed_ops"]
        until(lambda: self.graph(number)["computed_ops"] > before, "another op computed")


class Contributor(Running):
    """`ravpy participate` in a process."""

    def __init__(self, url: str, name: str, folder: Path, *options: str, **environment: str) -> None:
        command = python("-m", "ravpy", "participate", "--server", url, "--name", name, *options)
        super().__init__(name, command, folder, PYTHONPATH=str(ROOT), **environment)

    def child_pid(self) -> int:
        """The process that computes for it."""
        children: list[psutil.Process] = until(self.children, f"{self.name} has a computing process")
        return children[0].pid


class Script(Running):
    """A developer's script, with the server's address in its environment."""

    def __init__(self, name: str, path: Path, folder: Path, url: str, *args: str, **environment: str) -> None:
        settings = {"RAVSOCK_URL": url, "PYTHONPATH": str(ROOT), **environment}
        super().__init__(name, python(path, *args), folder, **settings)

    def output(self, patience_s: float = PATIENCE_S) -> str:
        """What it printed, after an end with exit code 0."""
        assert self.wait(patience_s) == 0, self.tail()
        return self.out()
