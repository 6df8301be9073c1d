"""Contributors that join event and frame in one packet, and others that speak plain Socket.IO."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import socketio
from contributors import ScriptedContributor

import ravop as R
from ravspec.packet import Joined, joined, joining


class Joining(ScriptedContributor):
    """Speaks as ravpy does, and notes in which form assignments come."""

    def __init__(self, *args: Any, **more: Any) -> None:
        self.forms: list[type[bytes]] = []
        super().__init__(*args, **more)

    async def _on_assign(self, frame: bytes) -> None:
        self.forms.append(type(frame))
        await super()._on_assign(frame)


class Client(socketio.AsyncClient):  # type: ignore[misc]
    """Sends every frame joined."""

    def __init__(self, **options: Any) -> None:
        super().__init__(serializer=joining(socketio.packet.Packet), **options)

    async def emit(self, event: str, data: Any = None, *args: Any, **more: Any) -> None:
        await super().emit(event, joined(data), *args, **more)


@pytest.mark.parametrize("form", [Joined, bytes])
def test_a_contributor_is_answered_in_the_form_of_its_hello(
    server: Any, form: type[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    if form is Joined:
        monkeypatch.setattr(socketio, "AsyncClient", Client)
    contributor = Joining(server.url, "c", {})
    contributor.join()
    R.Graph()
    assert (R.t(np.ones(3)) + 1.0)().tolist() == [2.0] * 3
    assert contributor.forms == [form]
    server.call(lambda d: d.scheduler.check())
    contributor.close()
