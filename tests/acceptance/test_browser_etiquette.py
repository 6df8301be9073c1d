"""What the visitor asks for besides: only on mains power, the screen kept awake, half of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from browsers import A_SUM, SUMS
from system.browser import Tab, gone
from system.device import Device, minimize, visibility
from system.processes import Script, Server, until

NewTab = Callable[..., Tab]
Start = Callable[..., Script]

#: a battery that tests plug in and out
BATTERY = """
    window.battery = Object.assign(new EventTarget(), { charging: true, level: 1 });
    navigator.getBattery = async () => battery;
"""
PLUG = "(charging) => { battery.charging = charging; battery.dispatchEvent(new Event('chargingchange')); }"

#: counts the wake locks that the browser really gave
COUNTED = """
    window.locks = { asked: 0, held: 0, most: 0 };
    const request = navigator.wakeLock.request.bind(navigator.wakeLock);
    navigator.wakeLock.request = async (kind) => {
        locks.asked++;
        const lock = await request(kind);
        locks.most = Math.max(locks.most, ++locks.held);
        lock.addEventListener("release", () => locks.held--);
        return lock;
    };
"""

#: some seconds of matrix products, and nothing else
PRODUCTS = """
    import ravop as R

    parts = [R.random_normal(size=(400, 400), seed=k) for k in range(200)]
    R.fetch(*[(p @ p).trace() for p in parts], timeout=100)
"""


@pytest.mark.long
def test_on_its_battery_the_device_pauses_and_on_mains_power_it_goes_on(server: Server, browser: Any) -> None:
    tab = Tab(browser, server)
    tab.context.add_init_script(BATTERY)
    tab.open().choose("mains")
    tab.participate()
    # When the plug is pulled
    tab.page.evaluate(PLUG, False)
    assert tab.state == "waiting", "not at once"
    # Then the page pauses and says why, and the server knows
    tab.until("paused")
    gone(tab)
    assert tab.text("#reason") == "Paused because the device runs on its battery."
    tab.picture("paused-battery")
    # And with the rule switched off, or the plug back, it goes on
    tab.choose("mains", False)
    tab.until("waiting")
    tab.choose("mains")
    tab.until("paused")
    tab.page.evaluate(PLUG, True)
    tab.until("waiting")
    until(tab.is_present, "it is back at the server")
    tab.close()
    assert not tab.troubles


@pytest.mark.long
def test_the_screen_is_kept_awake_exactly_while_the_page_computes_and_is_seen(
    device: Device, server: Server, script: Start
) -> None:
    tab = Tab(device, server)
    tab.context.add_init_script(COUNTED)
    tab.open().choose("awake")
    held = lambda: tab.page.evaluate("locks.held")  # noqa: E731
    # Given a page that waits: the screen may sleep
    tab.participate("waiting")
    assert tab.page.evaluate("locks.asked") == 0
    # When it computes, then the screen stays on, while somebody can see it
    done = script(SUMS)
    tab.until("computing")
    until(lambda: held() == 1, "the wake lock is held")
    minimize(tab)
    until(lambda: visibility(tab) == "hidden" and held() == 0, "hidden, it is not")
    minimize(tab, "normal")
    until(lambda: held() == 1, "seen again, it is")
    assert done.alive, "all that while it computed"
    # And afterwards it may sleep again
    assert done.output(120) == "the same\n"
    tab.until("waiting")
    until(lambda: held() == 0, "the wake lock is given back")
    assert tab.page.evaluate("locks.most") == 1
    # And without the setting nothing is asked for
    asked = tab.page.evaluate("locks.asked")
    tab.choose("awake", False)
    assert script(A_SUM).output() == "55\n"
    assert tab.page.evaluate("locks.asked") == asked
    assert not tab.troubles


@pytest.mark.long
def test_at_half_a_pace_the_tab_rests_about_half_of_the_time(new_tab: NewTab, script: Start) -> None:
    tab = new_tab().participate()
    all_the_time = share_computing(tab, script, graph=1)
    tab.choose("pace", "0.5")
    half = share_computing(tab, script, graph=2)
    assert 0.35 < half < 0.65 < 0.75 < all_the_time < 1.1, (half, all_the_time)


def share_computing(tab: Tab, script: Start, graph: int) -> float:
    """Which part of the time the tab computes, while it has work: by what its page shows."""
    before_s = shown_seconds(tab)
    script(PRODUCTS)
    until(lambda: tab.server.graph(graph).get("total_ops"), "the work is at the server")
    begun = time.monotonic()
    until(lambda: tab.server.graph(graph).get("state") == "computed", "the graph is computed")
    took_s = time.monotonic() - begun
    tab.until("waiting")
    return (shown_seconds(tab) - before_s) / took_s


def shown_seconds(tab: Tab) -> float:
    """The computing time that the page shows, of less than a minute."""
    return float(tab.text("#seconds").removesuffix(" s"))
