"""make_app: the parts of the server, wired."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator

import engineio.async_drivers.aiohttp as engineio_aiohttp
import socketio
from aiohttp import web

from ravsock import store
from ravsock.config import Config
from ravsock.database import open_database
from ravsock.dispatcher import Dispatcher
from ravsock.doorkeeper import Doorkeeper
from ravsock.folder import DataFolder
from ravsock.guards import guard
from ravsock.namespaces import Contributors
from ravsock.routes import DISPATCHER, DOOR, errors_as_json, routes

#: contributors connect here
SOCKET_PATH = "socket.io"


def make_app(config: Config) -> web.Application:
    """The server as an aiohttp application; database and data folder are opened at once, and may refuse."""
    engine = open_database(config.database)
    folder = DataFolder(config.data_dir)
    door = Doorkeeper(config, engine)
    door.check_start(config)
    sockets = make_sockets(config)
    app = web.Application(
        middlewares=[guard(config, door), errors_as_json],  # type: ignore[list-item]
        client_max_size=config.message_bytes,
    )
    app.add_routes(routes)
    sockets.attach(app, SOCKET_PATH)

    async def life(app: web.Application) -> AsyncIterator[None]:
        dispatcher = Dispatcher(config, engine, folder)
        app[DISPATCHER], app[DOOR] = dispatcher, door
        door.used = lambda token, now: dispatcher.write(lambda c: store.mark_used(c, token, now))
        sockets.register_namespace(Contributors(dispatcher, door))
        await dispatcher.start()
        yield
        await sockets.shutdown()
        await dispatcher.close()

    app.cleanup_ctx.append(life)
    return app


def make_sockets(config: Config) -> socketio.AsyncServer:
    """The Socket.IO server: websockets only, no compression of numbers, our own Origin check."""
    # engine.io has no switch for permessage-deflate, which costs numeric payloads 2 to 3 times their time
    engineio_aiohttp.WebSocketResponse = functools.partial(web.WebSocketResponse, compress=False)
    return socketio.AsyncServer(
        async_mode="aiohttp",
        transports=["websocket"],
        max_http_buffer_size=config.message_bytes,
        # the guard has looked at the Origin already, with the same list
        cors_allowed_origins="*",
        ping_interval=config.lease_s,
        ping_timeout=config.lease_s,
    )
