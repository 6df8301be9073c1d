"""`sh setup.sh demo federated`: a server, a developer and five hospitals, start to finish.

Everything runs on this machine on a free port with a temporary database, and is stopped at the end, after a
failure and on Ctrl-C too. The plot goes into the current directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from demos import ROOT, DemoFailed, running, said, server, show
from hospitals import HOSPITALS, difference, pooled, write_files

PATIENCE_S = 120.0
#: the largest relative difference from NumPy that counts as equal; ours is the exact one of the two
TOLERANCE = 1e-9


def contribute(
    url: str, folder: Path, name: str, path: Path, graph: str, fingerprint: str, log: IO[str]
) -> None:
    """What a hospital does. The fingerprint has come to it by telephone, say, and not by the server."""
    command = ["-m", "ravpy", "federate", graph, "--file", path, "--server", url, "--yes"]
    command += ["--expect", fingerprint]
    environment = {**os.environ, "RDF_STATE_DIR": str(folder / name)}
    with running(*command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log) as process:
        out, _ = process.communicate(timeout=PATIENCE_S)
        if process.returncode:
            raise DemoFailed(f"{name} did not contribute")
    if name == HOSPITALS[0]:
        print(f"\nwhat {name} is shown before anything leaves it:\n")
        print("\n".join(f"    {line}".rstrip() for line in out.splitlines()))
    print(f"{name}: {out.splitlines()[-1]}", flush=True)


def run(folder: Path, log: IO[str]) -> None:
    """The demo."""
    paths = write_files(folder)
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(server(folder, log))
        environment = {**os.environ, "RAVSOCK_URL": url, "RDF_STATE_DIR": str(folder / "developer")}
        script = [HERE / "analyse.py", "--results", folder / "results.json"]
        print("a developer asks, and tells the hospitals the fingerprint ...", flush=True)
        developer = stack.enter_context(running(*script, stdout=subprocess.PIPE, stderr=log, env=environment))
        graph, fingerprint = said(developer, "graph "), said(developer, "fingerprint ")
        print(f"graph {graph}, fingerprint {fingerprint}", flush=True)
        for name, path in zip(HOSPITALS, paths, strict=True):
            contribute(url, folder, name, path, graph, fingerprint, log)
        out, _ = developer.communicate(timeout=PATIENCE_S)
        if developer.returncode:
            raise DemoFailed("the developer's script failed")
        print(f"\nwhat the developer gets:\n{out}")
    report(json.loads((folder / "results.json").read_text()))


def report(results: dict[str, Any]) -> None:
    """The results beside NumPy's of the pooled data."""
    print("largest relative difference from NumPy, which was given all the data in one place")
    differences = {name: difference(results[name], value) for name, value in pooled().items()}
    for name, value in differences.items():
        print(f"  {value:.1e}  {name}")
    if not max(differences.values()) <= TOLERANCE:  # so that NaN fails too
        raise DemoFailed("these are not NumPy's results")


if __name__ == "__main__":
    sys.exit(show(run, "docs/federated-analytics.md"))
