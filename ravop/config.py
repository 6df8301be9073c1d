"""Where the server is and who we are, from the environment; `R.initialize` wins over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ravspec.address import DEFAULT_URL, token_from, url_from

#: the engine that computes in this process
LOCAL = "local:"


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
    return Config(url=url_from(environ), token=token_from(environ))
