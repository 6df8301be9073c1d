"""What a user sees: `/` with the arrays it may read, and `/up/`, the one place it may write to. Pure.

There are four kinds of places and no others, so a path is looked up, never followed:

    /                   ROOT
    /<64 hex digits>    ARRAY, by its SHA-256
    /up                 UPLOADS
    /up/<32 hex digits> UPLOAD, on its way to become an array
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import Enum

from ravspec.names import DIGEST, UPLOAD

UP = "up"


class Kind(Enum):
    """The kinds of places."""

    ROOT = "root"
    ARRAY = "array"
    UPLOADS = "uploads"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Place:
    """A kind, and the digits in the name of an array or upload."""

    kind: Kind
    name: str = ""


def absolute(path: str, folder: str) -> str:
    """A path as a user in `folder` means it: from the root, without dots and doubled slashes."""
    return "/" + posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def place_of(path: str) -> Place | None:
    """The place of an absolute path, None where there can be none."""
    match path.split("/")[1:]:
        case [""]:
            return Place(Kind.ROOT)
        case ["up"]:
            return Place(Kind.UPLOADS)
        case [name] if DIGEST.fullmatch(name):
            return Place(Kind.ARRAY, name)
        case ["up", name] if UPLOAD.fullmatch(name):
            return Place(Kind.UPLOAD, name)
    return None
