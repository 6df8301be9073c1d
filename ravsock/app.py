"""make_app: the parts of the server, wired."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import engineio.async_drivers.aiohttp as engineio_aiohttp
import socketio
from aiohttp import web

from ravsock import contributions, endings, origins, pages, store
from ravsock.config import Config
from ravsock.database import open_database
from ravsock.dispatcher import Dispatcher
from ravsock.doorkeeper import Doorkeeper
from ravsock.folder import DataFolder
from ravsock.gate import HeldWebSocket, Site
from ravsock.gatherings import GATHERINGS, Gatherings
from ravsock.guards import guard
from ravsock.namespaces import Contributors
from ravsock.routes import DISPATCHER, DOOR, errors_as_json, routes
from ravsock.sweeping import SWEEPER, Sweeper
from ravsock.tls import Certificate, read_certificate
from ravspec.errors import ConfigError
from ravspec.packet import joining

#: contributors connect here
SOCKET_PATH = "socket.io"
#: for a limit of time that is switched off
FOR_EVER_S = 365 * 86400.0

CONFIG = web.AppKey("config", Config)
CERTIFICATE: web.AppKey[Certificate | None] = web.AppKey("certificate")


def make_app(config: Config) -> web.Application:
    """The server as an aiohttp application; database and data folder are opened at once, and may refuse."""
    engine = open_database(config.database)
    folder = DataFolder(config.data_dir)
    door = Doorkeeper(config, engine)
    door.check_start(config)
    certificate = read_certificate(config)
    config = replace(config, names=(*config.names, *(certificate.names if certificate else ())))
    sockets = make_sockets(config)
    door_guard = guard(config, door)
    app = web.Application(
        middlewares=[origins.preflight(config), door_guard, errors_as_json]  # type: ignore[list-item]
    )
    app.on_response_prepare.append(origins.name_origin(config))
    app[CONFIG], app[CERTIFICATE] = config, certificate
    app.add_routes(routes)
    app.add_routes(endings.routes)
    app.add_routes(contributions.routes)
    app.add_routes(pages.routes)
    app[pages.PAGES] = pages.make_pages(config)
    sockets.attach(app, SOCKET_PATH)

    async def life(app: web.Application) -> AsyncIterator[None]:
        dispatcher = Dispatcher(config, engine, folder)
        app[DISPATCHER], app[DOOR] = dispatcher, door
        door.used = lambda token, now: dispatcher.write(lambda c: store.mark_used(c, token, now))
        sockets.register_namespace(Contributors(dispatcher, door))
        await dispatcher.start()
        app[GATHERINGS] = gatherings = Gatherings(dispatcher)
        await gatherings.start()
        app[SWEEPER] = sweeper = Sweeper(dispatcher)
        yield
        await sweeper.close()
        gatherings.close()
        await sockets.shutdown()
        await dispatcher.close()

    app.cleanup_ctx.append(life)
    return app


async def listen(app: web.Application) -> tuple[web.AppRunner, str]:
    """Serve at the address of the settings; (what to clean up in the end, the URL)."""
    config, certificate = app[CONFIG], app[CERTIFICATE]
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=0.25, keepalive_timeout=config.idle_s or FOR_EVER_S
    )
    await runner.setup()
    context = certificate.context if certificate else None
    site = Site(runner, config.address_connections, config.host, config.port, ssl_context=context)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigError(
            f"{config.host}:{config.port} cannot be listened on: {error.strerror or error}. Another "
            "server may run there; name another port with --port, or 0 for a free one"
        ) from None
    host, port = runner.addresses[0][:2]
    scheme = "https" if certificate else "http"
    return runner, f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class Sockets(socketio.AsyncServer):  # type: ignore[misc]
    """A Socket.IO server that is not disturbed by what connections bring after their end.

    A contributor that sleeps, or whose cable was pulled, is let go, and engine.io waits some seconds for it
    to close the connection too. When it wakes, its heartbeats of before arrive there, of a session that is
    no more: socketio would take their halves for packets, and log an exception each.
    """

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if eio_sid in self.environ:
            await super()._handle_eio_message(eio_sid, data)


def make_sockets(config: Config) -> socketio.AsyncServer:
    """The Socket.IO server: websockets only, no compression of numbers, our own Origin check."""
    # engine.io has no switch for permessage-deflate, which costs numeric payloads 2 to 3 times their time
    engineio_aiohttp.WebSocketResponse = functools.partial(HeldWebSocket, compress=False)
    return Sockets(
        async_mode="aiohttp",
        serializer=joining(socketio.packet.Packet),
        transports=["websocket"],
        max_http_buffer_size=config.message_bytes,
        # the guard has looked at the Origin already, with the same list
        cors_allowed_origins="*",
        ping_interval=config.lease_s,
        ping_timeout=config.lease_s,
    )
