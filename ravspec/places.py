"""Where the clients keep what must outlive a process: keys of developers, ledgers of contributors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """RDF_STATE_DIR, or .rdf in the home directory."""
    return Path(environ.get("RDF_STATE_DIR") or Path.home() / ".rdf")


def write_private(path: Path, body: bytes) -> None:
    """Write a file that only its owner can read, all of it or nothing, and down to the disk."""
    with writing_private(path) as file:
        file.write(body)


@contextmanager
def writing_private(path: Path) -> Iterator[IO[bytes]]:
    """The same for what is written piece by piece; it is there when the block is left without an error."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
