"""What demos have in common: programs that are started, listened to and stopped, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Process = subprocess.Popen[str]


class DemoFailed(Exception):
    """What went wrong, in a sentence."""


@contextlib.contextmanager
def running(*command: str | Path, **options: Any) -> Iterator[Process]:
    """A Python program that is stopped at the end of the block, with all it has started, whatever happens.

    In a session of its own, Ctrl-C does not reach it: the demo stops them all, in order.
    """
    line = [sys.executable, *map(str, command)]
    process = subprocess.Popen(line, text=True, start_new_session=True, **options)
    try:
        yield process
    finally:
        stop(process)


def stop(process: Process) -> None:
    """End a process and all it started."""
    for kind, wait_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
            break
    if process.stdout is not None:
        process.stdout.close()


@contextlib.contextmanager
def server(folder: Path, log: IO[str]) -> Iterator[str]:
    """A server on free ports with a database in the folder; its address."""
    command = [ROOT / "run_ravsock.py", "--port", "0", "--ftp-port", "0"]
    command += ["--database", f"sqlite:///{folder}/rdf.db", "--data-dir", folder / "data"]
    print("starting a server ...", flush=True)
    with running(*command, stdout=subprocess.PIPE, stderr=log) as process:
        yield said(process, "ravsock ready ")


def said(process: Process, word: str) -> str:
    """What a program prints behind a word, waiting for it."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(word):
            return line.removeprefix(word).strip()
    raise DemoFailed(f"a program ended without saying {word!r}")


def interrupt(number: int, frame: FrameType | None) -> None:
    """Stop; further signals must not disturb the stopping."""
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def show(run: Callable[[Path, IO[str]], None], next_step: str) -> int:
    """Run a demo in a temporary folder. Exit code: 0 all went well, 1 it did not."""
    for each in STOP_SIGNALS:
        signal.signal(each, interrupt)
    with tempfile.TemporaryDirectory(prefix="rdf-demo-") as folder, open(f"{folder}/log", "w+") as log:
        try:
            run(Path(folder), log)
        except (DemoFailed, subprocess.TimeoutExpired) as failure:
            log.seek(0)
            told = "".join(log.readlines()[-12:])
            print(f"demo: {failure}\nThe programs said last:\n{told}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ndemo: stopped; nothing is left running", file=sys.stderr)
            return 1
    print(f"everything is stopped. Next: {next_step}")
    return 0
