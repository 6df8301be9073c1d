"""The jail: pyftpdlib's view of files, with the places of ravftp.places and nothing else.

What pyftpdlib takes for a path of the disk is the path that the user named, made absolute; only `open`
and `stat` turn it into a file, after looking its place up.
"""

from __future__ import annotations

import os
from typing import Any

from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.filesystems import AbstractedFS

from ravftp.filehash import NOFOLLOW
from ravftp.grants import Grants
from ravftp.places import UP, Kind, Place, absolute, place_of
from ravftp.uploads import NotTaken, UploadFile, Uploads
from ravspec.names import DIGEST

WHAT_THERE_IS = "there are arrays, /<SHA-256 in 64 hex digits>, and uploads, /up/<32 hex digits>"


class Refused(FilesystemError):  # type: ignore[misc]
    """The path, or what was wanted of it, is not to be had."""


class Jail(AbstractedFS):  # type: ignore[misc]
    """What one logged-in user sees."""

    def __init__(self, root: str, cmd_channel: Any) -> None:
        super().__init__(root, cmd_channel)
        self._user: str = cmd_channel.username
        self._grants: Grants = cmd_channel.grants
        self._uploads: Uploads = cmd_channel.uploads

    # --- paths ---------------------------------------------------------------------------------------

    def ftp2fs(self, ftppath: str) -> str:
        """A path as this user means it."""
        return absolute(ftppath, self.cwd)

    def fs2ftp(self, fspath: str) -> str:
        """The same path: users see no others."""
        return fspath

    def realpath(self, path: str) -> str:
        """There are no links."""
        return path

    def validpath(self, path: str) -> bool:
        """Every path may be asked for; what is there, each function says."""
        return True

    def _place(self, path: str) -> Place:
        place = place_of(path)
        if place is None:
            raise Refused(f"there is nothing at {path!r:.80}; {WHAT_THERE_IS}")
        return place

    def _readable(self, path: str) -> Place:
        """A place that is there, for this user: arrays of others are not told apart from none."""
        place = self._place(path)
        missing = False
        if place.kind is Kind.ARRAY:
            missing = not self._grants.may_read(self._user, place.name) or not self._array(place).is_file()
        elif place.kind is Kind.UPLOAD:
            missing = self._uploads.get(self._user, place.name) is None
        if missing:
            raise Refused(f"there is no {path!r:.80} that this grant may read")
        return place

    def _array(self, place: Place) -> Any:
        return self._uploads.folder / place.name

    # --- reading and writing -------------------------------------------------------------------------

    def open(self, filename: str, mode: str) -> Any:
        """A readable array to send, or an upload to receive."""
        if mode != "rb":
            return self._open_upload(filename, mode)
        place = self._readable(filename)
        if place.kind is not Kind.ARRAY:
            raise Refused(f"{filename!r:.80} is no array; uploads can be read once they are renamed to one")
        return open(
            self._array(place), "rb", buffering=0, opener=lambda path, flags: os.open(path, flags | NOFOLLOW)
        )

    def _open_upload(self, path: str, mode: str) -> UploadFile:
        place = self._place(path)
        if place.kind is not Kind.UPLOAD:
            raise Refused(f"{path!r:.80} cannot be written to; uploads go to /up/<32 hex digits>")
        try:
            return self._uploads.open(self._user, place.name, mode)
        except NotTaken as error:
            raise Refused(str(error)) from error

    def remove(self, path: str) -> None:
        """Delete one of the user's own uploads."""
        place = self._readable(path)
        upload = self._uploads.get(self._user, place.name) if place.kind is Kind.UPLOAD else None
        if upload is None:
            raise Refused(f"{path!r:.80} cannot be deleted; uploads can")
        self._uploads.drop(upload)

    # --- looking -------------------------------------------------------------------------------------

    def chdir(self, path: str) -> None:
        """Go to / or /up."""
        if not self.isdir(path):
            raise Refused(f"{path!r:.80} is no folder; there are / and /{UP}")
        self.cwd = path

    def isdir(self, path: str) -> bool:
        """True for / and /up."""
        place = place_of(path)
        return place is not None and place.kind in (Kind.ROOT, Kind.UPLOADS)

    def isfile(self, path: str) -> bool:
        """True for an array or upload that is there for this user."""
        return self.lexists(path) and not self.isdir(path)

    def islink(self, path: str) -> bool:
        """There are no links."""
        return False

    def lexists(self, path: str) -> bool:
        """True if the place is there for this user."""
        try:
            self._readable(path)
        except Refused:
            return False
        return True

    def listdir(self, path: str) -> list[str]:
        """The arrays that the user may read, or its uploads."""
        match self._place(path).kind:
            case Kind.ROOT:
                return [UP, *self._arrays()]
            case Kind.UPLOADS:
                return self._uploads.names(self._user)
        raise Refused(f"{path!r:.80} is no folder")

    def _arrays(self) -> list[str]:
        grant = self._grants.get(self._user)
        if grant is None:
            return []
        if grant.reads_all:
            return [name for name in os.listdir(self._uploads.folder) if DIGEST.fullmatch(name)]
        return [name for name in grant.readable if (self._uploads.folder / name).is_file()]

    def stat(self, path: str) -> os.stat_result:
        """Size, time and kind of what is there."""
        place = self._readable(path)
        if place.kind is Kind.UPLOAD:
            upload = self._uploads.get(self._user, place.name)
            assert upload is not None
            return os.lstat(upload.path)
        return os.lstat(self._array(place) if place.kind is Kind.ARRAY else self._uploads.folder)

    lstat = stat

    def getsize(self, path: str) -> int:
        """Bytes of an array, or of an upload so far."""
        return self.stat(path).st_size

    def getmtime(self, path: str) -> float:
        """When it was written."""
        return self.stat(path).st_mtime

    def get_user_by_uid(self, uid: int) -> str:
        """Accounts of the machine are nobody's business."""
        return "rdf"

    get_group_by_gid = get_user_by_uid
