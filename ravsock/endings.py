"""How a graph ends before its time: cancelled, or deleted with all that is its."""

from __future__ import annotations

import logging

from aiohttp import web

from ravsock import reading, store
from ravsock.dispatcher import Dispatcher
from ravsock.gatherings import GATHERINGS
from ravsock.graphs import GraphRecord
from ravsock.guards import principal_of
from ravsock.roles import ANYBODY
from ravsock.routes import DISPATCHER, developer_of, number, record_of
from ravsock.sql import Connection
from ravsock.sweeping import SWEEPER
from ravspec.errors import GraphError
from ravspec.states import GraphState

log = logging.getLogger(__name__)

routes = web.RouteTableDef()


@routes.post("/v1/graphs/{graph}/cancel")
async def cancel(request: web.Request) -> web.Response:
    """Compute nothing more of a graph. Values that are at the server stay; once more changes nothing."""
    graph, principal = number(request, "graph"), principal_of(request)
    if request.app[GATHERINGS].find(graph, principal) is not None:
        raise GraphError(f"graph {graph} is federated; its developer ends it, with graph.end()")
    record = await record_of(request)
    if record.state is not GraphState.CANCELLED:
        await cancel_graph(request.app[DISPATCHER], record)
    return web.json_response({"id": graph, "state": str(GraphState.CANCELLED)})


@routes.delete("/v1/graphs/{graph}")
async def delete(request: web.Request) -> web.Response:
    """Delete a graph: ops, values, names, history. What is being computed of it is taken back."""
    graph, principal = number(request, "graph"), principal_of(request)
    request.app[DISPATCHER].registry.demand(graph, principal)
    await delete_graphs(request.app, [graph])
    return web.json_response({"id": graph, "state": "deleted"})


@routes.delete("/v1/graphs")
async def flush(request: web.Request) -> web.Response:
    """Delete one developer's graphs: the token's, an operator's too; without tokens, whose is said.

    An operator sees everybody's, but flushing is what a script does with its own.
    """
    developer = developer_of(request, request.query.get("developer"))
    rows = request.app[DISPATCHER].registry.read(reading.graph_rows, developer=developer)
    graphs = [row["id"] for row in rows]
    await delete_graphs(request.app, graphs)
    return web.json_response({"deleted": graphs})


async def delete_graphs(app: web.Application, graphs: list[int]) -> None:
    """End what is under way of these graphs, and delete them in one transaction."""
    dispatcher, gatherings = app[DISPATCHER], app[GATHERINGS]
    gathering = {row["id"] for row in gatherings.views(ANYBODY) if row["state"] in reading.UNFINISHED}
    for graph in gathering.intersection(graphs):
        await gatherings.cancel(graph, ANYBODY)
    forget_all(dispatcher, graphs)
    freed = await dispatcher.writer.submit(lambda c: deleted(c, graphs))
    forget_all(dispatcher, graphs)  # a question that came meanwhile may have loaded one again
    dispatcher.count_bytes_again()
    if freed:
        dispatcher.spawn(app[SWEEPER].files(freed))
    log.info("action=graphs_deleted graphs=%d first=%s", len(graphs), graphs[0] if graphs else "none")


def deleted(c: Connection, graphs: list[int]) -> set[str]:
    """Delete them; the files that they had, which others may have too."""
    files = store.files_of(c, graphs)
    store.delete_graphs(c, graphs)
    return files


def forget_all(dispatcher: Dispatcher, graphs: list[int]) -> None:
    """Forget in memory those of them that are there."""
    for graph in graphs:
        record = dispatcher.registry.held(graph)
        if record is not None:
            let_go(dispatcher, record, f"graph {graph} was deleted")


async def cancel_graph(dispatcher: Dispatcher, record: GraphRecord) -> None:
    """Cancel a graph that has not ended; GraphError if it has."""
    if record.state not in reading.UNFINISHED:
        raise GraphError(f"graph {record.id} is {record.state} already; there is nothing to cancel")
    record.state = GraphState.CANCELLED
    written = dispatcher.writer.submit(lambda c: store.cancel_graph(c, record.id))
    let_go(dispatcher, record, f"graph {record.id} was cancelled")
    await written
    log.info("action=graph_cancelled graph=%d", record.id)


def let_go(dispatcher: Dispatcher, record: GraphRecord, reason: str) -> None:
    """Forget it in memory: its assignments are void, and those who wait for values are told why none come."""
    for question in record.questions:
        question.broken = reason
        question.touch()
    dispatcher.registry.drop(record)
