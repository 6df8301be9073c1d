"""The pipe to ravsock: it says in lines of JSON who may do what, and is told in lines what happened.

    ravsock says                                          ravftp says
    {"do": "grant", "user", "password_sha256", ...}       {"event": "ready", "port"}
    {"do": "allow" | "disallow", "user", "digests"}       {"event": "failed", "reason"}
    {"do": "settle", "user", "size_bytes"}                {"event": "stored", "number", "user", "digest",
    {"do": "quota", "user", "quota_bytes"}                    "size_bytes"}
    {"do": "revoke", "user"}
    {"do": "noted", "number", "trouble"}                  {"event": "expired", "user"}
                                                          {"event": "no_room", "user", "reason"}

An upload is answered only when ravsock has `noted` it, so that its sender cannot speak of an array that
ravsock does not know. When the pipe closes, ravsock is gone and ravftp ends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from ravftp.mailbox import Polled
from ravftp.server import Server


class Parent(Polled):
    """ravsock, from the child's side. `said` is where the child's lines go."""

    def __init__(self, server: Server, heard: int, say: int) -> None:
        super().__init__(server.loop, heard)
        self._server, self._say = server, say
        self._rest = b""
        self._answers: dict[int, Callable[[str], None]] = {}
        self._number = 0
        self._do: dict[str, Callable[..., None]] = {
            "grant": server.grant,
            "allow": server.grants.allow,
            "disallow": server.grants.disallow,
            "settle": server.grants.settle,
            "quota": server.grants.quota,
            "revoke": server.revoke,
            "noted": self._noted,
        }
        server.expired = lambda user: self.tell(event="expired", user=user)
        server.handler.catch_up = staticmethod(self.catch_up)
        server.handler.stored = staticmethod(self._stored)
        server.handler.no_room = staticmethod(
            lambda user, reason: self.tell(event="no_room", user=user, reason=reason)
        )

    def handle_read_event(self) -> None:
        """Do what the lines say; end with the pipe."""
        if not self.catch_up():
            self._server.stop()
            self.close()

    def catch_up(self) -> bool:
        """Read what has been said so far; False once ravsock is gone."""
        while not self.closed:
            try:
                part = os.read(self._fileno, 1 << 16)
            except BlockingIOError:
                return True
            if not part:
                return False
            *lines, self._rest = (self._rest + part).split(b"\n")
            for line in lines:
                words = json.loads(line)
                self._do[words.pop("do")](**words)
        return True

    def tell(self, **words: Any) -> None:
        """Say a line; without ravsock there is nobody to serve for."""
        try:
            say(self._say, **words)
        except BrokenPipeError:
            self._server.stop()

    def _stored(self, user: str, digest: str, size_bytes: int, answer: Callable[[str], None]) -> None:
        self._number += 1
        self._answers[self._number] = answer
        self.tell(event="stored", number=self._number, user=user, digest=digest, size_bytes=size_bytes)

    def _noted(self, number: int, trouble: str = "") -> None:
        self._answers.pop(number)(trouble)


def say(file: int, **words: Any) -> None:
    """Write a line of JSON."""
    line = memoryview(json.dumps(words).encode() + b"\n")
    while line:
        line = line[os.write(file, line) :]
