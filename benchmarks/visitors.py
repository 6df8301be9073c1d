"""A contributor by the clock, from the developer's side: how soon its first value comes, and how fast it is.

What a visitor's tab does and what ravpy does is measured by the same functions, each with that contributor
alone at a server. The tab is the one of the browser tests, in a Chromium whose profile is a folder.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import numpy as np
import work
from cluster import ROOT, ClusterError
from ours import Ours

import ravop as R

sys.path.append(str(ROOT / "tests" / "acceptance"))

from system.browser import ARGUMENTS, Tab, chromium_path

#: figures by their ids; see browser.FIGURES
Sample = dict[str, float]

#: sides of the matrices, and how many products in a chain: a second of a tab's work or less
PRODUCTS = {512: 32, 1024: 6}
#: small ops in a chain
ADDS = 20_000
#: the array that goes up, or down
LARGE_BYTES = 64_000_000
#: a later visit is made so often: Chromium keeps compiled code from the second on
LATER_VISITS = 2
REPEATS = 3
PATIENCE_S = 60.0


class Profile:
    """A visitor's Chromium with a folder that outlives it. A Tab takes it for the browser."""

    def __init__(self, driver: Any, folder: str) -> None:
        self._driver, self._folder = driver, folder

    def new_context(self, **options: Any) -> Any:
        """Start it; closing the context ends it, as closing the last window does."""
        return self._driver.chromium.launch_persistent_context(
            self._folder, executable_path=chromium_path(), headless=True, args=ARGUMENTS, **options
        )


def tabs_round(driver: Any, folder: str) -> tuple[Sample, str]:
    """A first visit, later ones, and the rates of the last; also the browser's name and version."""
    with Ours(0) as side:
        first_s, first_bytes, tab = visit(side, Profile(driver, folder))
        leave(side, tab)
        later_s = []
        for n in range(LATER_VISITS):
            seconds, later_bytes, tab = visit(side, Profile(driver, folder))
            later_s.append(seconds)
            if n < LATER_VISITS - 1:
                leave(side, tab)
        agent = str(tab.page.evaluate("navigator.userAgent"))
        sample = {"first_s": first_s, "first_bytes": first_bytes, "later_bytes": later_bytes}
        sample |= {"later_s": min(later_s), **rates(side)}
        work.check(not tab.troubles, f"the page had errors: {tab.troubles}")
        leave(side, tab)
    return sample, next(word for word in agent.split() if "Chrome" in word)


def ravpys_round() -> Sample:
    """The command `ravpy participate` in the tab's place. Its first visit was its installation."""
    with Ours(0) as side:
        seconds = arrival(side, lambda: side.cluster.contribute("ravpy"))
        return {"later_s": seconds, **rates(side)}


def visit(side: Ours, profile: Profile) -> tuple[float, int, Tab]:
    """Open the page, press Participate: seconds to the first value, bytes that were loaded, the tab."""
    tab = Tab(profile, side.cluster)
    finished: list[Any] = []
    tab.context.on("requestfinished", lambda request: finished.append(request))
    tab.open()
    seconds = arrival(side, lambda: tab.page.click("#main"))
    tab.until("waiting")  # the driver hears of the last requests meanwhile
    return seconds, sum(map(loaded_bytes, finished)), tab


def loaded_bytes(request: Any) -> int:
    """What came over the line for it: nothing where the cache had it, as the body is negative by the head.

    Chromium does not tell the bodies of workers' own scripts, 3 kB in all.
    """
    sizes = request.sizes()
    return int(sizes["responseHeadersSize"] + sizes["responseBodySize"])


def leave(side: Ours, tab: Tab) -> None:
    """Leave, and wait until the server knows: it must give the next visit's work to nobody else."""
    tab.page.click("#leave")
    tab.until("off")
    tab.close()
    deadline = time.monotonic() + PATIENCE_S
    while present(side):
        if time.monotonic() > deadline:
            raise ClusterError(f"the tab is still at the server {PATIENCE_S:g} s after it left")
        time.sleep(0.05)


def present(side: Ours) -> list[str]:
    """Contributors that are at the server."""
    with urllib.request.urlopen(f"{side.cluster.url}/v1/contributors", timeout=10) as response:
        rows = json.load(response)["contributors"]
    return [row["name"] for row in rows if row["state"] == "present"]


def arrival(side: Ours, come: Callable[[], Any]) -> float:
    """Seconds from when a contributor comes until the developer has the value of an op."""
    with side.graph():
        y = R.t(np.arange(3.0)) + 1
        started = time.perf_counter()
        come()
        got = y(timeout=PATIENCE_S)
        seconds = time.perf_counter() - started
    work.check(np.array_equal(got, [1, 2, 3]), "the first add")
    return seconds


def rates(side: Ours) -> Sample:
    """How fast the one contributor is, from script to value; each the best of some repeats."""
    sample = {f"product_{n}": flops(n, k) / best_s(products, side, n, k) for n, k in PRODUCTS.items()}
    sample["adds"] = ADDS / best_s(lambda s, n: work.chain(s, n)[0], side, ADDS)
    sample["up"] = LARGE_BYTES / best_s(up, side, LARGE_BYTES)
    sample["down"] = LARGE_BYTES / best_s(down, side, LARGE_BYTES)
    return sample


def best_s(measure: Callable[..., float], *args: Any) -> float:
    """The least seconds, after a first time that is not counted."""
    return min([measure(*args) for _ in range(1 + REPEATS)][1:])


def flops(n: int, times: int) -> float:
    """Floating-point operations of so many products of n x n matrices."""
    return 2.0 * n**3 * times


def products(side: Ours, n: int, times: int) -> float:
    """A chain of products of n x n matrices that are there already; the last one's sum fetched."""
    with side.graph():
        a, b = side.uniform(n, seed=1), side.uniform(n, seed=2)
        side.values([side.total(a), side.total(b)])
        started = time.perf_counter()
        x = a
        for _ in range(times):
            x = side.matmul(x, b)
        (got,) = side.values([side.total(x)])
        seconds = time.perf_counter() - started
    row, right = work.uniform(n, 1).sum(axis=0), work.uniform(n, 2)
    for _ in range(times):
        row = row @ right
    work.check(np.allclose(got, row.sum(), rtol=1e-9), f"{times} products of size {n}")
    return seconds


def up(side: Ours, size_bytes: int) -> float:
    """A large array that the contributor makes, until it is at the server; nobody fetches it meanwhile."""
    n = size_bytes // 8
    with side.graph() as graph:
        x = R.arange(n) * 0.5
        started = time.perf_counter()
        graph.end()
        seconds = time.perf_counter() - started
        work.check(np.array_equal(x(), np.arange(n) * 0.5), "an array made and sent up")
    return seconds


def down(side: Ours, size_bytes: int) -> float:
    """A large array that is at the server, until the contributor's answer to its first number is here."""
    x = work.large(size_bytes)
    with side.graph():
        handle = side.up(x)
        first = handle[:1]
        started = time.perf_counter()
        (got,) = side.values([first])
        seconds = time.perf_counter() - started
    work.check(np.array_equal(got, x[:1]), "the first number of an array sent down")
    return seconds
