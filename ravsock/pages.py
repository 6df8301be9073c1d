"""What the server shows to browsers: the page at /, /join, the library for other sites, and their assets.

Assets stand under the name of their version and are kept by browsers for good; the pages themselves are asked
for anew each time. Nothing comes from any other host, and the policy in every answer forbids it.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from ravsock.assets import RAVJS, Runtime, find_runtime
from ravsock.bundle import Bundle, make_bundle
from ravsock.config import Config
from ravsock.guards import bearer
from ravsock.joining import join_link, qr_svg
from ravspec.errors import ConfigError

log = logging.getLogger(__name__)

#: no script, style, frame or connection but ours; WebAssembly may be compiled
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
ASK_AGAIN = {"Cache-Control": "no-cache"}

#: by the end of the name; the platform's own table may lack some and say others otherwise
TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".css": "text/css",
    ".json": "application/json", ".zip": "application/zip", ".whl": "application/zip",
    ".svg": "image/svg+xml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pages:
    """What is shown; made at the server's start."""

    runtime: Runtime | None
    bundle: Bundle
    trouble: str
    config: Config


PAGES = web.AppKey("pages", Pages)
routes = web.RouteTableDef()


def make_pages(config: Config) -> Pages:
    """Find the runtime, make the bundle; without a runtime browsers cannot take part, and all else runs."""
    try:
        runtime, trouble = find_runtime(os.environ), ""
    except ConfigError as error:
        # what is missing has paths, for the operator alone
        log.warning("action=no_browsers reason=%s", error)
        runtime, trouble = None, "its operator finds what is missing in its log"
    return Pages(runtime, make_bundle(runtime), trouble, config)


def headers(cache: dict[str, str]) -> dict[str, str]:
    """Of every answer here."""
    return {**HEADERS, **cache, "Vary": "Accept-Encoding, Origin"}


def page(request: web.Request, name: str) -> web.Response:
    """A page of ravjs, with the version of its assets filled in."""
    pages = request.app[PAGES]
    text = (RAVJS / name).read_text()
    filled = {"version": pages.bundle.version, "trouble": pages.trouble}
    for key, value in filled.items():
        text = text.replace(f"{{{{{key}}}}}", value)
    return web.Response(text=text, content_type="text/html", headers=headers(ASK_AGAIN))


@routes.get("/")
async def index(request: web.Request) -> web.Response:
    """The page that takes part."""
    return page(request, "index.html")


@routes.get("/join")
async def join(request: web.Request) -> web.Response:
    """The way in, large, for a projector."""
    return page(request, "join.html")


@routes.get("/ravjs.js")
async def library(request: web.Request) -> web.Response:
    """The library under a name that stays."""
    version = request.app[PAGES].bundle.version
    text = f'export * from "./assets/{version}/src/contributor.js";\n'
    return web.Response(text=text, content_type="text/javascript", headers=headers(ASK_AGAIN))


@routes.get("/v1/join")
async def link(request: web.Request) -> web.Response:
    """The join link with the token that came with the question, and its QR code, for the page /join."""
    at = f"{scheme_of(request)}://{request.host}"
    found = join_link(request.app[PAGES].config, at, bearer(request.headers))
    return web.json_response({"link": found, "qr": qr_svg(found)}, headers=headers(ASK_AGAIN))


def scheme_of(request: web.Request) -> str:
    """How the browser came, which a proxy in front has to say; who says it untruly gets a wrong link."""
    said = request.headers.get("X-Forwarded-Proto", "")
    return said if said in ("http", "https") else request.scheme


@routes.get("/assets/{version}/{name:.+}")
async def asset(request: web.Request) -> web.StreamResponse:
    """A file of the bundle or of the runtime, by its version."""
    pages, version, name = request.app[PAGES], request.match_info["version"], request.match_info["name"]
    about = {**headers(FOR_GOOD), "Content-Type": TYPES.get(Path(name).suffix, "text/plain")}
    runtime = pages.runtime
    if version == pages.bundle.version and name in pages.bundle.files:
        return from_memory(request, *pages.bundle.files[name], about)
    if runtime is not None and version == runtime.version and name in runtime.files:
        return web.FileResponse(runtime.folder / name, headers=about)  # .br and .gz beside it are used
    raise web.HTTPNotFound


def from_memory(
    request: web.Request, content: bytes, packed: bytes | None, about: dict[str, Any]
) -> web.Response:
    """A file, compressed if the browser takes that."""
    if packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=packed, headers={**about, "Content-Encoding": "gzip"})
    return web.Response(body=content, headers=about)
