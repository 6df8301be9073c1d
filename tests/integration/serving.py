"""The server in this process, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from ravsock.app import listen, make_app
from ravsock.config import Config
from ravsock.routes import DISPATCHER


class LoopThread:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Any, timeout: float = 30) -> Any:
        """Run a coroutine there; its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def close(self) -> None:
        self.run(cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def cancel_all() -> None:
    """Cancel every other task of the loop, and see them end."""
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Server:
    """ravsock on a free port; `restart` starts it anew on the same database and port."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._start(config)

    def _start(self, config: Config) -> None:
        self._thread = LoopThread()
        self._thread.run(self._serve(config))

    async def _serve(self, config: Config) -> None:
        self.app = make_app(config)
        self._runner, self.url = await listen(self.app)
        self.port = self._runner.addresses[0][1]

    @property
    def dispatcher(self) -> Any:
        return self.app[DISPATCHER]

    def call(self, function: Callable[[Any], Any]) -> Any:
        """What a function of the dispatcher gives, called in the server's loop."""

        async def inside() -> Any:
            return function(self.dispatcher)

        return self._thread.run(inside())

    def run(self, future: Any) -> Any:
        """The result of a future of the server's loop."""

        async def inside() -> Any:
            return await future

        return self._thread.run(inside())

    def check(self) -> None:
        """Assert the scheduler's invariants."""
        self.call(lambda d: d.scheduler.check())

    def stop(self) -> None:
        self._thread.run(self._runner.cleanup())
        self._thread.close()

    def restart(self, meanwhile: Callable[[], Any] = lambda: None) -> None:
        self.stop()
        meanwhile()
        self._start(Config(**{**_fields(self.config), "port": self.port}))


def _fields(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__dataclass_fields__}
