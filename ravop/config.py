"""Where the server is and who we are, from the environment; `R.initialize` wins over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_URL = "http://127.0.0.1:9999"

#: the environment's names for the server's address, the first that is set wins; the last two are RDF's
URL_NAMES = ("RAVSOCK_URL", "RAVSOCK_SERVER_URL", "RAVENVERSE_URL")


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of the developer's side."""

    url: str = DEFAULT_URL
    token: str | None = None
    username: str | None = None
    #: seconds without a sign of life from the server before it counts as lost (it sends one every 15 s)
    silence_s: float = 40.0
    #: a progress bar shows after this long
    bar_after_s: float = 0.5


def from_environment(environ: Mapping[str, str] = os.environ) -> Config:
    """The settings that the environment names."""
    url = next((environ[name] for name in URL_NAMES if environ.get(name)), DEFAULT_URL)
    return Config(url=url.rstrip("/"), token=environ.get("RAV_TOKEN") or None)
