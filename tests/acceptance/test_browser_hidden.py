"""Tabs that nobody looks at, hidden by the browser itself: work goes on, or stops by the visitor's rule."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from browsers import SUMS
from system.browser import Tab, gone
from system.device import Device, minimize, visibility
from system.processes import LEASE_S, Script, Server, until

Start = Callable[..., Script]


@pytest.mark.long
def test_a_hidden_tab_goes_on_with_the_same_life(device: Device, server: Server, script: Start) -> None:
    tab = Tab(device, server).open().participate()
    life = server.present()[tab.name]["life"]
    done = script(SUMS)
    server.until_in_the_middle()
    # When the visitor goes to another tab in the middle of the work
    other = tab.context.new_page()
    other.bring_to_front()
    until(lambda: visibility(tab) == "hidden", "the browser hides the page")
    hidden_at, before = time.monotonic(), tab.computed_ops()
    # Then the work goes on to its end
    assert done.output(120) == "the same\n"
    assert tab.computed_ops() > before
    # And what comes two leases later is done in the dark too, by the same life
    until(lambda: time.monotonic() > hidden_at + 2.5 * LEASE_S, "two leases have passed")
    before = tab.computed_ops()
    assert script(SUMS).output(120) == "the same\n"
    assert tab.computed_ops() > before
    assert visibility(tab) == "hidden"
    assert server.present()[tab.name]["life"] == life
    assert not tab.troubles


@pytest.mark.long
def test_the_rule_to_pause_while_hidden_is_followed_with_patience(device: Device, server: Server) -> None:
    tab = Tab(device, server).open()
    tab.choose("hidden")
    tab.participate()
    # When the window is put away
    minimize(tab)
    until(lambda: visibility(tab) == "hidden", "the browser hides the page")
    assert tab.state == "waiting", "not at once"
    # Then the page pauses a little later, and says why
    tab.until("paused")
    gone(tab)
    assert tab.text("#main") == "Stay paused"
    assert tab.text("#reason") == "Paused because this page is hidden."
    assert "paused because this page is hidden" in tab.notes()
    # And when it is back, so is the page
    minimize(tab, "normal")
    until(lambda: visibility(tab) == "visible", "the page is seen again")
    tab.picture("paused-hidden")
    tab.until("waiting")
    until(tab.is_present, "it is back at the server")
    assert not tab.troubles
