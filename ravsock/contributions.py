"""The HTTP API of federated graphs: docs/protocol.md describes it.

Contributors read specs and send ciphertexts; developers freeze a spec, wait for the total and fetch it. There
is no way to ask for a single contribution, or for a total that is not complete.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from typing import Any

from aiohttp import web

from ravsock.bodies import body_of
from ravsock.federated import Outcome
from ravsock.gatherings import GATHERINGS
from ravsock.guards import principal_of
from ravsock.routes import DISPATCHER, number
from ravspec.errors import GraphError, ProtocolError
from ravspec.specs import SPEC_BYTES
from ravspec.states import GraphState

#: a contributor says here which question it answers, and, where no tokens are asked for, who it is
FINGERPRINT, CONTRIBUTOR = "Rdf-Fingerprint", "Rdf-Contributor"
NAME = re.compile(r"[0-9a-f]{32}")
#: seconds without news after which a developer who waits hears that the server is there
ALIVE_S = 15.0

routes = web.RouteTableDef()


def brief(row: dict[str, Any]) -> dict[str, Any]:
    """A graph without its spec: of that only what lists show."""
    spec = json.loads(row["spec"]) if row["spec"] is not None else {}
    shown = (
        "min_clients", "max_clients", "deadline", "encryption", "columns", "where", "statistics", "roster",
        "epsilon",
    )  # fmt: skip
    rest = {key: value for key, value in row.items() if key != "spec"}
    return {**rest, **{key: spec.get(key) for key in shown}}


@routes.get("/v1/federated")
async def graphs(request: web.Request) -> web.Response:
    """The federated graphs that are shown to whoever asks, oldest first."""
    rows = request.app[GATHERINGS].views(principal_of(request))
    return web.json_response({"graphs": [brief(row) for row in rows]})


@routes.get("/v1/federated/{graph}")
async def graph(request: web.Request) -> web.Response:
    """One of them, with its spec."""
    row = request.app[GATHERINGS].view(number(request, "graph"), principal_of(request))
    return web.json_response({**brief(row), "spec": row["spec"]})


@routes.put("/v1/federated/{graph}/spec")
async def freeze(request: web.Request) -> web.Response:
    """Take the spec; from then on the graph asks for contributions, and nothing of it changes any more."""
    body = bytes(await body_of(request, request.app[DISPATCHER].config, SPEC_BYTES, "SPEC_BYTES"))
    graph = number(request, "graph")
    fingerprint = await request.app[GATHERINGS].freeze(graph, body, principal_of(request))
    return web.json_response({"fingerprint": fingerprint})


@routes.post("/v1/federated/{graph}/contributions")
async def contribute(request: web.Request) -> web.Response:
    """Take one contribution: the ciphertexts as bytes, one behind the other."""
    gatherings, principal = request.app[GATHERINGS], principal_of(request)
    graph = number(request, "graph")
    gatherings.view(graph, principal)
    question = await gatherings.question_of(graph)
    if request.headers.get(FINGERPRINT) != question.fingerprint:
        raise ProtocolError(f"{FINGERPRINT} is not that of graph {graph}; nothing was added")
    most = question.wire.size_bytes
    body = bytes(await body_of(request, request.app[DISPATCHER].config, most, "size of a contribution"))
    said = request.headers.get(CONTRIBUTOR, "")
    if principal.role is None and not NAME.fullmatch(said):
        raise ProtocolError(f"{CONTRIBUTOR} is 32 hexadecimal digits, not {said!r:.60}")
    who = said if principal.role is None else f"token {principal.token}"
    result = await gatherings.contribute(graph, who, body)
    if result is Outcome.CLOSED:
        raise GraphError(f"graph {graph} takes no contributions any more; nothing was added")
    if result is Outcome.REPLAYED:
        raise ProtocolError("these very bytes came from another contributor; nothing was added")
    return web.json_response({"outcome": result})


@routes.get("/v1/federated/{graph}/total")
async def total(request: web.Request) -> web.StreamResponse:
    """Lines of JSON while contributions come, and the total as the last, once it is released."""
    gatherings, graph = request.app[GATHERINGS], number(request, "graph")
    gatherings.view(graph, principal_of(request))
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    with contextlib.suppress(ConnectionResetError):  # the developer went away, and may come again
        while not gatherings.closing:
            news = gatherings.watch(graph)  # before the look, so that nothing happens in between
            row = gatherings.view(graph)
            ended = row["state"] not in (GraphState.OPEN, GraphState.ENDED)
            await response.write(line(row, gatherings.released(graph) if ended else None))
            if ended:
                break
            while not await came(news, ALIVE_S):
                await response.write(b"\n")
        await response.write_eof()
    return response


async def came(news: asyncio.Event, patience_s: float) -> bool:
    """Wait until something happens; False if nothing did for so long."""
    try:
        async with asyncio.timeout(patience_s):
            await news.wait()
    except TimeoutError:
        return False
    return True


def line(row: dict[str, Any], released: bytes | None) -> bytes:
    """One line of that answer."""
    view = {"state": row["state"], "contributors": row["contributors"] or 0, "reason": row["reason"]}
    if released is not None:
        view["total"] = base64.b64encode(released).decode()
    return json.dumps(view).encode() + b"\n"


@routes.post("/v1/federated/{graph}/end")
async def end(request: web.Request) -> web.Response:
    """The developer has the results, or does without them."""
    row = await request.app[GATHERINGS].cancel(number(request, "graph"), principal_of(request))
    return web.json_response(brief(row))
