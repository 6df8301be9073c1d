"""Tabs that lose their server while it lives: cable pulled or cut, device asleep. They come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsers import A_SUM, SUMS
from system.browser import Tab, gone
from system.cable import Cable
from system.device import Device
from system.processes import LEASE_S, Contributor, Script, Server, until

NewTab = Callable[..., Tab]
Start = Callable[..., Script]


@pytest.fixture
def cable(server: Server) -> Iterator[Cable]:
    """What lies between the tabs and the server."""
    one = Cable(server.port)
    yield one
    one.close()


@pytest.mark.long
def test_a_pulled_cable_is_noticed_and_once_it_is_plugged_in_the_tab_goes_on(
    server: Server, cable: Cable, new_tab: NewTab, script: Start
) -> None:
    # Given a tab that computes, over a cable
    tab = new_tab(at=cable.url).participate()
    done = script(SUMS)
    server.until_in_the_middle()
    # When nothing passes any more, and nobody is told
    cable.pull()
    # Then the server gives the work back after a lease, and the page finds out by itself
    gone(tab)
    tab.until("away")
    assert tab.text("#state") == "The server is away; coming back by itself"
    assert tab.text("#doing") == "Leave this page open: it goes on when the server is back."
    tab.picture("cable-pulled")
    assert done.alive
    # And when the cable is back, it joins anew, says so, and every value is right
    cable.plug()
    assert done.output(120) == "the same\n"
    assert "the connection to the server is lost; trying again" in tab.notes()
    assert "while this tab was away, its work was given to others" in tab.notes()
    counted_once(server, tab)


#: each state of the page from now on, in order, however short it lasts
WITNESS = """() => {
    window.seen = [];
    const look = () => window.seen.push(document.body.dataset.state);
    new MutationObserver(look).observe(document.body, {attributeFilter: ["data-state"]});
}"""


@pytest.mark.long
def test_states_on_the_way_are_told_in_order(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.page.evaluate(WITNESS)
    tab.participate("waiting")
    seen = list(dict.fromkeys(tab.page.evaluate("window.seen")))
    # to a server that answers at once it connects before the page is drawn again
    assert [state for state in seen if state != "connecting"] == ["loading", "measuring", "waiting"]


#: work for as long as the test wants, in whole numbers; prints whether every value is exactly right
LASTING = """
    from pathlib import Path

    import ravop as R

    def trace(k):
        part = (R.arange(90_000) % (k % 50 + 2)).reshape((300, 300))
        return (part @ part).trace()

    values = []
    while not Path("enough").exists():
        values += R.fetch(*[trace(len(values) + k) for k in range(30)], timeout=100)
    R.initialize(url="local:")
    with R.Graph(name="here"):
        here = R.fetch(*map(trace, range(50)))
    print("the same" if all(v == here[k % 50] for k, v in enumerate(values)) else "different")
"""


@pytest.mark.long
@pytest.mark.lease(15)
def test_a_cut_connection_comes_back_with_the_same_life_and_nothing_is_done_twice(
    server: Server, cable: Cable, new_tab: NewTab, script: Start, tmp_path: Path
) -> None:
    # Given a tab in the middle of work that does not end by itself
    tab = new_tab(at=cable.url).participate()
    life = server.present()[tab.name]["life"]
    done = script(LASTING)
    server.until_in_the_middle()
    # When its connection is cut, and each time it works again, once more
    for _ in range(3):
        assert done.alive
        cable.cut()
        tab.until("away")
        tab.until("waiting", "computing")
        server.until_more()
    (tmp_path / "enough").touch()
    # Then every value is right, by one life, and no piece was computed a second time
    assert done.output(120) == "the same\n"
    assert server.present()[tab.name]["life"] == life
    counted_once(server, tab)
    assert tab.computed_ops() == server.graph()["computed_ops"]


@pytest.mark.long
def test_a_server_that_is_restarted_under_a_computing_tab_gets_every_value_once(
    server: Server, new_tab: NewTab, script: Start, tmp_path: Path
) -> None:
    # Given a tab in the middle of work that does not end by itself
    tab = new_tab().participate()
    done = script(LASTING)
    server.until_in_the_middle()
    # When the server is killed, and later told to stop, and comes back each time
    for end in (server.kill, server.stop):
        tab.until("computing")
        end()
        tab.until("away")
        server.restart()
        server.until_more()
    (tmp_path / "enough").touch()
    # Then every value is exactly right, and each op counts once
    assert done.output(120) == "the same\n"
    counted_once(server, tab)
    assert tab.computed_ops() == server.graph()["computed_ops"]


def counted_once(server: Server, tab: Tab) -> None:
    """Each op of the graph is computed, once; and the page shows what the server has from it."""
    graph = server.graph()
    assert graph["state"] == "computed" and graph["computed_ops"] == graph["total_ops"]
    shown = lambda: int(tab.text("#ops").replace(",", ""))  # noqa: E731
    until(lambda: shown() >= tab.computed_ops(), "the page shows all its ops")


#: 40 MB to the tab, and 40 MB back
LARGE = """
    import numpy as np
    import ravop as R

    x = np.random.default_rng(1).normal(size=5_000_000)
    print(np.array_equal((R.t(x) * 2)(timeout=50), 2 * x))
"""


@pytest.mark.long
@pytest.mark.parametrize("after_bytes", [20_000_000, 60_000_000], ids=["down", "up"])
def test_a_transfer_that_is_cut_begins_again_and_is_no_refusal(
    cable: Cable, new_tab: NewTab, script: Start, after_bytes: int
) -> None:
    tab = new_tab(at=cable.url).participate()
    cable.stumble(after_bytes, cable.cut)
    assert script(LARGE).output() == "True\n"
    assert "the connection to the server is lost" in tab.notes()
    assert "cannot be computed here" not in tab.notes()


@pytest.mark.long
@pytest.mark.parametrize("after_bytes", [20_000_000, 60_000_000], ids=["down", "up"])
def test_a_transfer_over_a_line_that_fell_silent_is_given_up_and_made_anew(
    cable: Cable, new_tab: NewTab, script: Start, after_bytes: int
) -> None:
    # Given a tab whose page is long loaded: of that no connection is open any more
    tab = new_tab(at=cable.url).participate()
    cable.cut()
    tab.until("away")
    tab.until("waiting")
    # When the line falls silent in the middle of an array, then it is sent again over a new connection
    cable.stumble(after_bytes, cable.reroute)
    assert script(LARGE).output() == "True\n"
    assert tab.notes().count("the connection to the server is lost") == 2


@pytest.mark.long
def test_a_device_that_slept_joins_again_and_computes_again(
    device: Device, server: Server, contributor: Callable[..., Contributor], script: Start
) -> None:
    # Given a tab in the middle of a graph
    tab = Tab(device, server).open().participate()
    name = tab.name
    done = script(SUMS)
    server.until_in_the_middle()
    until(tab.computed_ops, "the tab has done a part")
    # When the lid is closed for longer than a lease
    with device.asleep():
        until(lambda: name not in server.present(), "the server has let go of the tab", 3 * LEASE_S)
        # Then somebody else ends the work
        ann = contributor("ann")
        assert done.output(120) == "the same\n"
        assert server.computed_ops("ann") > 0
        ann.kill()
    # And when it is opened, the tab finds that it was forgotten, joins anew and computes
    until(lambda: name in server.present(), "the tab is back")
    assert "the server has forgotten this tab" in tab.notes()
    before = tab.computed_ops()
    assert script(A_SUM).output() == "55\n"
    assert tab.computed_ops() > before
    assert not tab.troubles
