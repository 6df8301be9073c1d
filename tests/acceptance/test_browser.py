"""Browsers take part: real tabs, a real server, and a Python contributor beside them."""

from __future__ import annotations

import re
import textwrap
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from system.browser import Tab, gone
from system.processes import ROOT, Contributor, Running, Script, Server, until

NewTab = Callable[..., Tab]
Start = Callable[..., Script]

#: seconds of work for everybody, in seeded matrices; prints whether NumPy has the same
BLOCKS = """
    import numpy as np
    import ravop as R

    def block(k):
        a = R.random_normal(size=(400, 400), seed=2 * k)
        b = R.random_normal(size=(400, 400), seed=2 * k + 1)
        return (R.exp(a @ b * 0.01) + R.sort(a)).sum()

    wanted = [block(k) for k in range(300)]
    values = R.fetch(*wanted, timeout=100)
    R.initialize(url="local:")
    with R.Graph(name="here"):
        here = R.fetch(*[block(k) for k in range(300)])
    print("the same" if np.allclose(values, here, rtol=1e-9) else "different")
"""


def test_two_tabs_and_a_python_contributor_compute_a_graph_together(
    server: Server,
    new_tab: NewTab,
    contributor: Callable[..., Contributor],
    script: Start,
) -> None:
    # Given two tabs of one visitor each, and one contributor in Python
    tabs = [new_tab().participate(), new_tab().participate()]
    contributor("ann")
    until(lambda: len(server.present()) == 3, "all three are at the server")
    # When a graph has work for all of them
    done = script(BLOCKS)
    tabs[0].until("computing")
    tabs[0].picture("computing")
    # Then its values are NumPy's, and each has done a part
    assert done.output(120) == "the same\n"
    assert all(tab.computed_ops() > 0 for tab in tabs)
    assert server.computed_ops("ann") > 0
    # And what the page shows is what the server counted
    tabs[0].until("waiting")
    shown = lambda: int(tabs[0].text("#ops").replace(",", ""))  # noqa: E731
    until(lambda: shown() == tabs[0].computed_ops(), "the page shows all its ops")
    tabs[0].page.wait_for_selector("#graphs li")
    assert "3 contributors online" in tabs[0].text("#online")
    tabs[0].picture("waiting-after-work")


def test_large_arrays_go_both_ways_and_a_failing_op_fails_with_numpys_words(
    new_tab: NewTab, script: Start
) -> None:
    tab = new_tab().participate()
    done = script("""
        import numpy as np
        import ravop as R

        x = np.random.default_rng(1).normal(size=(2000, 1500))
        doubled, squares = R.fetch(R.t(x) * 2, R.t(x[:1000]) ** 2, timeout=60)
        print(np.array_equal(doubled, 2 * x), np.array_equal(squares, x[:1000] ** 2))
        try:
            R.inv(R.t(np.zeros((3, 3))))(timeout=60)
        except R.ComputeError as error:
            print("LinAlgError: Singular matrix" in str(error))
    """)
    assert done.output() == "True True\nTrue\n"
    until(lambda: "MB" in tab.text("#sent") and "MB" in tab.text("#got"), "the page shows the bytes")
    all_is_the_servers_own(tab)


def test_pausing_gives_the_work_back_and_resuming_goes_on(
    server: Server, new_tab: NewTab, script: Start
) -> None:
    tab = new_tab().participate()
    done = script(BLOCKS)
    server.until_in_the_middle()
    # When the visitor pauses
    tab.page.click("#main")
    tab.until("paused")
    gone(tab)
    assert "you pressed Pause" in tab.text("#reason")
    assert tab.text("#main") == "Resume"
    tab.picture("paused")
    before = tab.computed_ops()
    assert done.alive
    # and resumes
    tab.page.click("#main")
    assert done.output(120) == "the same\n"
    assert tab.computed_ops() > before
    # When the visitor leaves, then the server knows at once, and what was given stays to be read
    tab.until("waiting")
    until(lambda: int(tab.text("#ops").replace(",", "")) == tab.computed_ops(), "the page shows all its ops")
    shown = tab.text("#ops")
    tab.page.click("#leave")
    tab.until("off")
    gone(tab)
    assert tab.text("#ops") == shown


@pytest.mark.long
def test_two_cores_are_two_lives(server: Server, new_tab: NewTab, script: Start) -> None:
    tab = new_tab()
    tab.choose("cores", 2)
    tab.participate()
    until(lambda: len(server.present()) == 2, "both workers are at the server")
    assert script(BLOCKS).output(120) == "the same\n"
    assert all(server.computed_ops(name) > 0 for name in (tab.name, f"{tab.name}-2"))
    memory = lambda: {name: about["memory_bytes"] for name, about in server.present().items()}  # noqa: E731
    half = memory()[tab.name]
    assert memory() == {tab.name: half, f"{tab.name}-2": half}
    until(lambda: tab.text("#online") == "You are the only contributor online", "the two count as one")
    until(lambda: int(tab.text("#ops").replace(",", "")) == server.graph()["computed_ops"], "all is shown")
    shown = tab.text("#ops")
    # When one core is given back, then one life stays, with all of the memory, and no figure goes back
    tab.choose("cores", 1)
    until(lambda: memory() == {tab.name: 2 * half}, "one worker is left")
    assert tab.text("#ops") == shown


@pytest.mark.long
def test_graphs_of_others_are_shown_with_how_far_they_are_and_without_their_names(
    server: Server, new_tab: NewTab, contributor: Callable[..., Contributor], script: Start
) -> None:
    # Given a graph of which no op fits a tab, and somebody who computes it
    contributor("ann")
    script("""
        import ravop as R

        with R.Graph(name="a secret"):
            R.fetch(*[(R.arange(140_000_000) % k).sum() for k in range(2, 30)])
    """)
    tab = new_tab().participate("waiting")
    # Then a visitor sees that it is worked on, and not what it is called
    shown = lambda: tab.text("#others")  # noqa: E731
    until(lambda: re.match(r"Graph 1\s+\d+ of 84$", shown()), "the graph and its progress")
    before = shown()
    until(lambda: shown() != before, "it gets on")
    assert "secret" not in tab.page.content()
    assert tab.text("#no-graphs") == "None yet."
    tab.picture("others-graphs")


def test_settings_are_remembered_and_a_reload_goes_on(server: Server, new_tab: NewTab) -> None:
    tab = new_tab()
    tab.choose("pace", "0.5")
    tab.choose("hidden")
    name = tab.participate().name
    tab.page.reload()
    tab.until("waiting")
    assert tab.name == name
    assert tab.page.locator("[name=pace]").input_value() == "0.5"
    assert tab.page.locator("[name=hidden]").is_checked()
    until(lambda: list(server.present()) == [name], "the life before has ended, a new one is there")
    # And what was paused by hand stays so
    tab.page.click("#main")
    tab.until("paused")
    tab.page.reload()
    tab.until("paused")
    assert "you pressed Pause" in tab.text("#reason")
    assert not server.present()
    tab.page.click("#main")
    tab.until("waiting")


def all_is_the_servers_own(tab: Tab) -> None:
    """Nothing was asked for elsewhere, and the websocket is not compressed."""
    assert any(url.endswith("pyodide.asm.wasm") for url in tab.requests), "what workers ask for is seen"
    foreign = [url for url in tab.requests if not url.startswith((tab.server.url, "blob:", "data:"))]
    assert not foreign
    extensions: Any = tab.page.evaluate(
        """new Promise((resolve, reject) => {
            const ws = new WebSocket(`ws://${location.host}/socket.io/?EIO=4&transport=websocket`);
            ws.onopen = () => { resolve(ws.extensions); ws.close(); };
            ws.onerror = reject;
        })"""
    )
    assert extensions == ""


LARGE = """
    import numpy as np
    import ravop as R

    x = np.random.default_rng(1).normal(size=(700, 700))
    print(np.array_equal((R.t(x) * 2)(timeout=60), 2 * x))
"""

SCHOOL = """<!doctype html><title>A school</title><body><script type="module" nonce="school">
    import {{ Contributor }} from "{url}/ravjs.js";
    const contributor = new Contributor({{ name: "school", pace: 0.9 }});
    contributor.addEventListener("state", (event) => {{ document.body.dataset.state = event.detail.state; }});
    contributor.start();
    window.contributor = contributor;
</script>"""


def policy_of_the_page(url: str) -> str:
    """The Content-Security-Policy that docs/browser.md shows, for that server; nothing else is allowed."""
    (shown,) = re.findall(r"```text\n(script-src .*?)```", (ROOT / "docs/browser.md").read_text(), re.DOTALL)
    for there, here in (("https://the.server", url), ("wss://the.server", url.replace("http", "ws", 1))):
        assert there in shown
        shown = shown.replace(there, here)
    return "default-src 'none'; " + " ".join(shown.split()).replace("'self'", "'self' 'nonce-school'")


@pytest.fixture
def school() -> Iterator[tuple[str, Callable[[str, str], None]]]:
    """A site of another origin: its origin, and how to say what its page is, and its policy."""
    page, policy = [b""], [""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Security-Policy", policy[0])
            self.end_headers()
            self.wfile.write(page[0])

        def log_message(self, *args: Any) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=site.serve_forever, daemon=True).start()

    def show(text: str, allowed: str) -> None:
        page[0], policy[0] = text.encode(), allowed

    yield f"http://127.0.0.1:{site.server_port}", show
    site.shutdown()
    site.server_close()


def test_a_page_of_a_listed_site_takes_part_by_the_library(
    tmp_path: Path, processes: list[Running], browser: Any, school: Any
) -> None:
    origin, show = school
    server = Server(tmp_path, RAVSOCK_ORIGINS=origin)
    processes.append(server)
    url = server.ready().url
    show(SCHOOL.format(url=url), policy_of_the_page(url))
    tab = Tab(browser, server)
    tab.page.goto(origin)
    tab.until("waiting")
    (tmp_path / "large.py").write_text(textwrap.dedent(LARGE))
    done = Script("large", tmp_path / "large.py", tmp_path, server.url)
    processes.append(done)
    assert done.output() == "True\n"
    assert server.computed_ops("school") > 0
    tab.page.evaluate("contributor.pause()")
    tab.until("paused")
    tab.page.evaluate("contributor.stop()")
    tab.until("off")
    tab.close()
    assert not tab.troubles
