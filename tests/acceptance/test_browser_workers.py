"""Computing workers of a tab that run out of memory or hang: they are replaced, and the graph ends right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browsers import A_SUM, HANG, SUMS, computing_worker
from system.browser import Tab
from system.processes import Contributor, Script, Server, until

NewTab = Callable[..., Tab]
Start = Callable[..., Script]

#: a few arrays of 32 MB at once; exact, so that the script knows the values
LARGE = """
    import ravop as R

    n = 4_000_000
    parts = [R.arange(n) + k for k in range(5)]
    wanted = parts[0]
    for part in parts[1:]:
        wanted = R.sort(wanted + part)
    print(int(wanted.sum()(timeout=100)) == 5 * n * (n - 1) // 2 + 10 * n)
"""
#: to a device that has no more memory to give
FULL = "void (WebAssembly.Memory.prototype.grow = () => { throw new RangeError('no more memory'); })"


@pytest.mark.long
def test_a_tab_out_of_memory_says_so_and_computes_the_work_with_a_new_worker(
    server: Server, new_tab: NewTab, script: Start
) -> None:
    # Given a tab whose memory cannot grow
    tab = new_tab().participate()
    worker = computing_worker(tab)
    worker.evaluate(FULL)
    # When it is given what needs more
    done = script(LARGE)
    # Then the page says so in plain words, and what to do
    until(lambda: "needed more memory than this browser has left" in tab.text("#reason"), "the reason", 100)
    assert "choose fewer cores" in tab.text("#reason")
    tab.picture("out-of-memory")
    # And with a new worker's room the graph ends right; NumPy's own words are in the log
    assert done.output(120) == "True\n"
    assert "a piece cannot be computed here: out of memory: Unable to allocate" in tab.notes()
    assert "the computing worker stopped: out of memory: Unable to allocate" in tab.notes()
    assert computing_worker(tab) != worker
    assert server.graph()["state"] == "computed"
    until(lambda: not tab.page.is_visible("#reason"), "what is over is no longer told")
    tab.page.locator("#log-card summary").click()
    tab.picture("out-of-memory-log")


@pytest.mark.long
def test_what_no_tab_has_room_for_waits_with_the_reason_for_somebody_who_has(
    server: Server, new_tab: NewTab, contributor: Callable[..., Contributor], script: Start
) -> None:
    # Given a tab, which gives a gigabyte, and an op that needs more than half of it
    tab = new_tab().participate()
    done = script("""
        import ravop as R

        print(int((R.arange(40_000_000) % 7)[39_999_999]()))
    """)
    # Then nobody computes it, and the developer can read why
    reason = until(lambda: "needs" in (why := server.graph().get("waits_for", "")) and why, "the reason")
    assert reason == f"op 1 needs 640 MB and the largest contributor, {tab.name}, gives 537 MB of its 1.07 GB"
    # And who has the room does it
    contributor("ann")
    assert done.output() == f"{39_999_999 % 7}\n"
    assert server.computed_ops("ann") > 0


@pytest.mark.long
def test_a_worker_that_hangs_is_replaced_when_its_time_is_over(
    server: Server, new_tab: NewTab, contributor: Callable[..., Contributor], script: Start
) -> None:
    # Given a tab and a contributor in the middle of a graph
    tab = new_tab().participate()
    life = server.present()[tab.name]["life"]
    ann = contributor("ann")
    done = script(SUMS)
    server.until_in_the_middle()
    # When the tab's worker hangs, then the graph ends right by the other
    computing_worker(tab).evaluate(HANG)
    assert done.output(120) == "the same\n"
    # And the tab finds out, says so, joins with a new worker and computes
    until(lambda: server.present().get(tab.name, {}).get("life", life) != life, "the tab joins anew")
    assert "the computing worker stopped: it did not answer in time" in tab.notes()
    ann.kill()
    before = tab.computed_ops()
    assert script(A_SUM).output() == "55\n"
    assert tab.computed_ops() > before


@pytest.mark.long
def test_workers_of_a_tab_fetch_a_large_array_once(server: Server, new_tab: NewTab, script: Start) -> None:
    tab = new_tab()
    tab.choose("cores", 2)
    tab.participate()
    names = {tab.name, f"{tab.name}-2"}
    until(lambda: set(server.present()) == names, "both workers are at the server")
    done = script("""
        import numpy as np
        import ravop as R

        x = np.random.default_rng(1).integers(0, 1000, 1_000_000)
        given = R.t(x)
        values = R.fetch(*[R.sort(given * k)[k] for k in range(1, 60)], timeout=100)
        print([int(v) for v in values] == [int(np.sort(x * k)[k]) for k in range(1, 60)])
    """)
    assert done.output(120) == "True\n"
    assert all(server.computed_ops(name) > 0 for name in names)
    # its 8 MB came once, for both
    until(lambda: "MB" in (shown := tab.text("#got")) and 8 <= float(shown.split()[0]) < 9, "8 MB are shown")
