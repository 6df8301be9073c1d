"""`sh setup.sh demo`: a server, two contributors and the linear regression, start to finish.

Everything runs on this machine on free ports with a temporary database, and is stopped at the end,
after a failure and on Ctrl-C too.
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
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTORS = ("contributor-1", "contributor-2")
PATIENCE_S = 60.0


class DemoFailed(Exception):
    """What went wrong, in a sentence."""


@contextlib.contextmanager
def running(name: str, command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with its log in a file; it is stopped at the end of the block, whatever happens."""
    with open(folder / f"{name}.log", "w+") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder, start_new_session=True
        )
        try:
            yield process
        except DemoFailed as failure:
            if process.poll() is not None:
                failure.add_note(f"{name} ended with code {process.returncode}:\n{tail(log)}")
            raise
        finally:
            stop(process)


def tail(log: IO[str], lines: int = 8) -> str:
    log.flush()
    log.seek(0)
    return "\n".join(log.read().splitlines()[-lines:])


def stop(process: subprocess.Popen[str]) -> None:
    """End a process and all it started."""
    for kind, wait_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
            break
    if process.stdout is not None:
        process.stdout.close()


def ready_url(server: subprocess.Popen[str]) -> str:
    """The address in the server's ready line."""
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("ravsock ready "):
            return line.split()[2]
    server.wait()
    raise DemoFailed("the server did not start")


def contributors(url: str) -> dict[str, int]:
    """Ops that each contributor of the server has computed, by name."""
    with urllib.request.urlopen(f"{url}/v1/contributors", timeout=10) as response:
        rows = json.load(response)["contributors"]
    return {row["name"]: row["computed_ops"] for row in rows}


def wait_for_contributors(url: str, processes: list[subprocess.Popen[str]]) -> None:
    """Until all are there; a second or two, for they measure themselves first."""
    deadline = time.monotonic() + PATIENCE_S
    while set(contributors(url)) != set(CONTRIBUTORS):
        if any(p.poll() is not None for p in processes) or time.monotonic() > deadline:
            raise DemoFailed("the contributors did not join")
        time.sleep(0.1)


def run(folder: Path) -> int:
    """The demo; the exit code."""
    python = sys.executable
    serve = [python, str(ROOT / "run_ravsock.py"), "--port", "0", "--database", f"sqlite:///{folder}/rdf.db"]
    with contextlib.ExitStack() as stack:
        print("starting a server ...", flush=True)
        server = stack.enter_context(running("server", [*serve, "--data-dir", str(folder / "data")], folder))
        url = ready_url(server)
        print(f"starting two contributors for {url} ...", flush=True)
        join = [python, "-m", "ravpy", "participate", "--server", url, "--name"]
        processes = [stack.enter_context(running(name, [*join, name], folder)) for name in CONTRIBUTORS]
        wait_for_contributors(url, processes)
        fit = subprocess.run(
            [python, str(ROOT / "examples/linear_regression/fit.py")], env={**os.environ, "RAVSOCK_URL": url}
        )
        if fit.returncode:
            raise DemoFailed("the fit failed; the reason stands above")
        counts = contributors(url)
        print("\nwho computed it: " + ", ".join(f"{name} {counts[name]} ops" for name in CONTRIBUTORS))
        if min(counts.values()) == 0:
            raise DemoFailed("one of the contributors had nothing to do")
    print("everything is stopped. Next: three terminals, see README.md")
    return 0


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with tempfile.TemporaryDirectory(prefix="rdf-demo-") as folder:
            return run(Path(folder))
    except DemoFailed as failure:
        print(f"demo: {failure}", *getattr(failure, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped; nothing is left running", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
