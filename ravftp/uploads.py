"""Uploads: unfinished files in the data folder, and how they become arrays. The loop's own; no locks."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ravftp.filehash import NOFOLLOW, FileHash
from ravftp.grants import Grants
from ravspec.names import PARTIAL

#: how names of our unfinished files begin: HTTP has others in the same folder
OURS = f"{PARTIAL}ftp-"


class NotTaken(Exception):
    """An upload cannot go on, or become an array. `code` is FTP's number for it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(slots=True)
class Upload:
    """An unfinished file."""

    user: str
    name: str
    path: Path
    hash: FileHash
    size: int = 0
    writer: UploadFile | None = field(default=None, repr=False)


class Uploads:
    """All unfinished files of a data folder. Those that a process before left there are swept."""

    def __init__(self, folder: Path, grants: Grants) -> None:
        self.folder, self._grants = folder, grants
        self._uploads: dict[tuple[str, str], Upload] = {}
        for leftover in folder.glob(f"{OURS}*"):
            leftover.unlink()

    def get(self, user: str, name: str) -> Upload | None:
        """The upload of that name."""
        return self._uploads.get((user, name))

    def names(self, user: str) -> list[str]:
        """The names of a user's uploads."""
        return [name for owner, name in self._uploads if owner == user]

    def open(self, user: str, name: str, mode: str) -> UploadFile:
        """Write to an upload: "wb" anew, "ab" behind what is there, "r+b" from where `seek` says.

        The last who opens it writes: who wrote before has lost its connection, or its right.
        """
        upload = self._uploads.get((user, name))
        if upload is not None and upload.writer is not None:
            upload.writer.overtaken = True
        if upload is not None and mode == "wb":
            self.drop(upload)
            upload = None
        if upload is None:
            if mode == "r+b":
                raise NotTaken(550, f"there is no upload {name} to go on with")
            upload = self._new(user, name)
        file = os.open(upload.path, os.O_WRONLY | os.O_APPEND | NOFOLLOW)
        upload.writer = UploadFile(self, upload, file)
        return upload.writer

    def _new(self, user: str, name: str) -> Upload:
        excess = self._grants.excess(user, name, 0)
        if excess:
            raise NotTaken(552, excess)
        path = self.folder / f"{OURS}{user}-{name}"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, 0o644))
        upload = self._uploads[user, name] = Upload(user, name, path, FileHash(path))
        return upload

    def write(self, upload: Upload, file: int, block: memoryview) -> None:
        """Add a block. What does not fit, into the quota or onto the disk, ends the upload: it is deleted."""
        if self._uploads.get((upload.user, upload.name)) is not upload:
            raise NotTaken(426, "the upload was deleted meanwhile")
        excess = self._grants.excess(upload.user, upload.name, upload.size + len(block))
        if excess:
            self.drop(upload)
            raise NotTaken(552, excess)
        try:
            while block:
                n = os.write(file, block)
                upload.size += n
                block = block[n:]
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            self.drop(upload)
            raise NotTaken(452 if full else 451, f"the server cannot store it: {error.strerror}") from error
        upload.hash.grown(upload.size)

    def cut(self, upload: Upload, file: int, size: int) -> None:
        """Cut an upload, to go on from there."""
        if size < upload.size:
            os.ftruncate(file, size)
            upload.size = size
            upload.hash.forget()
            upload.hash = FileHash(upload.path)
            upload.hash.grown(size)
            self._grants.excess(upload.user, upload.name, size)

    def drop(self, upload: Upload) -> None:
        """Delete an upload."""
        if self._uploads.pop((upload.user, upload.name), None) is not None:
            upload.hash.forget()
            upload.path.unlink(missing_ok=True)
            self._grants.dropped(upload.user, upload.name)

    def drop_all(self, user: str) -> None:
        """Delete the uploads of a user whose grant is over."""
        for name in self.names(user):
            self.drop(self._uploads[user, name])

    def clear(self) -> None:
        """Delete all."""
        for upload in list(self._uploads.values()):
            self.drop(upload)

    def check(self, user: str, name: str, found: Callable[[Upload, str], None]) -> None:
        """Have a whole upload hashed to its end; `found` is called with the digest, from another thread."""
        upload = self._uploads.get((user, name))
        if upload is None:
            raise NotTaken(550, f"there is no upload {name}")
        if upload.writer is not None:
            raise NotTaken(450, f"upload {name} is being written")
        upload.hash.finish(lambda digest: found(upload, digest))

    def commit(self, upload: Upload, digest: str) -> None:
        """A checked upload becomes an array."""
        if self._uploads.get((upload.user, upload.name)) is not upload:
            raise NotTaken(550, f"upload {upload.name} was deleted meanwhile")
        os.replace(upload.path, self.folder / digest)
        del self._uploads[upload.user, upload.name]
        self._grants.stored(upload.user, upload.name, digest)


class UploadFile:
    """What pyftpdlib writes to: like a file, as far as it needs one."""

    def __init__(self, uploads: Uploads, upload: Upload, file: int) -> None:
        self._uploads, self._upload, self._file = uploads, upload, file
        self.name = f"/up/{upload.name}"
        self.closed = self.overtaken = False

    def write(self, block: bytes | memoryview) -> None:
        """Add a block."""
        if self.overtaken:
            raise NotTaken(426, "another connection goes on with this upload")
        self._uploads.write(self._upload, self._file, memoryview(block))

    def seek(self, size: int) -> None:
        """Go on after so many bytes."""
        self._uploads.cut(self._upload, self._file, size)

    def close(self) -> None:
        """The connection has ended, with or without all bytes."""
        if not self.closed:
            self.closed = True
            os.close(self._file)
            if self._upload.writer is self:
                self._upload.writer = None
                self._upload.hash.paused()
