"""What goes wrong with tabs: closed, stuck, broken, or their server away. Nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsers import SUMS
from system.browser import Tab
from system.processes import LEASE_S, Contributor, Script, Server, until

NewTab = Callable[..., Tab]
Start = Callable[..., Script]

#: a module of WebAssembly with one vector instruction
SIMD = "[0,97,115,109,1,0,0,0,1,5,1,96,0,1,123,3,2,1,0,10,10,1,8,0,65,0,253,15,253,98,11]"

#: whether a worker of this browser computes matrix products by the kernel, which has vector instructions
HAS_KERNEL = """async () => {
    const { Contributor } = await import('/ravjs.js');
    const another = new Contributor({ name: 'another' });
    return new Promise((resolve) => {
        another.addEventListener('state', ({ detail }) => {
            const [worker] = detail.workers;
            if (worker?.phase !== 'ready') return;
            another.stop();
            resolve(worker.hasKernel);
        });
        another.start();
    });
}"""


def test_a_tab_closed_in_mid_work_costs_time_only(
    server: Server, new_tab: NewTab, contributor: Callable[..., Contributor], script: Start
) -> None:
    tab = new_tab().participate()
    done = script(SUMS)
    server.until_in_the_middle()
    until(tab.computed_ops, "the tab has done a part")
    tab.close()
    contributor("ann")
    assert done.output(120) == "the same\n"
    assert server.computed_ops("ann") > 0


def test_an_open_page_comes_back_by_itself_when_its_server_was_away(
    server: Server, new_tab: NewTab, script: Start
) -> None:
    tab = new_tab().participate()
    server.kill()
    tab.until("away")
    tab.picture("away")
    server.restart()
    tab.until("waiting")
    assert script(SUMS).output(120) == "the same\n"
    assert tab.computed_ops() > 0


@pytest.mark.long
def test_a_page_whose_server_is_away_while_it_loads_takes_part_when_it_is_back(
    server: Server, new_tab: NewTab, script: Start
) -> None:
    # Given a server that is away at the click: nothing of what computes is there yet
    tab = new_tab()
    server.kill()
    tab.participate("away")
    assert tab.text("#main") == "Pause"
    # When it comes back and is away again before Python is loaded
    server.restart()
    tab.until("loading")
    until(lambda: any(w.url.endswith("/worker.js") for w in tab.page.workers), "Python is being loaded")
    server.kill()
    tab.until("away")
    # Then the page takes part as soon as it can
    server.restart()
    tab.until("waiting")
    tab.troubles.clear()  # what was cut off in mid-load the browser tells in many words
    assert script(SUMS).output(120) == "the same\n"
    assert tab.computed_ops() > 0


def test_a_worker_that_breaks_is_replaced_and_the_reason_shown(
    server: Server, new_tab: NewTab, script: Start
) -> None:
    tab = new_tab().participate()
    done = script(SUMS)
    server.until_in_the_middle()
    worker = next(w for w in tab.page.workers if w.url.endswith("/worker.js"))
    worker.evaluate("void setTimeout(() => { throw new Error('out of luck') })")
    assert done.output(120) == "the same\n"
    tab.page.locator("#log-card summary").click()
    assert "the computing worker stopped: Uncaught Error: out of luck" in tab.notes()
    tab.picture("worker-replaced")
    assert tab.state in ("waiting", "computing")


def test_a_page_that_is_stuck_neither_loses_its_life_nor_stops_computing(
    server: Server, new_tab: NewTab, script: Start
) -> None:
    tab = new_tab().participate()
    name, life = tab.name, server.present()[tab.name]["life"]
    done = script(SUMS)
    # When the page's own thread does nothing for more than two leases, as browsers do to hidden ones
    tab.page.evaluate(f"{{ const end = Date.now() + {2500 * LEASE_S}; while (Date.now() < end); }}")
    # Then its workers went on
    assert server.present()[name]["life"] == life
    assert server.computed_ops(name) > 0
    assert done.output(120) == "the same\n"


def test_a_page_that_comes_back_from_the_browsers_cache_of_pages_takes_part_again(
    server: Server, new_tab: NewTab
) -> None:
    # Given a page that is put away and, before it hears that its workers have ended, is back
    tab = new_tab().participate()
    life = server.present()[tab.name]["life"]
    tab.page.evaluate("""() => {
        const turn = (type) => dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
        const until = Date.now() + 1000;
        turn("pagehide");
        while (Date.now() < until);
        turn("pageshow");
    }""")
    # Then a new life takes part
    until(lambda: server.present().get(tab.name, {}).get("life", life) != life, "a new life is there")
    tab.until("waiting")
    # And after a page that was paused comes back, it is paused, and can go on
    tab.page.click("#main")
    tab.until("paused")
    tab.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    tab.until("off", "loading")
    tab.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    tab.until("paused")
    tab.page.click("#main")
    tab.until("waiting")


@pytest.mark.long
def test_without_simd_results_are_right_though_slower(
    server: Server, launch: Callable[..., Any], script: Start
) -> None:
    browser = launch("--js-flags=--no-enable-sse4-1")
    try:
        tab = Tab(browser, server).open().participate()
        has_simd = tab.page.evaluate(f"WebAssembly.validate(new Uint8Array({SIMD}))")
        assert not has_simd, "it has SIMD after all"
        assert script(SUMS).output(120) == "the same\n"
        assert tab.computed_ops() > 0
        assert tab.page.evaluate(HAS_KERNEL) is False
        assert not tab.troubles
    finally:
        browser.close()
