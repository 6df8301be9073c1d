"""Settings of a contributor, from the environment and the command line."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ravspec.errors import ConfigError

DEFAULT_URL = "http://127.0.0.1:9999"

#: the environment's names for the server's address, the first that is set wins; the last two are RDF's
URL_NAMES = ("RAVSOCK_URL", "RAVSOCK_SERVER_URL", "RAVENVERSE_URL")


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
    from_environment = next((environ[n] for n in URL_NAMES if environ.get(n)), DEFAULT_URL)
    return Config(
        url=checked_url(url or from_environment),
        token=token or environ.get("RAV_TOKEN") or None,
        name=name or f"{socket.gethostname()}-{os.getpid()}",
        transport=transport,
        exit_when_idle_s=exit_when_idle_s,
    )


def checked_url(url: str) -> str:
    """A server's address without a slash at its end; one that cannot be used is a ConfigError."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{url!r} is no address of a server; write for instance {DEFAULT_URL}")
    return url.rstrip("/")
