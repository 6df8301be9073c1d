"""`sh setup.sh demo`: a server, two contributors and the linear regression, start to finish.

Everything runs on this machine on a free port with a temporary database, and is stopped at the end,
after a failure and on Ctrl-C too. The plot goes into the current directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from demos import ROOT, DemoFailed, Process, running, server, show

CONTRIBUTORS = ("contributor-1", "contributor-2")
PATIENCE_S = 60.0


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
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(server(folder, log))
        print(f"starting two contributors for {url} ...", flush=True)
        join = ["-m", "ravpy", "participate", "--server", url, "--name"]
        wait_for_contributors(
            url,
            [
                stack.enter_context(running(*join, name, stdout=log, stderr=log, cwd=ROOT))
                for name in CONTRIBUTORS
            ],
        )
        fit = stack.enter_context(running(HERE / "fit.py", env={**os.environ, "RAVSOCK_URL": url}))
        if fit.wait():
            raise DemoFailed("the fit failed; the reason stands above")
        counts = contributors(url)
        print("\nwho computed it: " + ", ".join(f"{name} {counts[name]:,} ops" for name in CONTRIBUTORS))
        if min(counts.values()) == 0:
            raise DemoFailed("one of the contributors had nothing to do")


if __name__ == "__main__":
    sys.exit(show(run, "three terminals, see README.md"))
