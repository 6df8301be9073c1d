"""Where the clients keep what must outlive a process: keys of developers, ledgers of contributors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """RDF_STATE_DIR, or .rdf in the home directory."""
    return Path(environ.get("RDF_STATE_DIR") or Path.home() / ".rdf")


def write_private(path: Path, body: bytes) -> None:
    """Write a file that only its owner can read, all of it or nothing, and down to the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
