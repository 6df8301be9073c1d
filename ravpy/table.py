"""A CSV file, read in batches, so that its size does not matter; what is wrong is named with its line."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ravspec.errors import RavError, nearest

#: rows that are looked at together
BATCH_ROWS = 4096
#: what columns are usually separated by
SEPARATORS = ",;|\t"


class TableError(RavError):
    """The file cannot be used as it is."""


@dataclass(frozen=True, slots=True)
class Format:
    """How the file is written."""

    encoding: str = "utf-8-sig"
    separator: str = ","
    decimal_comma: bool = False
    #: further words for a missing cell, in lower case
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows, as columns of cells; `lines` are their lines in the file."""

    columns: list[tuple[str, ...]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)


class Table:
    """An open CSV file. `names` are its columns; `batches` its rows, once."""

    def __init__(self, path: Path, form: Format, file: io.TextIOBase, raw: IO[bytes]) -> None:
        self.path, self._form, self._raw = path, form, raw
        self._size_bytes = os.fstat(raw.fileno()).st_size
        try:
            self._reader = csv.reader(file, delimiter=form.separator, strict=True)
            self.names = [name.strip() for name in next(self._reader, [])]
        except (csv.Error, TypeError) as error:
            raise TableError(f"{path}, line 1: {error}") from None
        if not self.names:
            raise TableError(f"{path} is empty; the first line has the names of the columns")

    def place(self, name: str) -> int:
        """Which column that is."""
        found = self.names.count(name)
        if found == 1:
            return self.names.index(name)
        if found:
            raise TableError(f'{self.path}, line 1: {found} columns are called "{name}"')
        hint = nearest(name, self.names)
        if len(self.names) == 1 and (not hint or any(mark in self.names[0] for mark in SEPARATORS)):
            hint = f"; if columns are not separated by {self._form.separator!r}, say by what: --separator"
        raise TableError(f'{self.path}, line 1: there is no column "{name}"{hint}')

    def batches(self) -> Iterator[Batch]:
        """The rows, in batches; empty lines are none. The line of a row is that in which it begins."""
        rows: list[list[str]] = []
        lines: list[int] = []
        width = len(self.names)
        begins = self._reader.line_num + 1
        try:
            for row in self._reader:
                if len(row) == width:
                    rows.append(row)
                    lines.append(begins)
                elif row:
                    raise TableError(
                        f"{self.path}, line {begins}: {len(row)} cells; the first line has {width}"
                    )
                begins = self._reader.line_num + 1
                if len(rows) == BATCH_ROWS:
                    yield Batch(list(zip(*rows, strict=True)), lines)
                    rows, lines = [], []
        except csv.Error as error:
            why = "a quoted cell has no end" if "end of data" in str(error) else error
            raise TableError(f"{self.path}, line {begins}: {why}") from None
        if rows:
            yield Batch(list(zip(*rows, strict=True)), lines)

    def share_read(self) -> float:
        """How much of the file has been read."""
        return self._raw.tell() / max(1, self._size_bytes)


@contextmanager
def open_table(path: Path, form: Format) -> Iterator[Table]:
    """The table of a file; TableError where it cannot be read."""
    if len(form.separator) != 1:
        raise TableError(f"a separator is one character, not {form.separator!r}")
    try:
        with open(path, "rb") as raw, io.TextIOWrapper(raw, encoding=form.encoding, newline="") as file:
            yield Table(path, form, file, raw)
    except UnicodeError as error:
        raise TableError(not_decodable(path, form.encoding, error)) from None
    except LookupError:
        raise TableError(f"there is no encoding {form.encoding!r}; utf-8 and latin-1 are usual") from None
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None


def not_decodable(path: Path, encoding: str, error: UnicodeError) -> str:
    """What is said of a file in another encoding, and which that may be."""
    with open(path, "rb") as file:
        marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        file.seek(0)
        line = undecodable(file, encoding)
    advice = "it begins as files in utf-16 do" if marked else "latin-1 and cp1252 are usual, too"
    why = error.reason if isinstance(error, UnicodeDecodeError) else error
    return f"{path}{line}: not {encoding.removesuffix('-sig')} ({why}); say --encoding: {advice}"


def undecodable(file: IO[bytes], encoding: str) -> str:
    """The first line that is not in this encoding, where lines can be told without it."""
    if "16" not in encoding and "32" not in encoding:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return f", line {number}"
    return ""


def bad_cell(table: Table, batch: Batch, name: str, cells: Sequence[str], row: int, why: str) -> TableError:
    """A cell that cannot be used."""
    shown = cells[row] if len(cells[row]) <= 60 else cells[row][:60] + "..."
    return TableError(f'{table.path}, line {batch.lines[row]}, column "{name}": {shown!r} {why}')
