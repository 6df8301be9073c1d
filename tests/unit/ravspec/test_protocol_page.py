"""docs/protocol.md names every message, and every route of the server."""

from __future__ import annotations

import re
from pathlib import Path

from ravsock import contributions, endings
from ravsock.routes import routes
from ravspec import messages
from ravspec.codec import DTYPES, VERSION

PAGE = (Path(__file__).parents[3] / "docs/protocol.md").read_text()


def test_every_message_is_on_the_page() -> None:
    for message in messages.Message.__subclasses__():
        assert f"`{message.__name__}`" in PAGE, message.__name__


def test_every_route_is_on_the_page_and_no_other() -> None:
    served = {
        (route.method, re.sub(r"{[^}]*}", "{}", route.path))
        for route in (*routes, *endings.routes, *contributions.routes)
    }  # type: ignore[attr-defined]
    shown = re.findall(r"^\| `(GET|PUT|POST|DELETE) (/v1[^`? ]*)", PAGE, re.MULTILINE)
    assert {(method, re.sub(r"{[^}]*}", "{}", path)) for method, path in shown} == served


def test_version_and_dtypes_are_the_present_ones() -> None:
    assert f"Version {VERSION}." in PAGE
    for name in DTYPES:
        assert name in PAGE or name in ("int16", "int32", "uint16", "uint32")
