"""A visitor's device: a Chromium of its own, whose windows hide for real and which can fall asleep."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from system.browser import ARGUMENTS, Tab, chromium_path
from system.processes import Running, until


class Device(Running):
    """A Tab takes it for the browser.

    Playwright tells the browsers that it starts that every page is seen, always. This one it only joins, and
    leaves the pages as they are (`no_defaults`): behind another tab or in a minimized window one is hidden.
    """

    def __init__(self, driver: Any, folder: Path) -> None:
        options = ["--headless", "--window-size=900,900", "--remote-debugging-port=0"]
        profile = folder / "profile"
        command = [str(chromium_path()), *ARGUMENTS, *options, f"--user-data-dir={profile}", "about:blank"]
        super().__init__("chromium", command, folder)
        told = profile / "DevToolsActivePort"
        until(lambda: not self.alive or (told.exists() and told.read_text()), "Chromium says its port")
        assert self.alive, self.tail()
        url = f"http://127.0.0.1:{told.read_text().split()[0]}"
        self._browser = driver.chromium.connect_over_cdp(url, no_defaults=True)

    def new_context(self, **_: Any) -> Any:
        """The only one there is; its windows are as large as they were started."""
        return self._browser.contexts[0]

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """As with the lid closed: no process of it runs, and nobody is told."""
        family = [psutil.Process(self.pid), *self.children()]
        for process in family:
            process.suspend()
        try:
            until(lambda: all(p.status() == psutil.STATUS_STOPPED for p in family), "all of it has stopped")
            yield
        finally:
            for process in family:
                process.send_signal(signal.SIGCONT)


def minimize(tab: Tab, state: str = "minimized") -> None:
    """Put a device's window away, or with "normal" back."""
    session = tab.context.new_cdp_session(tab.page)
    window = session.send("Browser.getWindowForTarget")["windowId"]
    session.send("Browser.setWindowBounds", {"windowId": window, "bounds": {"windowState": state}})
    session.detach()


def visibility(tab: Tab) -> str:
    """What the page itself is told by the browser."""
    return str(tab.page.evaluate("document.visibilityState"))
