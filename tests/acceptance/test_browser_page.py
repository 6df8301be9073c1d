"""The page itself: on a telephone, by keyboard, in the dark, let in and refused; and all ops in it."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsers import A_SUM
from system.browser import Tab
from system.processes import ROOT, Running, Server, python, until

NewTab = Callable[..., Tab]

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True,
}  # fmt: skip

#: runs frames in a computing worker as hub.js does, without a hub
IN_A_WORKER = """async (encoded) => {
    const link = document.querySelector('script[type=module]').src;
    const at = new URL('../manifest.json', link);
    const { bytes, chapters, ...places } = await (await fetch(at)).json();
    const assets = Object.fromEntries(Object.entries(places).map(([name, p]) => [name, new URL(p, at).href]));
    const worker = new Worker(new URL('worker.js', link), { type: 'module' });
    const answers = [];
    let kernel = false;
    const encode = (answer) => new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.split(',')[1]);
        reader.readAsDataURL(new Blob([answer]));
    });
    await new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => {
            if (data.type === 'ready') kernel = data.hasKernel;
            if (data.type === 'failed') reject(new Error(data.reason));
            if (data.type === 'computed' && answers.push(data.answer) === encoded.length) resolve();
        };
        worker.postMessage({ type: 'start', assets });
        worker.postMessage({ type: 'begin', life: 'a tab' });
        for (const text of encoded) {
            const frame = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
            worker.postMessage({ type: 'execute', frame, given: new Map(), pace: 1 });
        }
    });
    worker.terminate();
    return { kernel, answers: await Promise.all(answers.map(encode)) };
}"""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_row_of_the_op_table_agrees_in_chromium(
    new_tab: NewTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("tests/js", "tests/unit/ravspec"):
        monkeypatch.syspath_prepend(ROOT / folder)
    from parity import cases, here, many_ops
    from test_parity import differences

    made = cases()
    frames = [case.frame(number) for number, case in enumerate(made)]
    sent = [base64.b64encode(frame).decode() for frame in [*frames, many_ops(100, 500, 1)]]
    found = new_tab().page.evaluate(IN_A_WORKER, sent)
    assert found["kernel"], "the matmul kernel was not used"
    answers = [base64.b64decode(text) for text in found["answers"]]
    assert not differences(made, answers[:-1], here(frames))


def test_on_a_telephone_all_is_in_reach(new_tab: NewTab) -> None:
    tab = new_tab(**PHONE)
    tab.picture("phone-off")
    tab.page.tap("#main")
    tab.until("loading", "measuring")
    tab.picture("phone-loading")
    tab.until("waiting")
    tab.picture("phone-waiting")
    wide, shown = tab.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= shown, "nothing is wider than the screen"
    for target in ("#main", "#leave", "[name=pace]", "summary"):
        box = tab.page.locator(target).first.bounding_box()
        assert box and min(box["width"], box["height"]) >= 24, target
    button = tab.page.locator("#main").bounding_box()
    assert button and button["y"] + button["height"] < 740, "the button is seen without scrolling"


def test_it_works_by_keyboard_in_the_dark_and_without_motion(new_tab: NewTab) -> None:
    tab = new_tab(color_scheme="dark", reduced_motion="reduce")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.id") == "main"
    tab.page.keyboard.press("Enter")
    tab.until("loading", "measuring")
    assert tab.page.evaluate("getComputedStyle(document.querySelector('.dot')).animationName") == "none"
    tab.until("waiting")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.id") == "leave"
    ground, ink = tab.page.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    assert brightness(ground) < 60 < 200 < brightness(ink)
    assert tab.page.locator("#state").get_attribute("role") == "status"
    tab.page.locator("details summary").first.press("Enter")
    tab.picture("dark")
    tab.page.locator("#leave").press("Enter")
    tab.until("off")
    assert tab.page.evaluate("document.activeElement.id") == "main", "the focus is not lost with its button"


def brightness(color: str) -> int:
    """Of rgb(r, g, b)."""
    return sum(int(part) for part in color[4:-1].split(",")) // 3


def token(server: Server, processes: list[Running], *words: str) -> str:
    """What `ravsock token ...` prints."""
    command = python("-m", "ravsock", "token", *words, "--database", server.database)
    one = Running(f"token-{len(processes)}", command, server.folder, PYTHONPATH=str(ROOT))
    processes.append(one)
    assert one.wait() == 0, one.tail()
    return one.out().strip()


def test_the_join_link_lets_in_and_without_it_the_page_says_why_not(
    server: Server, processes: list[Running], new_tab: NewTab, tmp_path: Path
) -> None:
    # Given a server that asks for tokens
    token(server, processes, "add", "--role", "operator")
    server.stop()
    server.restart()
    # Then a page without one is refused in words
    tab = new_tab()
    tab.participate("refused")
    assert "asks for an access token" in tab.text("#reason")
    tab.picture("refused")
    # And the link with the token that the server keeps lets in, leaves no token in the address bar, and may
    # be opened in the very tab that was refused, which browsers do not load anew for what is behind a #
    text = (server.data_dir / "join-token").read_text()
    guest = tab.open(f"/#token={text}")
    guest.until("waiting", "computing")
    assert guest.page.url == f"{server.url}/"
    # And the page for the projector shows it
    projector = new_tab(f"/join#token={text}")
    projector.page.wait_for_selector("#qr svg")
    assert projector.page.locator("#link").get_attribute("href") == f"{server.url}/#token={text}"
    assert "only browsers on the server's own computer" in projector.text("#reason"), "it is at 127.0.0.1"
    projector.picture("join")
    # When the token is revoked, then the page says so
    number = text.split("_")[1]
    token(server, processes, "revoke", number)
    guest.until("refused")
    assert "is revoked" in guest.text("#reason")


def test_without_a_runtime_the_page_says_what_is_missing(
    tmp_path: Path, processes: list[Running], browser: Any
) -> None:
    server = Server(tmp_path, RAVJS_ASSETS=str(tmp_path / "nothing"))
    processes.append(server)
    tab = Tab(browser, server.ready()).open()
    assert "not set up for browsers" in tab.text("#reason")
    assert str(tmp_path) not in tab.page.content(), "where the server keeps its files is for its own log"
    assert str(tmp_path) in server.log()
    tab.participate("failed")
    assert "not set up for browsers" in tab.text("#reason")
    tab.picture("no-runtime")
    tab.close()


def test_what_the_page_sends_goes_to_the_server_and_nowhere_else(
    server: Server, new_tab: NewTab, script: Callable[..., Any]
) -> None:
    # Given a tab that sends through a proxy whatever is not for the server, its workers' requests too
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        threading.Thread(target=listen, args=(proxy, asked), daemon=True).start()
        way = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        tab = new_tab(proxy={"server": way, "bypass": server.url.removeprefix("http://")})
        # When it has taken part, computed and left
        tab.participate()
        assert script(A_SUM).output(60) == "55\n"
        until(lambda: tab.computed_ops() > 0, "it has computed")
        tab.page.click("#leave")
        tab.until("off")
        # Then the proxy was asked for nothing
        assert asked == []
        # And it would have been: for a page elsewhere it is
        with contextlib.suppress(playwright_error()):
            tab.page.goto("http://elsewhere.invalid/")
        assert b"elsewhere.invalid" in b"".join(asked)


def listen(proxy: socket.socket, asked: list[bytes]) -> None:
    """Keep what comes, and answer nothing."""
    while True:
        try:
            connection, _ = proxy.accept()
        except OSError:
            return
        with connection:
            asked.append(connection.recv(4096))


def playwright_error() -> type[Exception]:
    from playwright.sync_api import Error

    return Error
