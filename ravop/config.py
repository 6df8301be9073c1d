"""Where the server is and who we are, from the environment; `R.initialize` wins over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ravftp.client import KINDS, Kind
from ravspec.address import DEFAULT_URL, named_url, token_from, url_from
from ravspec.errors import ConfigError

#: the engine that computes in this process
LOCAL = "local:"


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of the developer's side."""

    url: str = DEFAULT_URL
    token: str | None = None
    username: str | None = None
    #: how arrays over 1 MiB travel: auto, ftp or http
    transport: Kind = "auto"
    #: seconds without a sign of life from the server before it counts as lost (it sends one every 15 s)
    silence_s: float = 40.0
    #: a progress bar shows after this long
    bar_after_s: float = 0.5


def from_environment(environ: Mapping[str, str] = os.environ) -> Config:
    """The settings that the environment names."""
    url = LOCAL if named_url(environ) == LOCAL else url_from(environ)
    return Config(url=url, token=token_from(environ), transport=transport_from(environ))


def transport_from(environ: Mapping[str, str]) -> Kind:
    """The transport that the environment names (RAV_TRANSPORT)."""
    name = environ.get("RAV_TRANSPORT") or "auto"
    for kind in KINDS:
        if name == kind:
            return kind
    raise ConfigError(f"RAV_TRANSPORT={name!r} is none of {', '.join(KINDS)}")
