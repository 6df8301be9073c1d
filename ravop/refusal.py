"""What an answer of HTTP that is an error means: the exception that the server names."""

from __future__ import annotations

import json

from ravftp.client import message_of
from ravspec import errors
from ravspec.errors import ProtocolError, RavError


def refused(status: int, body: bytes) -> RavError:
    """The exception for an HTTP error: the class that the server names, with its message."""
    try:
        kind = getattr(errors, json.loads(body).get("kind", ""), None)
    except (ValueError, AttributeError):
        kind = None
    if not (isinstance(kind, type) and issubclass(kind, RavError)):
        kind = ProtocolError if status == 400 else RavError
    return kind(message_of(body))
