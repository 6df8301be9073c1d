"""Settings of a contributor, from the environment and the command line."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from ravspec.address import DEFAULT_URL, checked_url, token_from, url_from


@dataclass(frozen=True, slots=True)
class Config:
    """How to take part."""

    url: str = DEFAULT_URL
    token: str | None = None
    name: str = "ravpy"
    transport: str = "auto"
    #: leave after so many seconds without work; None: stay
    exit_when_idle_s: float | None = None


def read_config(
    url: str | None = None,
    token: str | None = None,
    name: str | None = None,
    transport: str = "auto",
    exit_when_idle_s: float | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """Arguments that are given win over the environment."""
    return Config(
        url=checked_url(url) if url else url_from(environ),
        token=token or token_from(environ),
        name=name or f"{socket.gethostname()}-{os.getpid()}",
        transport=transport,
        exit_when_idle_s=exit_when_idle_s,
    )
