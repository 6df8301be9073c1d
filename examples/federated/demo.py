"""`sh setup.sh demo federated`: a server, a developer and five hospitals, start to finish.

Everything runs on this machine on a free port with a temporary database, and is stopped at the end, after a
failure and on Ctrl-C too. The plot goes into the current directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any

from hospitals import HOSPITALS, difference, pooled, write_files

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATIENCE_S = 120.0
#: the largest relative difference from NumPy that counts as equal; ours is the exact one of the two
TOLERANCE = 1e-9
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoFailed(Exception):
    """What went wrong, in a sentence."""


@contextlib.contextmanager
def running(*command: str | Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A program of ours that is stopped at the end of the block, with all it has started."""
    line = [sys.executable, *map(str, command)]
    process = subprocess.Popen(line, text=True, start_new_session=True, **options)
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5.0)
                break
        if process.stdout is not None:
            process.stdout.close()


def said(process: subprocess.Popen[str], word: str) -> str:
    """What a program prints behind a word, waiting for it."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(word):
            return line.removeprefix(word).strip()
    raise DemoFailed(f"a program ended without saying {word!r}")


def contribute(
    url: str, folder: Path, name: str, path: Path, graph: str, fingerprint: str, log: IO[str]
) -> None:
    """What a hospital does. The fingerprint has come to it by telephone, say, and not by the server."""
    command = [
        "-m",
        "ravpy",
        "federate",
        graph,
        "--file",
        path,
        "--server",
        url,
        "--yes",
        "--expect",
        fingerprint,
    ]
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
    serve = [ROOT / "run_ravsock.py", "--port", "0", "--ftp-port", "0"]
    serve += ["--database", f"sqlite:///{folder}/rdf.db", "--data-dir", folder / "data"]
    with contextlib.ExitStack() as stack:
        print("starting a server ...", flush=True)
        server = stack.enter_context(running(*serve, stdout=subprocess.PIPE, stderr=log))
        url = said(server, "ravsock ready ")
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
        except (DemoFailed, subprocess.TimeoutExpired) as failure:
            log.seek(0)
            told = "".join(log.readlines()[-12:])
            print(f"demo: {failure}\nThe programs said last:\n{told}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ndemo: stopped; nothing is left running", file=sys.stderr)
            return 1
    print("everything is stopped. Next: docs/federated-analytics.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
