"""`sh setup.sh demo`: a server, two contributors and the linear regression, start to finish.

Everything runs on this machine on a free port with a temporary database, and is stopped at the end,
after a failure and on Ctrl-C too. The plot goes into the current directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTORS = ("contributor-1", "contributor-2")
PATIENCE_S = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Process = subprocess.Popen[str]


class DemoFailed(Exception):
    """What went wrong, in a sentence."""


@contextlib.contextmanager
def running(command: list[str], **streams: Any) -> Iterator[Process]:
    """A process that is stopped at the end of the block, whatever happens.

    In a session of its own, Ctrl-C does not reach it: this program stops them all, in order.
    """
    process = subprocess.Popen(command, text=True, start_new_session=True, **streams)
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


def ready_url(server: Process) -> str:
    """The address in the server's ready line."""
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("ravsock ready "):
            return line.split()[2]
    raise DemoFailed("the server did not start")


def contributors(url: str) -> dict[str, int]:
    """Ops that each contributor of the server has computed, by name."""
    with urllib.request.urlopen(f"{url}/v1/contributors", timeout=10) as response:
        rows = json.load(response)["contributors"]
    return {row["name"]: row["computed_ops"] for row in rows}


def wait_for_contributors(url: str, processes: list[Process]) -> None:
    """Until all are there; a second or two, for they measure themselves first."""
    deadline = time.monotonic() + PATIENCE_S
    while set(contributors(url)) != set(CONTRIBUTORS):
        if any(p.poll() is not None for p in processes) or time.monotonic() > deadline:
            raise DemoFailed("the contributors did not join")
        time.sleep(0.1)


def run(folder: Path, log: IO[str]) -> None:
    """The demo."""
    python = sys.executable
    serve = [python, str(ROOT / "run_ravsock.py"), "--port", "0", "--ftp-port", "0"]
    serve += ["--database", f"sqlite:///{folder}/rdf.db", "--data-dir", str(folder / "data")]
    with contextlib.ExitStack() as stack:
        print("starting a server ...", flush=True)
        server = stack.enter_context(running(serve, stdout=subprocess.PIPE, stderr=log))
        url = ready_url(server)
        print(f"starting two contributors for {url} ...", flush=True)
        join = [python, "-m", "ravpy", "participate", "--server", url, "--name"]
        wait_for_contributors(
            url,
            [
                stack.enter_context(running([*join, name], stdout=log, stderr=log, cwd=ROOT))
                for name in CONTRIBUTORS
            ],
        )
        script = [python, str(ROOT / "examples/linear_regression/fit.py")]
        fit = stack.enter_context(running(script, env={**os.environ, "RAVSOCK_URL": url}))
        if fit.wait():
            raise DemoFailed("the fit failed; the reason stands above")
        counts = contributors(url)
        print("\nwho computed it: " + ", ".join(f"{name} {counts[name]:,} ops" for name in CONTRIBUTORS))
        if min(counts.values()) == 0:
            raise DemoFailed("one of the contributors had nothing to do")


def interrupt(number: int, frame: FrameType | None) -> None:
    """Stop; further signals must not disturb the stopping."""
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Exit code: 0 all went well, 1 it did not."""
    for each in STOP_SIGNALS:
        signal.signal(each, interrupt)
    with tempfile.TemporaryDirectory(prefix="rdf-demo-") as folder, open(f"{folder}/log", "w+") as log:
        try:
            run(Path(folder), log)
        except DemoFailed as failure:
            log.seek(0)
            told = "".join(log.readlines()[-12:])
            print(f"demo: {failure}\nServer and contributors said last:\n{told}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ndemo: stopped; nothing is left running", file=sys.stderr)
            return 1
    print("everything is stopped. Next: three terminals, see README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
