"""Requests of the contributor's commands, as JSON."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from ravftp.client import message_of
from ravpy.config import Config
from ravspec.errors import RavError, ServerUnreachable
from ravspec.trust import advice, client_context

TIMEOUT_S = 30.0


def ask(config: Config, path: str, body: bytes | None = None, **headers: str) -> Any:
    """The JSON at a path of the server, or its answer to a POST; underscores in headers stand for hyphens."""
    request = urllib.request.Request(f"{config.url}/v1/{path}", data=body)
    if config.token:
        request.add_header("Authorization", f"Bearer {config.token}")
    if body is not None:
        request.add_header("Content-Type", "application/octet-stream")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        context = client_context() if config.url.startswith("https") else None
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            raise RavError(f"{config.url} refuses: {message_of(error.read())}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ServerUnreachable(
            advice(config.url, error)
            or f"no server answers at {config.url} ({reason}). Name another with --server or RAVSOCK_URL"
        ) from error
