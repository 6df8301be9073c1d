"""The grants: who may log in, what it may read, how much it may leave here. Pure; ravsock's child keeps one.

A grant is for one contributor life or one developer. Its password is a random secret of 256 bits, so a
plain SHA-256 of it is as safe to keep as a slow hash, which exists to protect what people can guess;
and a slow one would cost more than a small array's transfer, at every login.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from ravspec.errors import ConfigError

#: unfinished uploads that a user may have
MAX_UPLOADS = 100
#: a stored array counts as at least so many bytes: a small file takes a block too
FILE_BYTES = 4096

USER = re.compile(r"[A-Za-z0-9_]{1,64}")
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class Grant:
    """One account. `idle_s`: revoked after so long without a sign of its user; None: until it is revoked.

    `reads_all`: it may read every array, by name; else those that are allowed.
    """

    user: str
    password_sha256: str
    quota_bytes: int
    idle_s: float | None = None
    reads_all: bool = False
    seen_at: float = 0.0
    readable: set[str] = field(default_factory=set)
    #: bytes stored by name that nobody has taken into use yet
    stored_bytes: int = 0
    #: unfinished uploads and their bytes
    uploads: dict[str, int] = field(default_factory=dict)

    @property
    def used_bytes(self) -> int:
        """What counts against the quota."""
        return self.stored_bytes + sum(self.uploads.values())


def password_hash(password: str) -> str:
    """What is kept of a password."""
    return hashlib.sha256(password.encode()).hexdigest()


class Grants:
    """All that are valid now, by user. Unknown users may read nothing, write nothing and not log in."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._nobody = password_hash(secrets.token_urlsafe())

    def __contains__(self, user: object) -> bool:
        return user in self._grants

    def __len__(self) -> int:
        return len(self._grants)

    def get(self, user: str) -> Grant | None:
        """The grant of a user."""
        return self._grants.get(user)

    def add(
        self,
        user: str,
        password_sha256: str,
        quota_bytes: int,
        readable: Iterable[str] = (),
        idle_s: float | None = None,
        reads_all: bool = False,
        now: float = 0.0,
    ) -> None:
        """Give a grant; one that the user had before is gone."""
        if not USER.fullmatch(user):
            raise ConfigError(f"{user!r:.80} is no name of a user: letters, digits and _, at most 64")
        if not HASH.fullmatch(password_sha256):
            raise ConfigError(f"the grant of {user} needs the SHA-256 of its password, 64 hexadecimal digits")
        if quota_bytes < 0:
            raise ConfigError(f"the grant of {user} has a quota of {quota_bytes} bytes; give 0 or more")
        self._grants[user] = Grant(user, password_sha256, quota_bytes, idle_s, reads_all, now, set(readable))

    def revoke(self, user: str) -> None:
        """Take a grant back; nothing, if there is none."""
        self._grants.pop(user, None)

    def allow(self, user: str, digests: Iterable[str]) -> None:
        """Let a user read these arrays."""
        if user in self._grants:
            self._grants[user].readable.update(digests)

    def disallow(self, user: str, digests: Iterable[str]) -> None:
        """Let it read these no longer."""
        if user in self._grants:
            self._grants[user].readable.difference_update(digests)

    def logs_in(self, user: str, password: str, now: float) -> bool:
        """True if that is the user's password. Takes the same time for users that there are not."""
        grant = self._grants.get(user)
        expected = grant.password_sha256 if grant is not None else self._nobody
        right = hmac.compare_digest(password_hash(password), expected)
        if right and grant is not None:
            grant.seen_at = now
        return right and grant is not None

    def seen(self, user: str, now: float) -> None:
        """The user did something."""
        if user in self._grants:
            self._grants[user].seen_at = now

    def may_read(self, user: str, digest: str) -> bool:
        """True if the user may read that array."""
        grant = self._grants.get(user)
        return grant is not None and (grant.reads_all or digest in grant.readable)

    def excess(self, user: str, upload: str, size_bytes: int) -> str:
        """Note that an upload is to have that size now; if it may not, nothing is noted: the reason why."""
        grant = self._grants.get(user)
        if grant is None:
            return "the grant has been revoked"
        if upload not in grant.uploads and len(grant.uploads) >= MAX_UPLOADS:
            return f"there are {MAX_UPLOADS} unfinished uploads; finish or delete some"
        others = grant.used_bytes - grant.uploads.get(upload, 0)
        if others + size_bytes > grant.quota_bytes:
            return f"{size_bytes} bytes do not fit: the quota is {grant.quota_bytes}, {others} are taken"
        grant.uploads[upload] = size_bytes
        return ""

    def dropped(self, user: str, upload: str) -> None:
        """An unfinished upload is gone."""
        if user in self._grants:
            self._grants[user].uploads.pop(upload, None)

    def stored(self, user: str, upload: str, digest: str) -> None:
        """An upload was whole and right: it is an array now, which its sender may read too."""
        grant = self._grants.get(user)
        if grant is not None:
            grant.stored_bytes += max(FILE_BYTES, grant.uploads.pop(upload, 0))
            grant.readable.add(digest)

    def quota(self, user: str, quota_bytes: int) -> None:
        """The user may have so many bytes from now on."""
        if user in self._grants:
            self._grants[user].quota_bytes = quota_bytes

    def settle(self, user: str, size_bytes: int) -> None:
        """So many bytes that the user stored are in use now, and count no longer."""
        grant = self._grants.get(user)
        if grant is not None:
            grant.stored_bytes = max(0, grant.stored_bytes - max(FILE_BYTES, size_bytes))

    def expired(self, now: float) -> list[str]:
        """Users of whom nothing was seen for their grant's idle time."""
        return [
            user
            for user, grant in self._grants.items()
            if grant.idle_s is not None and now - grant.seen_at >= grant.idle_s
        ]

    def next_expiry(self) -> float | None:
        """When the next one may expire."""
        return min(
            (grant.seen_at + grant.idle_s for grant in self._grants.values() if grant.idle_s is not None),
            default=None,
        )
