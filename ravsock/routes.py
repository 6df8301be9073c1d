"""The HTTP API: graphs and ops for ravop, arrays, and JSON views for people with curl.

docs/protocol.md describes it; /v1 changes its number when it changes its meaning.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Annotated, Any

import msgspec
from aiohttp import web

from ravsock import history, reading
from ravsock.access import of_life
from ravsock.bodies import JSON_BYTES, PatientFile, blocks, body_of
from ravsock.dispatcher import Dispatcher
from ravsock.doorkeeper import Doorkeeper
from ravsock.folder import NoRoom
from ravsock.gatherings import GATHERINGS
from ravsock.graphs import GraphRecord
from ravsock.guards import principal_of
from ravsock.limits import too_many
from ravsock.roles import Role
from ravsock.submissions import answer
from ravspec import messages
from ravspec.errors import (
    AccessError,
    GraphError,
    LimitError,
    ProtocolError,
    RavError,
    TokenError,
    TransferError,
)
from ravspec.names import DIGEST, UPLOAD
from ravspec.states import OpState

log = logging.getLogger(__name__)

#: views of ops come in pages of at most so many
PAGE_OPS = 10_000

#: a contributor says here which life it is, when it fetches and sends arrays
LIFE = "Rdf-Life"

DISPATCHER = web.AppKey("dispatcher", Dispatcher)
DOOR = web.AppKey("door", Doorkeeper)

#: the status of an answer that is an error; others are 400
STATUS: dict[type[RavError], int] = {TokenError: 401, AccessError: 403, LimitError: 429}

routes = web.RouteTableDef()


#: the highest priority, and the lowest with a minus: SQL's integers have 32 bits
PRIORITIES = 1_000_000


class NewGraph(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/graphs."""

    name: str | None = None
    algorithm: str | None = None
    approach: str = "distributed"
    developer: str | None = None
    priority: Annotated[int, msgspec.Meta(ge=-PRIORITIES, le=PRIORITIES)] = 0


@web.middleware
async def errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    """Our errors become JSON with the status that fits; nobody gets a traceback."""
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except RavError as error:
        status: int = getattr(error, "status", STATUS.get(type(error), 400))
        if isinstance(error, GraphError) and "there is no" in str(error):
            status = 404
        kind = getattr(error, "kind", type(error).__name__)
        return web.json_response({"message": str(error), "kind": kind}, status=status)
    except ConnectionResetError:
        log.info("action=peer_gone path=%.80s", request.path)
        return web.Response(status=400)  # nobody is there to read it
    except web.HTTPException as error:
        if error.status < 400:
            raise
        text = f"{request.method} {request.path:.80}: {error.reason}"
        return web.json_response({"message": text, "kind": "ProtocolError"}, status=error.status)


def number(request: web.Request, name: str) -> int:
    """A number in the path."""
    text = request.match_info[name]
    if not text.isdecimal() or len(text) > 18:
        raise GraphError(f"there is no {name} {text!r:.40}")
    return int(text)


async def record_of(request: web.Request) -> GraphRecord:
    """The graph that the path names, if it is shown to whoever asks."""
    return await request.app[DISPATCHER].registry.get(number(request, "graph"), principal_of(request))


@routes.post("/v1/graphs")
async def open_graph(request: web.Request) -> web.Response:
    """Make a graph."""
    try:
        config = request.app[DISPATCHER].config
        new = msgspec.json.decode(await body_of(request, config, JSON_BYTES, "JSON_BYTES"), type=NewGraph)
    except messages.UNREADABLE as error:
        raise ProtocolError(f"a new graph cannot be read: {error}") from None
    dispatcher = request.app[DISPATCHER]
    developer = developer_of(request, new.developer)
    if new.approach == "federated":
        row = await request.app[GATHERINGS].open(new.name, new.algorithm, developer)
        return web.json_response(row, status=201)
    if new.approach != "distributed":
        raise ProtocolError(f'approach must be "distributed" or "federated", not {new.approach!r}')
    record = await dispatcher.registry.open(new.name, new.algorithm, new.approach, developer, new.priority)
    return web.json_response(graph_view(dispatcher, record), status=201)


def developer_of(request: web.Request, said: str | None) -> str:
    """Whose graph or name is meant: the token's, or, where tokens are not asked for, whoever is said."""
    principal = principal_of(request)
    return said or "" if principal.role is None else principal.name


@routes.post("/v1/graphs/{graph}/ops")
async def submit(request: web.Request) -> web.StreamResponse:
    """Take ops and a question; the answer is a stream of frames, the last with the end."""
    record = await record_of(request)
    config = request.app[DISPATCHER].config
    body = await body_of(request, config, config.message_bytes, "RAVSOCK_MESSAGE_BYTES")
    message, buffers = messages.decode(body, messages.FromDeveloper)
    record = await record_of(request)  # one that has ended may have left memory while the body came
    principal, door = principal_of(request), request.app[DOOR]
    frames = answer(request.app[DISPATCHER], record, message, buffers, principal)
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    try:
        part, last = await anext(frames)  # whatever is wrong with the ops is known by then
        response.enable_chunked_encoding()
        await response.prepare(request)
        while not last:
            door.still(principal)  # a token may be revoked while its developer waits
            await response.write(part)
            part, last = await anext(frames)
        await response.write_eof(part)
    except TokenError as error:
        await response.write_eof(messages.encode(messages.Error(str(error), "TokenError")))
    except ConnectionResetError:
        log.info("action=developer_gone graph=%d", record.id)  # what was stored goes on without a listener
    finally:
        await frames.aclose()  # type: ignore[attr-defined]
    return response


def graph_view(dispatcher: Dispatcher, record: GraphRecord) -> dict[str, Any]:
    """State and counts of a graph."""
    counts = dispatcher.scheduler.counts(record.id)
    return {
        "id": record.id, "name": record.name, "algorithm": record.algorithm, "approach": record.approach,
        "developer": record.developer, "state": str(record.state), "created_at": record.created_at,
        "priority": record.priority,
        **{f"{key}_ops": value for key, value in counts.items()},
        "waits_for": dispatcher.trouble(record) or dispatcher.scheduler.explain(record.id),
    }  # fmt: skip


@routes.get("/v1/graphs")
async def graphs(request: web.Request) -> web.Response:
    """All graphs that are shown to whoever asks, oldest first."""
    principal, registry = principal_of(request), request.app[DISPATCHER].registry
    whose = None if principal.sees_all() else principal.name
    return web.json_response({"graphs": registry.read(reading.graph_rows, developer=whose)})


@routes.get("/v1/graphs/{graph}")
async def show_graph(request: web.Request) -> web.Response:
    """One graph."""
    graph = number(request, "graph")
    if request.app[DISPATCHER].registry.held(graph) is None:  # in memory are no federated ones
        federated = request.app[GATHERINGS].find(graph, principal_of(request))
        if federated is not None:
            return web.json_response(federated)
    return web.json_response(graph_view(request.app[DISPATCHER], await record_of(request)))


def op_view(dispatcher: Dispatcher, record: GraphRecord, op: int) -> dict[str, Any]:
    """One op."""
    state, extra = OpState.PENDING, {}
    if op in record.failed:
        state = OpState.FAILED
        extra = dict(zip(("cause", "reason"), record.failed[op], strict=True))
    elif dispatcher.scheduler.is_computed(record.id, op):
        state = OpState.COMPUTED
    return {**record.ops.view(op), "state": str(state), **extra}


@routes.get("/v1/graphs/{graph}/ops")
async def ops(request: web.Request) -> web.Response:
    """Ops of a graph: ?name= those whose name contains it, ?from= and ?limit= a page; ?of= those that an op
    is computed from, the nearest first."""
    record, dispatcher = await record_of(request), request.app[DISPATCHER]
    first, limit = (
        query_number(request, key, default) for key, default in (("from", 0), ("limit", PAGE_OPS))
    )
    name = request.query.get("name")
    if "of" in request.query:
        near = record.ops.origins(wanted_op(record, query_number(request, "of", 0)), min(limit, PAGE_OPS))
        return web.json_response({"ops": [op_view(dispatcher, record, op) for op in near], "next": None})
    if name is not None:
        chosen = record.ops.named(name)
    else:
        chosen = list(range(len(record.ops)))
    page = [op for op in chosen if op >= first][: min(limit, PAGE_OPS)]
    more = bool(page) and page[-1] != chosen[-1]
    views = [op_view(dispatcher, record, op) for op in page]
    return web.json_response({"ops": views, "next": page[-1] + 1 if more else None})


def query_number(request: web.Request, key: str, default: int) -> int:
    """A number in the query."""
    text = request.query.get(key, str(default))
    if not text.isdecimal() or len(text) > 18:
        raise ProtocolError(f"?{key}= takes a number, not {text!r:.40}")
    return int(text)


def wanted_op(record: GraphRecord, op: int) -> int:
    """The number of an op, if there is one of that number."""
    if op >= len(record.ops):
        raise GraphError(f"there is no op {op} in graph {record.id}")
    return op


@routes.get("/v1/graphs/{graph}/ops/{op}")
async def op(request: web.Request) -> web.Response:
    """One op."""
    record = await record_of(request)
    wanted = wanted_op(record, number(request, "op"))
    dispatcher = request.app[DISPATCHER]
    waits_for = dispatcher.trouble(record) or dispatcher.scheduler.explain_op(record.id, wanted)
    return web.json_response({**op_view(dispatcher, record, wanted), "waits_for": waits_for})


@routes.get("/v1/graphs/{graph}/history")
async def graph_history(request: web.Request) -> web.Response:
    """What happened to a graph, in order: ?op= only what concerned that op, ?after= rows behind that id."""
    graph, registry = number(request, "graph"), request.app[DISPATCHER].registry
    registry.demand(graph, principal_of(request))
    op = query_number(request, "op", 0) if "op" in request.query else None
    rows = registry.read(history.of_graph, graph, op, query_number(request, "after", 0))
    return web.json_response({"events": rows})


@routes.get("/v1/contributors/{name}/history")
async def contributor_history(request: web.Request) -> web.Response:
    """When the lives of that name came and went, in order; ?after= rows behind that id."""
    name, after = request.match_info["name"], query_number(request, "after", 0)
    rows = request.app[DISPATCHER].registry.read(history.of_contributor, name, after)
    return web.json_response({"events": rows})


@routes.get("/v1/persisted/{name}")
async def persisted(request: web.Request) -> web.Response:
    """Which op a persisted name stands for."""
    name, developer = request.match_info["name"], developer_of(request, request.query.get("developer"))
    found = request.app[DISPATCHER].registry.read(reading.persisted, developer, name)
    if found is None:
        raise GraphError(f'there is no persisted op "{name}"')
    return web.json_response({"graph": found[0], "op": found[1]})


@routes.get("/v1/contributors")
async def contributors(request: web.Request) -> web.Response:
    """Every contributor's lives, newest first, and what each has computed.

    Whoever knows a life's whole id could speak for it; developers are shown the beginning.
    """
    rows = request.app[DISPATCHER].registry.read(reading.contributor_rows)
    if not principal_of(request).sees_all():
        rows = [{**row, "life": row["life"][:8]} for row in rows]
    return web.json_response({"contributors": rows})


def owner_of(request: web.Request) -> str:
    """Whose arrays may be fetched and are sent: a developer's, or a life's that came with this token."""
    principal = principal_of(request)
    if principal.role is not Role.CONTRIBUTOR:
        return principal.name
    life = request.headers.get(LIFE, "")
    if request.app[DISPATCHER].tokens.get(life) != principal.token:
        raise AccessError(
            f"a contributor names its life in {LIFE}, after it has said hello with the same token; "
            f"{life!r:.40} is none that is present"
        )
    return of_life(life)


@routes.post("/v1/transfer")
async def transfer(request: web.Request) -> web.Response:
    """An account for arrays by FTP, {"ftp": null} where there is no FTP."""
    grant = request.app[DISPATCHER].ftp.for_developer(principal_of(request))
    return web.json_response({"ftp": msgspec.to_builtins(grant)})


@routes.put("/v1/data/{upload}")
async def put_data(request: web.Request) -> web.Response:
    """Store an array's bytes; the answer has the SHA-256 by which they are fetched."""
    if not UPLOAD.fullmatch(request.match_info["upload"]):
        raise TransferError("an upload is named by 32 hexadecimal digits")
    length = request.content_length
    if length is None:
        raise TransferError("an upload says how long it is (Content-Length)")
    owner, dispatcher = owner_of(request), request.app[DISPATCHER]
    check_upload(request, dispatcher, owner, length)
    account = dispatcher.accounts.of(owner)
    account.bytes += length  # while it comes, so that two at a time have not each the whole room
    try:
        async with contextlib.aclosing(blocks(request, dispatcher.config)) as arriving:
            digest, size = await dispatcher.folder.receive(arriving, length)
    except NoRoom as error:
        dispatcher.no_room(request.headers.get(LIFE, ""), str(error))
        raise
    finally:
        account.bytes -= length
    await keep(request, dispatcher, owner, digest, size)
    return web.json_response({"sha256": digest, "size_bytes": size}, status=201)


def check_upload(request: web.Request, dispatcher: Dispatcher, owner: str, length: int) -> None:
    """Not more than an array, and its sender, may have."""
    most, role = dispatcher.config.upload_bytes, principal_of(request).role
    if most and length > most:
        raise too_many(f"an array of {length:,} bytes", "RAVSOCK_UPLOAD_BYTES", most, "send it in parts")
    if role is Role.CONTRIBUTOR:
        dispatcher.accounts.check_unused(owner, length)
    elif role is not None:
        dispatcher.accounts.check_bytes(owner, length)


async def keep(request: web.Request, dispatcher: Dispatcher, owner: str, digest: str, size: int) -> None:
    """The array is the sender's: a developer's for good, a life's while it lives."""
    role = principal_of(request).role
    if role is Role.CONTRIBUTOR:
        life = request.headers[LIFE]
        if life in dispatcher.present and dispatcher.access.add(owner, digest):
            dispatcher.accounts.of(owner).bytes += size
            await dispatcher.writer.submit(dispatcher.keeper.array_of_life(life, digest, size))
    elif role is not None:
        await dispatcher.writer.submit(dispatcher.keeper.arrays(owner, [digest]))


@routes.get("/v1/data/{digest}")
async def get_data(request: web.Request) -> web.StreamResponse:
    """The bytes of an array."""
    digest, dispatcher = request.match_info["digest"], request.app[DISPATCHER]
    known = principal_of(request).sees_all() or dispatcher.access.may_read(owner_of(request), digest)
    if not known or not DIGEST.fullmatch(digest) or dispatcher.folder.size_of(digest) is None:
        raise GraphError(f"there is no array {digest[:12]!r}")  # nor is another's told of
    headers = {"Content-Type": "application/octet-stream"}
    return PatientFile(dispatcher.folder.file(digest), dispatcher.config, headers=headers)
