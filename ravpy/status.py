"""What the contributor shows: a live panel in a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ravpy.core import Tally
from ravspec.messages import Hello

#: the panel is drawn at most so often
DRAW_S = 0.2


class Status:
    """The display; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._live: Live | None = None
        self._where = "not connected"
        self._tally = Tally()
        self._since = time.monotonic()
        self._drawn = 0.0
        self._drawing: asyncio.TimerHandle | None = None

    def __enter__(self) -> Status:
        if self._console.is_terminal:
            self._live = Live(self._panel(), console=self._console, auto_refresh=False, transient=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawing is not None:
            self._drawing.cancel()
        if self._live is not None:
            self._live.update(self._panel(), refresh=True)
            self._live.stop()
        elif self._tally.assignments:
            self._console.print(self._summary())

    def measured(self, hello: Hello) -> None:
        """The benchmark is done."""
        self.note(
            f"{hello.name}: speed {hello.speed:.2f}, {hello.memory_bytes / 2**30:.1f} GiB free, "
            f"{hello.cores} cores, numeric class {hello.numeric_class}"
        )

    def connected(self, url: str) -> None:
        """The connection stands."""
        self._where = f"connected to {url}"
        self.note(f"connected to {url}; waiting for work")

    def disconnected(self) -> None:
        """The connection broke."""
        self._where = "connection lost, trying to get it back"
        self.note(self._where, warning=True)

    def note(self, text: str, *, warning: bool = False) -> None:
        """A line to read."""
        self._console.print(Text(text, style="yellow" if warning else ""))

    def show(self, tally: Tally) -> None:
        """Draw the panel anew, soon: at once if the last drawing is a while ago, else a little later."""
        self._tally = tally
        if self._live is not None and self._drawing is None:
            wait_s = max(0.0, self._drawn + DRAW_S - time.monotonic())
            self._drawing = asyncio.get_running_loop().call_later(wait_s, self._draw)

    def _draw(self) -> None:
        self._drawing = None
        if self._live is not None:
            self._drawn = time.monotonic()
            self._live.update(self._panel(), refresh=True)

    def _summary(self) -> str:
        t = self._tally
        return (
            f"computed {t.ops:,} ops in {t.assignments:,} assignments, {t.exec_s:.2f} s of computing, "
            f"{t.sent_bytes / 1e6:.1f} MB sent"
        )

    def _panel(self) -> Table:
        t = self._tally
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold")
        table.add_column()
        table.add_row("ravpy", self._where)
        doing = f"{t.computing_ops:,} ops of graph {t.graph}" if t.computing_ops else "nothing at the moment"
        table.add_row("computing", doing)
        table.add_row("done", self._summary() + (f", {t.failed_ops} ops failed" if t.failed_ops else ""))
        if t.exec_s:
            share = t.exec_s / max(1e-9, time.monotonic() - self._since)
            table.add_row(
                "speed", f"{t.ops / t.exec_s:,.0f} ops/s while computing, busy {share:.0%} of the time"
            )
        table.add_row("", Text("Ctrl-C finishes this piece and leaves; twice leaves at once", style="dim"))
        return table
