"""The grants as pyftpdlib wants to see accounts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyftpdlib.exceptions import AuthenticationFailed

from ravftp.grants import Grants

#: enter, list, read, append, delete, rename, write: what of it a place allows, the jail says
PERMISSIONS = "elradfw"


class Accounts:
    """pyftpdlib's authorizer."""

    def __init__(self, grants: Grants, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._grants, self._folder, self._clock = grants, folder, clock

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        """Raise unless that is the password of a live grant."""
        if not self._grants.logs_in(username, password, self._clock()):
            raise AuthenticationFailed("no grant has that user and password; it may have been revoked")

    def has_user(self, username: str) -> bool:
        """True for users with a grant."""
        return username in self._grants

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        """A revoked user may do nothing; others what the jail allows."""
        return username in self._grants and perm in PERMISSIONS

    def get_perms(self, username: str) -> str:
        """All that there are."""
        return PERMISSIONS

    def get_home_dir(self, username: str) -> str:
        """The data folder; the jail shows of it what the user may see."""
        return str(self._folder)

    def get_msg_login(self, username: str) -> str:
        """What a login is answered with."""
        return "Arrays to read are in /, uploads go to /up/<32 hex digits>."

    def get_msg_quit(self, username: str) -> str:
        """What a goodbye is answered with."""
        return "Goodbye."

    def impersonate_user(self, username: str, password: str) -> None:
        """The server's own rights are all that is used."""

    def terminate_impersonation(self, username: str) -> None:
        """Likewise."""
