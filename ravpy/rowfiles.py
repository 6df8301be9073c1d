"""The rows of a ledger, on disk: a file for each file that took part, read and written slice by slice."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ravpy.signatures import SLICES, Signature, Signed, nothing_signed
from ravspec.errors import ConfigError
from ravspec.places import writing_private


class RowFile:
    """One of them; without a file it has no rows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def name(self) -> str:
        """By what the ledger knows the file whose rows these are."""
        return self.path.stem.removeprefix("rows-")

    def slices(self) -> Iterator[Signed]:
        """Its rows; a ConfigError where they cannot be read."""
        if not self.path.exists():
            yield from (nothing_signed() for _ in range(SLICES))
            return
        try:
            with open(self.path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                signatures: list[Signature] = json.loads(file["signatures"].tobytes())
                for i in range(SLICES):
                    yield Signed(file[f"keys-{i}"], file[f"numbers-{i}"], signatures)
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            raise ConfigError(
                f"the ledger {self.path} is damaged ({error}); nothing is sent without it"
            ) from None

    def write(self, slices: Iterable[Signed]) -> None:
        """Put these in the place of what it has; the last slice's signatures are those of all."""
        with writing_private(self.path) as file, zipfile.ZipFile(file, "w") as archive:
            signatures: list[Signature] = []
            for i, rows in enumerate(slices):
                add(archive, f"keys-{i}", rows.keys)
                add(archive, f"numbers-{i}", rows.numbers)
                signatures = rows.signatures
            add(archive, "signatures", np.frombuffer(json.dumps(signatures).encode(), np.uint8))


def add(archive: zipfile.ZipFile, name: str, array: Any) -> None:
    """Put an array into a file as np.savez would, which needs all of them at once."""
    with archive.open(f"{name}.npy", "w") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
