"""A server and its contributors as real processes on a free port, with a temporary database."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from types import FrameType, TracebackType

import psutil
from threads import ONE_THREAD

ROOT = Path(__file__).resolve().parent.parent
READY_S = 60.0
STOP_S = 10.0
LOG_LINES = 20


class ClusterError(Exception):
    """The server or a contributor did not start."""


class Cluster:
    """A context manager that leaves nothing running and nothing on disk."""

    #: the words by which Python starts the server
    program: tuple[str, ...] = (str(ROOT / "run_ravsock.py"),)

    def __init__(self, contributors: int = 2) -> None:
        self._names = [f"contributor-{i + 1}" for i in range(contributors)]
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.url = ""

    def __enter__(self) -> Cluster:
        self._folder = tempfile.TemporaryDirectory(prefix="rdf-benchmark-")
        try:
            self.url = self._start_server()
            for name in self._names:
                self.contribute(name)
            self._await_contributors()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            for name in self._processes:
                print(f"--- end of the log of {name}\n{self.log(name)}", file=sys.stderr)
        self._stop()
        if self._folder is not None:
            self._folder.cleanup()

    def contribute(self, name: str) -> None:
        """Start a contributor, and do not wait for it."""
        self._start(name, "-m", "ravpy", "participate", "--server", self.url, "--name", name)

    def log(self, name: str) -> str:
        """The last lines that a process wrote to standard error."""
        text = (self._path / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-LOG_LINES:])

    def cpu_s(self) -> float:
        """CPU seconds that all its processes, children included, have used so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._family())

    def server_peak_mib(self) -> float | None:
        """The server's largest resident memory so far; None where the system does not tell."""
        status = Path(f"/proc/{self._processes['server'].pid}/status")
        if not status.exists():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    # --- starting and stopping ---------------------------------------------------------------------

    @property
    def _path(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name)

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        """A process in a session of its own: Ctrl-C reaches us alone, and we stop it in order."""
        with open(self._path / f"{name}.log", "w") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=subprocess.PIPE if name == "server" else subprocess.DEVNULL,
                stderr=log,
                text=True,
                cwd=self._path,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,
            )
        self._processes[name] = process
        return process

    def _start_server(self) -> str:
        server = self._start(
            "server", *self.program, "--port", "0", "--ftp-port", "0",
            "--log-level", "WARNING", "--database", f"sqlite:///{self._path}/rdf.db",
            "--data-dir", f"{self._path}/data",
        )  # fmt: skip
        assert server.stdout is not None
        too_late = threading.Timer(READY_S, server.kill)
        too_late.start()
        try:
            words = server.stdout.readline().split()
        finally:
            too_late.cancel()
        if words[:2] != ["ravsock", "ready"]:
            raise ClusterError(f"the server did not get ready within {READY_S:g} s")
        return words[2]

    def _await_contributors(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"{self.url}/v1/contributors", timeout=10) as response:
                if len(json.load(response)["contributors"]) == len(self._names):
                    return
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise ClusterError(f"{name} ended with code {process.returncode} before it joined")
            time.sleep(0.1)
        raise ClusterError(f"not all of {', '.join(self._names)} joined within {READY_S:g} s")

    def _family(self) -> list[psutil.Process]:
        """Our processes and their children."""
        found = []
        for process in self._processes.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                parent = psutil.Process(process.pid)
                found += [parent, *parent.children(recursive=True)]
        return found

    def _stop(self) -> None:
        """Contributors first, so that they need not look for a server that has gone; then what is left."""
        family = self._family()
        for name in reversed(self._processes):
            self._processes[name].terminate()
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            if process.stdout is not None:
                process.stdout.close()
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        for process in self._processes.values():
            process.wait()
        psutil.wait_procs(family, timeout=STOP_S)


def stop_in_order() -> None:
    """The first Ctrl-C or SIGTERM stops everything in order; further ones must not break into that."""

    def stop(signum: int, frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
