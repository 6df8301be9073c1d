"""A CSV file, read in batches, so that its size does not matter; what is wrong is named with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ravspec.errors import RavError, nearest

#: rows that are looked at together
BATCH_ROWS = 4096


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

    def __init__(self, path: Path, form: Format, file: io.TextIOBase) -> None:
        self.path, self._form = path, form
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
        if len(self.names) == 1 and not hint:
            hint = f"; if columns are not separated by {self._form.separator!r}, say by what: --separator"
        raise TableError(f'{self.path}, line 1: there is no column "{name}"{hint}')

    def batches(self) -> Iterator[Batch]:
        """The rows, in batches; empty lines are none."""
        rows: list[list[str]] = []
        lines: list[int] = []
        width = len(self.names)
        try:
            for row in self._reader:
                if len(row) != width:
                    if not row:
                        continue
                    raise TableError(f"{self._line()}: {len(row)} cells; the first line has {width}")
                rows.append(row)
                lines.append(self._reader.line_num)
                if len(rows) == BATCH_ROWS:
                    yield Batch(list(zip(*rows, strict=True)), lines)
                    rows, lines = [], []
        except csv.Error as error:
            raise TableError(f"{self._line()}: {error}") from None
        if rows:
            yield Batch(list(zip(*rows, strict=True)), lines)

    def _line(self) -> str:
        return f"{self.path}, line {self._reader.line_num}"


@contextmanager
def open_table(path: Path, form: Format) -> Iterator[Table]:
    """The table of a file; TableError where it cannot be read."""
    if len(form.separator) != 1:
        raise TableError(f"a separator is one character, not {form.separator!r}")
    try:
        with open(path, encoding=form.encoding, newline="") as file:
            yield Table(path, form, file)
    except UnicodeDecodeError as error:
        line = undecodable(path, form.encoding)
        raise TableError(
            f"{path}, line {line}: not {form.encoding} ({error.reason}); see --encoding"
        ) from None
    except LookupError:
        raise TableError(f"there is no encoding {form.encoding!r}; utf-8 and latin-1 are usual") from None
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None


def undecodable(path: Path, encoding: str) -> int | str:
    """The first line that is not in this encoding."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return "?"


def bad_cell(table: Table, batch: Batch, name: str, cells: Sequence[str], row: int, why: str) -> TableError:
    """A cell that cannot be used."""
    shown = cells[row] if len(cells[row]) <= 60 else cells[row][:60] + "..."
    return TableError(f'{table.path}, line {batch.lines[row]}, column "{name}": {shown!r} {why}')
