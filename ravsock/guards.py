"""Who may speak to the server at all: no web page from elsewhere, nobody who needs a token and has none.

A page of a foreign site can make a visitor's browser send requests to 127.0.0.1; it then carries that
site's Origin, or says in Sec-Fetch-Site that it is foreign. A name that an attacker points at 127.0.0.1 (DNS
rebinding) arrives as a foreign Host. Forms of foreign sites can send three types of content, which no
client of ours sends. Each guard looks at one of these, and is enough by itself against what it is for.
Then the token is looked at (ravsock.doorkeeper), and what its role may do (ravsock.roles).
"""

from __future__ import annotations

import functools
import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from ravsock.config import Config, is_loopback
from ravsock.doorkeeper import Doorkeeper
from ravsock.limits import Buckets
from ravsock.roles import ALL, ANYBODY, ENDPOINTS, NOBODY, Principal, Roles
from ravspec.errors import AccessError, TokenError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Headers = Mapping[str, str]
Guard = Callable[[str, Headers, Config], str]

PRINCIPAL = web.RequestKey("principal", Principal)

#: what the forms of web pages can send without asking first
FORM_TYPES = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})


# --- guards: the method, the headers and the settings -> why not, or nothing --------------------------


def foreign_host(method: str, headers: Headers, config: Config) -> str:
    """The Host must be a name by which the server goes."""
    host = headers.get("Host", "")
    if goes_by(host, config.host, config.names):
        return ""
    use = (
        "127.0.0.1 or localhost" if is_loopback(config.host) else "its address, or a name of its certificate"
    )
    return f"this server does not go by the name {host!r:.80}; use {use}. RAVSOCK_NAMES gives it others"


def foreign_origin(method: str, headers: Headers, config: Config) -> str:
    """The Origin, which browsers add, must be the server's own, or one that was named."""
    origin = headers.get("Origin")
    if origin is None or origin in config.origins or netloc(origin) == headers.get("Host"):
        return ""
    return f"pages of {origin!r:.80} may not use this server; RAVSOCK_ORIGINS names those that may"


def cross_site(method: str, headers: Headers, config: Config) -> str:
    """What a browser fetches for a foreign page without telling whose; following a link is another thing."""
    site = headers.get("Sec-Fetch-Site", "none")
    if site in ("none", "same-origin") or headers.get("Origin") in config.origins:
        return ""
    if method == "GET" and headers.get("Sec-Fetch-Dest") == "document":
        return ""
    return f"pages of another site may not use this server (Sec-Fetch-Site: {site:.40})"


def form(method: str, headers: Headers, config: Config) -> str:
    """The types of content that a foreign page can send without the browser asking the server first."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in FORM_TYPES:
        return ""
    return f"content of type {kind} is not taken; send application/json or application/octet-stream"


#: all of them. A test takes out one at a time and sees what it was for come through
GUARDS: tuple[Guard, ...] = (foreign_host, foreign_origin, cross_site, form)


@functools.lru_cache(maxsize=256)
def goes_by(host: str, listens_on: str, names: tuple[str, ...]) -> bool:
    """Is that Host a name or address of a server that listens there and has these names?

    A name that is an address cannot be pointed elsewhere, so on an open address all addresses are good;
    but only as `ipaddress` writes them: not 2130706433, not 0x7f.1.
    """
    name = name_of(host).lower()
    if is_loopback(name) or name in names:
        return True
    if is_loopback(listens_on):
        return False
    if name == listens_on.lower():
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def netloc(origin: str) -> str | None:
    """Host and port of an origin; None if it is none (`null`, or worse)."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def name_of(host: str) -> str:
    """A Host header without its port."""
    return host[: host.rindex("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


# --- the middleware -----------------------------------------------------------------------------------


def guard(config: Config, door: Doorkeeper) -> Handler:
    """The middleware: guards, then token, then role. `PRINCIPAL` of the request says who asks."""

    guards, buckets = GUARDS, Buckets(config.address_requests)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if too_often(request.remote, buckets):
            text = f"more than {config.address_requests:g} requests a second (RAVSOCK_ADDRESS_REQUESTS)"
            return refusal(429, f"{text}; wait a moment", "LimitError", {"Retry-After": "1"})
        for look in guards:
            reason = look(request.method, request.headers, config)
            if reason:
                return refusal(403, reason, "AccessError")
        try:
            request[PRINCIPAL] = admit(request, door)
        except TokenError as error:
            return refusal(401, str(error), "TokenError", {"WWW-Authenticate": "Bearer"})
        except AccessError as error:
            return refusal(403, str(error), "AccessError")
        return await handler(request)

    return middleware  # type: ignore[return-value]


def too_often(address: str | None, buckets: Buckets) -> bool:
    """Has the address sent too much of late? This machine's are not counted: a proxy has one of them."""
    if address is None or address.startswith("127.") or address == "::1":
        return False
    return not buckets.take(address, time.monotonic())


def admit(request: web.Request, door: Doorkeeper) -> Principal:
    """Who asks, if that one may use the endpoint."""
    allowed = allowed_on(request.match_info.route)
    if allowed is None:
        return ANYBODY
    principal = door.admit(bearer(request.headers))
    principal.demand(allowed, f"{request.method} {request.path:.80}")
    return principal


@functools.lru_cache(maxsize=256)
def allowed_on(route: Any) -> Roles:
    """Who may use a route; one that is not in the table is nobody's, one that is none answers all alike."""
    if route.resource is None:  # 404 and 405
        return ALL
    return ENDPOINTS.get(endpoint(route), NOBODY)


def endpoint(route: Any) -> str:
    """A route as the table has it; HEAD is GET without a body."""
    return f"{'GET' if route.method == 'HEAD' else route.method} {route.resource.canonical}"


def bearer(headers: Headers) -> str | None:
    """The token of the Authorization header. Nowhere else is one looked for: addresses get into logs."""
    scheme, _, text = headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" and text.strip() else None


def principal_of(request: web.Request) -> Principal:
    """Who asks."""
    return request[PRINCIPAL]


def refusal(status: int, message: str, kind: str, headers: Headers | None = None) -> web.Response:
    """A refusal with its reason."""
    return web.json_response({"message": message, "kind": kind}, status=status, headers=headers)
