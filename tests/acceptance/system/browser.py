"""Tabs in a real Chromium, as visitors use them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from system.processes import ROOT, Server, until

#: pictures of the page's states, for people to look at; not committed
SCREENSHOTS = ROOT / "build" / "screenshots"

#: in a container Chromium has no sandbox of its own, and nothing to phone
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium_path() -> str | None:
    """The system's Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    wanted = os.environ.get("CHROMIUM")
    return next((path for name in ([wanted] if wanted else names) if (path := shutil.which(name))), None)


class Tab:
    """The page at / in a visitor's browser. Each visitor has storage of their own."""

    def __init__(self, browser: Any, server: Server, **options: Any) -> None:
        self.server = server
        self.context = browser.new_context(**{"viewport": VIEWPORT, **options})
        self.requests: list[str] = []
        self.troubles: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        # a server that is away makes the browser say so on its console
        if message.type == "error" and "ERR_CONNECTION" not in message.text:
            self.troubles.append(message.text)

    def open(self, path: str = "/", at: str = "") -> Tab:
        """Go to the page, at the server itself or by a way to it."""
        self.page.goto((at or self.server.url) + path)
        return self

    @property
    def name(self) -> str:
        """How the server calls it."""
        kept = self.page.evaluate("localStorage.getItem('rdf-settings')")
        return str(json.loads(kept)["name"])

    @property
    def state(self) -> str:
        return str(self.page.evaluate("document.body.dataset.state"))

    def participate(self, *states: str) -> Tab:
        """Press the button, wait until it is in."""
        self.page.click("#main")
        return self.until(*(states or ("waiting", "computing")))

    def until(self, *states: str, patience_s: float = 60.0) -> Tab:
        """Wait for one of the states."""
        selectors = ", ".join(f"body[data-state={state}]" for state in states)
        self.page.wait_for_selector(selectors, state="attached", timeout=patience_s * 1000)
        return self

    def is_present(self) -> bool:
        return self.name in self.server.present()

    def computed_ops(self) -> int:
        return self.server.computed_ops(self.name)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def notes(self) -> str:
        return self.page.locator("#log").text_content() or ""

    def choose(self, name: str, value: Any = True) -> None:
        """Change a setting."""
        field = self.page.locator(f"#settings [name={name}]")
        if isinstance(value, bool):
            field.set_checked(value)
        elif name == "pace":
            field.select_option(value)
        else:
            field.fill(str(value))

    def picture(self, name: str) -> Path:
        """A screenshot of the whole page."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    def close(self) -> None:
        self.context.close()


VIEWPORT = {"width": 900, "height": 900}


def gone(tab: Tab) -> None:
    """Wait until the server has let go of a tab."""
    name = tab.name
    until(lambda: name not in tab.server.present(), f"{name} is no longer at the server")
