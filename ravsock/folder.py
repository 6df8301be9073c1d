"""The data folder: buffers too large for SQL, each a file named by its SHA-256.

A file is written under another name and renamed when it is whole, so what has its name has its bytes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from ravspec.codec import Buffer
from ravspec.errors import ConfigError, TransferError
from ravspec.names import DIGEST, PARTIAL

#: the disk is full, or what of it this server may have
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoom(TransferError):
    """The disk is full: another try may help later. To the peer it is a TransferError."""

    kind, status = "TransferError", 507


class DataFolder:
    """Files by digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: files that are about to be swept: nobody begins to use them; who sends one anew takes it out
        self.going: set[str] = set()
        try:
            path.mkdir(parents=True, exist_ok=True)
            probe = path / f"{PARTIAL}{uuid.uuid4().hex}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise ConfigError(f"the data folder {path} cannot be written: {error.strerror}") from error
        for leftover in path.glob(f"{PARTIAL}*"):
            leftover.unlink()

    def file(self, digest: str) -> Path:
        """Where the file of a digest is; a name that is no digest is a TransferError."""
        if not DIGEST.fullmatch(digest):
            raise TransferError(f"{digest!r:.80} is no SHA-256")
        return self.path / digest

    def size_of(self, digest: str) -> int | None:
        """Bytes of a stored file; None if it is not there."""
        try:
            return self.file(digest).stat().st_size
        except FileNotFoundError:
            return None

    def offered(self, digest: str) -> int | None:
        """The same, for who is about to use it."""
        return None if digest in self.going else self.size_of(digest)

    def write(self, digest: str, body: Buffer) -> None:
        """Store a buffer of which the digest is known."""
        final = self.file(digest)
        self.going.discard(digest)
        if final.exists():
            os.utime(final)  # it is as if it had come now
        else:
            partial = self.path / f"{PARTIAL}{uuid.uuid4().hex}"
            try:
                partial.write_bytes(body)
                os.replace(partial, final)
            finally:
                partial.unlink(missing_ok=True)

    def read(self, digest: str) -> bytes:
        """The bytes of a stored file, checked; a TransferError if they are gone or others."""
        try:
            body = self.file(digest).read_bytes()
        except OSError as error:
            raise TransferError(f"the data file {digest[:12]} cannot be read: {error.strerror}") from error
        if hashlib.sha256(body).hexdigest() != digest:
            raise TransferError(f"the data file {digest[:12]} holds other bytes than were stored")
        return body

    def older_than(self, before: float) -> list[str]:
        """The digests of files that came before that time."""
        with os.scandir(self.path) as entries:
            return [e.name for e in entries if DIGEST.fullmatch(e.name) and e.stat().st_mtime < before]

    def sweep(self, digest: str, before: float) -> int | None:
        """Delete a file that is going and came before that time; its size, None if it stays.

        It is put aside and looked at then: who sends it anew at this moment, by FTP, has another file.
        """
        aside = self.path / f"{PARTIAL}swept-{digest}"
        if digest not in self.going:
            return None
        try:
            os.rename(self.file(digest), aside)
        except FileNotFoundError:
            return None
        stat = aside.stat()
        if stat.st_mtime >= before:
            os.replace(aside, self.file(digest))
            return None
        aside.unlink()
        return stat.st_size

    async def receive(self, blocks: AsyncIterator[bytes], expected: int | None) -> tuple[str, int]:
        """Store a stream; (its SHA-256, its size). One of another length than expected leaves nothing."""
        partial = self.path / f"{PARTIAL}{uuid.uuid4().hex}"
        digest, size = hashlib.sha256(), 0
        try:
            with open(partial, "xb", buffering=0) as file:
                async for block in blocks:
                    file.write(block)
                    digest.update(block)
                    size += len(block)
            if expected is not None and size != expected:
                raise TransferError(f"{expected} bytes were announced, {size} came")
            os.replace(partial, self.file(digest.hexdigest()))
            self.going.discard(digest.hexdigest())
        except OSError as error:
            if isinstance(error, TransferError):
                raise
            text = f"the server could not store the array: {error.strerror}"
            raise (NoRoom if error.errno in FULL else TransferError)(text) from error
        finally:
            partial.unlink(missing_ok=True)
        return digest.hexdigest(), size


def files_of(path: Path) -> list[Path]:
    """The files in a data folder that are ours; none where there is no folder."""
    if not path.is_dir():
        return []
    return [f for f in path.iterdir() if DIGEST.fullmatch(f.name) or f.name.startswith(PARTIAL)]


def count(path: Path) -> int:
    """How many files a data folder has."""
    return len(files_of(path))


def clear(path: Path) -> None:
    """Delete every file of a data folder."""
    for file in files_of(path):
        file.unlink()
