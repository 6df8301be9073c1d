"""Where the server is: what developers and contributors read from the environment, and how it must look."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ravspec.errors import ConfigError

DEFAULT_URL = "http://127.0.0.1:9999"

#: the environment's names for the server's address, the first that is set wins; the last two are RDF's
URL_NAMES = ("RAVSOCK_URL", "RAVSOCK_SERVER_URL", "RAVENVERSE_URL")


def named_url(environ: Mapping[str, str]) -> str:
    """The address that the environment names, or the default one, as it is written."""
    return next((environ[name] for name in URL_NAMES if environ.get(name)), DEFAULT_URL)


def url_from(environ: Mapping[str, str]) -> str:
    """The address that the environment names, or the default one; checked."""
    return checked_url(named_url(environ))


def token_from(environ: Mapping[str, str]) -> str | None:
    """The access token of the environment, if there is one."""
    return environ.get("RAV_TOKEN") or None


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
