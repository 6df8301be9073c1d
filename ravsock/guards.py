"""Who may speak to the server: on loopback anybody on this machine, but no web page from elsewhere.

A page of a foreign site can make a visitor's browser send requests to 127.0.0.1; it then carries that
site's Origin. A name that an attacker points at 127.0.0.1 (DNS rebinding) arrives as a foreign Host.
Both are refused before anything else looks at the request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from ravsock.config import Config, is_loopback
from ravspec.errors import ConfigError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def check_host(config: Config) -> None:
    """Only loopback may be listened on: other addresses need tokens, which this version has not yet."""
    if not is_loopback(config.host):
        raise ConfigError(
            f"RAVSOCK_HOST={config.host} is not an address of this machine alone. Without access tokens "
            "anybody on the network could use the server; listen on 127.0.0.1"
        )


def guard(config: Config) -> Handler:
    """The middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        if not is_loopback(name_of(host)):
            return refusal(f"this server does not go by the name {host!r}; use 127.0.0.1 or localhost")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in config.origins and urlsplit(origin).netloc != host:
            return refusal(
                f"pages of {origin!r} may not use this server; RAVSOCK_ORIGINS names those that may"
            )
        return await handler(request)

    return middleware  # type: ignore[return-value]


def name_of(host: str) -> str:
    """A Host header without its port."""
    return host[: host.rindex("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


def refusal(message: str) -> web.Response:
    """403 with a reason."""
    return web.json_response({"message": message, "kind": "RavError"}, status=403)
