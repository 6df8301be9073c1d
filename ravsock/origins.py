"""Pages of other sites that may use this server: those whose origins the operator lists (RAVSOCK_ORIGINS).

Their browsers ask first, without a token, whether they may send what they want to send (a preflight), and
show the page an answer only if it names the page's origin. What the page may do is then a matter of its
token, as for everybody. Pages of other origins get neither; ravsock.guards refuses what they send anyway.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ravsock.config import Config

METHODS = "GET, PUT, POST"
#: what a contributor's requests carry: its token, its life, the type of its bytes
HEADERS = "Authorization, Content-Type, Rdf-Life"
#: seconds for which a browser need not ask again
MAX_AGE_S = 600

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def may_use(request: web.Request, config: Config) -> bool:
    """Does the request come from a page of a listed origin?"""
    return request.headers.get("Origin", "") in config.origins


def preflight(config: Config) -> Any:
    """The middleware that answers listed origins' preflights; it stands before the door."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not (asks and may_use(request, config)):
            return await handler(request)
        allowed = {
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_S),
        }
        return web.Response(status=204, headers=allowed)

    return middleware


def name_origin(config: Config) -> Any:
    """The signal that names a listed origin in whatever is answered to it."""

    async def signal(request: web.Request, response: web.StreamResponse) -> None:
        if may_use(request, config):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers.setdefault("Vary", "Origin")

    return signal
