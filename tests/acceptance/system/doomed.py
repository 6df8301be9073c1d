"""run_ravsock.py, which kills itself at a point that a test names.

It is the server as it is: the points are wrapped around its methods from here, so that there are none where
nobody asks for them. They lie before and behind each transaction, behind each of its jobs, and before and
behind each file, message and piece of an answer. The file that CRASH_FILE names has one line, `point
number`: the server dies when it passes that point for the so-manieth time. It is read at the start if it is
there, and at each SIGUSR1, from when on is counted anew. The points that are passed go to a file of that name
with `.passed` behind it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from aiohttp import web

import ravsock.__main__ as program
from ravsock import sqlite
from ravsock.database import Writer
from ravsock.folder import DataFolder
from ravsock.namespaces import Contributors

#: what comes by the clock, not with the graph
BY_THE_CLOCK = ("heartbeat",)


class Doom:
    """Where and when it is to die."""

    def __init__(self, path: Path) -> None:
        self._path, self._passed = path, path.with_name(path.name + ".passed")
        self._counts: Counter[str] = Counter()
        self._at: tuple[str, int] | None = None
        self._read()

    def _read(self, *signal_and_frame: Any) -> None:
        if self._path.exists():
            point, _, number = self._path.read_text().rpartition(" ")
            self._counts, self._at = Counter(), (point, int(number))

    def listen(self) -> None:
        """From now on SIGUSR1 makes it read its file again."""
        signal.signal(signal.SIGUSR1, self._read)

    def passes(self, point: str) -> None:
        """The server is there now."""
        if self._at is None:
            return
        self._counts[point] += 1
        with open(self._passed, "a") as file:
            file.write(f"{point} {self._counts[point]}\n")
        if self._at == (point, self._counts[point]):
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str, before: str, after: str) -> None:
        """A method has a point before it, and one behind it, where they have names."""
        real = getattr(owner, name)

        def method(*args: Any, **more: Any) -> Any:
            if before:
                self.passes(before)
            result = real(*args, **more)
            if after:
                self.passes(after)
            return result

        setattr(owner, name, method)

    def around_async(
        self, owner: Any, name: str, points: Callable[..., tuple[str, str] | None], drop: int = 1
    ) -> None:
        """The same for what is awaited; `points` gives them from its arguments, or None for no points."""
        real = getattr(owner, name)

        async def method(*args: Any, **more: Any) -> Any:
            here = points(*args[drop:])
            if here is not None:
                self.passes(here[0])
            result = await real(*args, **more)
            if here is not None:
                self.passes(here[1])
            return result

        setattr(owner, name, method)


def wrap(doom: Doom) -> None:
    """Every commit, every job of a commit, every file, every message in and out."""
    # between BEGIN and the first job nothing happens, nor between the last job and COMMIT
    doom.around(sqlite.Session, "begin", "begin", "")
    doom.around(sqlite.Session, "commit", "", "committed")
    doom.around(DataFolder, "write", "file", "filed")
    submit = Writer.submit

    def submit_with_a_point(self: Writer, job: Any) -> Any:
        def doomed(connection: Any) -> Any:
            result = job(connection)
            doom.passes("job")
            return result

        return submit(self, doomed)

    Writer.submit = submit_with_a_point  # type: ignore[method-assign]
    doom.around_async(Contributors, "trigger_event", event_points)
    doom.around_async(Contributors, "emit", lambda name, *args: (f"send {name}", f"sent {name}"))
    doom.around_async(DataFolder, "receive", lambda *args: ("array", "array kept"))
    doom.around_async(web.StreamResponse, "write", lambda *args: ("answer", "answered"))
    doom.around_async(web.StreamResponse, "write_eof", lambda *args: ("last answer", "last answered"))
    make_app = program.make_app

    def make_app_with_points(config: Any) -> web.Application:
        app = make_app(config)
        app.middlewares.insert(0, requests(doom))
        return app

    program.make_app = make_app_with_points


def event_points(event: str, *args: Any) -> tuple[str, str] | None:
    """Before and after a contributor's message is dealt with."""
    return None if event in BY_THE_CLOCK else (f"heard {event}", f"did {event}")


def requests(doom: Doom) -> Any:
    """Before a request is dealt with that changes something, or fetches an array; behind it is its answer."""

    @web.middleware
    async def middleware(request: web.Request, handler: Any) -> web.StreamResponse:
        words = [word for word in request.path.split("/") if word.isalpha()]
        watched = request.method != "GET" or words[:1] == ["data"]
        if watched:
            doom.passes(f"asked {request.method} {' '.join(words)}")
        response: web.StreamResponse = await handler(request)
        return response

    return middleware


if __name__ == "__main__":
    doom = Doom(Path(os.environ["CRASH_FILE"]))
    wrap(doom)
    doom.listen()
    sys.exit(program.main())
