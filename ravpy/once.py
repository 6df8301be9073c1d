"""Contributions that are made once: what is masked or has noise, and must be sent again, is the same bytes.

A second one of the same numbers would have other noise, so that both together tell more than the epsilon that
was agreed to; a second one of other numbers would have the same masks, so that both tell their difference.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ravpy.policy import Refused
from ravspec.errors import ConfigError
from ravspec.places import write_private


class Once:
    """One contribution; `numbers` is what its sums are known by."""

    def __init__(self, path: Path, numbers: str) -> None:
        self._path, self._numbers = path, numbers

    def earlier(self) -> bytes | None:
        """What was made before; Refused, if it was of other numbers."""
        if not self._path.exists():
            return None
        try:
            said = json.loads(self._path.read_bytes())
            numbers, body = said["numbers"], base64.b64decode(said["body"], validate=True)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{self._path} is damaged ({error}); nothing is sent without it") from None
        if numbers != self._numbers:
            raise Refused(
                "once: a contribution of other numbers was made for this graph before, and both together "
                "would tell more than one; a new graph has new masks and new noise"
            )
        return body

    def keep(self, body: bytes) -> bytes:
        """What is to be sent: what was made before, or else this, which is written down first."""
        earlier = self.earlier()
        if earlier is None:
            text = json.dumps({"numbers": self._numbers, "body": base64.b64encode(body).decode()})
            write_private(self._path, text.encode())
        return earlier or body
