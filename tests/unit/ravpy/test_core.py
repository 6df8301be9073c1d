"""The contributor's core, without socket, child or clock: what it does with every message, in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravpy import core
from ravpy.core import (
    Acknowledged,
    ChildDied,
    Compute,
    Computed,
    Connected,
    Core,
    Finish,
    NewChild,
    Received,
    Renew,
    Send,
)
from ravspec import messages
from ravspec.codec import column


def hello(life: str = "life") -> messages.Hello:
    return messages.Hello(life, "name", 1.0, 1, 1, 1.0, 1.0, 0.0, "class", {})


def welcome(fresh: bool = True) -> Received:
    return Received(messages.encode(messages.Welcome(fresh, 10.0, 3.0, 1 << 20)))


def assign(number: int, n_ops: int = 2) -> Received:
    message = messages.Assign(number, 1, 5.0, [("add", {})], [], [])
    return Received(messages.encode(message, [column(np.arange(n_ops), "int32")]))


def result(number: int, life: str = "life") -> Computed:
    return Computed(messages.encode(messages.Result(life, number, 0.1, [])))


def joined() -> Core:
    one = Core(hello())
    one.handle(Connected())
    one.handle(welcome())
    return one


def of(actions: list[core.Action], kind: type[Any]) -> list[Any]:
    return [action for action in actions if isinstance(action, kind)]


def names(actions: list[core.Action]) -> list[str]:
    return [send.name for send in of(actions, Send)]


def test_it_says_hello_then_starts_a_child_and_beats_as_it_is_told() -> None:
    one = Core(hello())
    assert names(one.handle(Connected())) == ["hello"]
    beats, child = one.handle(welcome())
    assert (beats, child) == (core.Heartbeats(3.0), NewChild("life"))
    assert names(one.handle(core.Beat())) == ["heartbeat"]


def test_assignments_are_computed_one_at_a_time_in_order() -> None:
    one = joined()
    (compute,) = of(one.handle(assign(1)), Compute)
    assert compute.patience_s == 30, "twice the deadline of 5 s, and what a server needs to come back"
    assert of(one.handle(assign(2)), Compute) == []
    actions = one.handle(result(1))
    assert names(actions) == ["result"]
    assert len(of(actions, Compute)) == 1
    assert (one.tally.assignments, one.tally.ops) == (1, 2)


def test_an_assignment_that_comes_twice_is_computed_once() -> None:
    one = joined()
    one.handle(assign(1))
    assert one.handle(assign(1)) == []
    one.handle(result(1))
    assert one.handle(assign(1)) == []  # computed, not acknowledged yet


def test_a_result_is_sent_again_after_a_reconnection_until_it_is_acknowledged() -> None:
    one = joined()
    one.handle(assign(1))
    one.handle(result(1))
    assert names(one.handle(Connected())) == ["hello"]
    assert names(one.handle(welcome(fresh=False))) == ["result"]
    one.handle(Acknowledged(1))
    assert names(one.handle(welcome(fresh=False))) == []
    assert one.idle


def test_a_void_assignment_is_dropped_whether_it_waits_computes_or_is_done() -> None:
    void = {n: Received(messages.encode(messages.Void(n, "late"))) for n in (1, 2)}
    one = joined()
    one.handle(assign(1))
    one.handle(assign(2))
    one.handle(void[2])
    one.handle(void[1])
    # an answer all the same, without which the server gives nothing more
    (over,) = of(one.handle(result(1)), Send)
    assert (over.name, over.assignment) == ("refuse", None)
    assert one.idle
    one.handle(assign(1))
    one.handle(result(1))
    one.handle(void[1])
    assert one.idle


def test_a_server_that_knows_nothing_of_the_life_gets_a_clean_start() -> None:
    one = joined()
    one.handle(assign(1))
    one.handle(assign(2))
    assert of(one.handle(welcome(fresh=True)), NewChild) == [NewChild("life")]


def test_every_child_of_a_life_gets_the_life_s_account() -> None:
    one = Core(hello())
    grant = messages.FtpGrant(2121, "user", "password")
    fresh = messages.encode(messages.Welcome(True, 10.0, 3.0, 1 << 20, grant))
    assert of(one.handle(Received(fresh)), NewChild) == [NewChild("life", grant)]
    assert of(one.handle(ChildDied("killed")), NewChild) == [NewChild("life", grant)]
    assert of(one.handle(welcome(fresh=True)), NewChild) == [NewChild("life")]
    assert one.idle
    assert one.handle(result(1)) == []  # of the child before


def test_a_server_that_was_started_anew_gives_the_life_another_account_and_no_other_child() -> None:
    one = Core(hello())
    before, after = (messages.FtpGrant(2121, user, "password") for user in ("old", "new"))
    fresh, back, again = (
        Received(messages.encode(messages.Welcome(is_fresh, 10.0, 3.0, 1 << 20, grant)))
        for is_fresh, grant in ((True, before), (False, after), (False, after))
    )
    one.handle(fresh)
    one.handle(assign(1))
    actions = one.handle(back)
    assert of(actions, Renew) == [Renew(after)] and not of(actions, NewChild)
    assert of(one.handle(again), Renew) == []
    assert names(one.handle(result(1))) == ["result"]
    assert of(one.handle(ChildDied("killed")), NewChild) == [NewChild("life", after)]


def test_a_life_that_was_lost_joins_anew_under_another_id() -> None:
    one = joined()
    one.handle(assign(1))
    actions = one.handle(Received(messages.encode(messages.Unknown("life", "silent"))))
    assert names(actions) == ["hello"]
    assert one.life != "life"
    assert one.handle(result(1)) == []


def test_the_death_of_the_child_is_told_and_costs_its_assignments_only() -> None:
    one = joined()
    one.handle(assign(1))
    one.handle(assign(2))
    actions = one.handle(ChildDied("killed"))
    assert names(actions) == ["crash"]
    assert of(actions, NewChild) == [NewChild("life")]
    assert one.idle
    assert len(of(one.handle(assign(3)), Compute)) == 1


def test_news_that_it_did_not_ask_for_is_no_error_and_changes_nothing() -> None:
    one = joined()
    one.handle(assign(1))
    news = messages.News(2, [messages.GraphNews(1, "a sky", 4, 2, 0)])
    assert one.handle(Received(messages.encode(news))) == []
    assert names(one.handle(result(1))) == ["result"]


def test_leaving_waits_for_the_piece_and_its_acknowledgement() -> None:
    one = joined()
    one.handle(assign(1))
    one.handle(assign(2))
    assert one.handle(Finish()) == []
    actions = one.handle(result(1))
    assert names(actions) == ["result"] and not of(actions, Compute)
    actions = one.handle(Acknowledged(1))
    assert names(actions) == ["bye"] and of(actions, core.Stop)


def test_a_refusal_is_sent_on_and_shown() -> None:
    one = joined()
    one.handle(assign(1))
    actions = one.handle(Computed(messages.encode(messages.Refuse("life", 1, "out of memory"))))
    assert names(actions) == ["refuse"]
    assert "out of memory" in of(actions, core.Tell)[0].text


events = st.one_of(
    st.builds(assign, st.integers(1, 4)),
    st.builds(result, st.integers(1, 4)),
    st.builds(Acknowledged, st.integers(1, 4)),
    st.just(Connected()),
    st.builds(welcome, st.booleans()),
    st.builds(lambda n: Received(messages.encode(messages.Void(n, "x"))), st.integers(1, 4)),
    st.just(Received(messages.encode(messages.Unknown("life", "x")))),
    st.just(ChildDied("x")),
    st.just(core.Beat()),
)


@given(st.lists(events, max_size=40))
def test_whatever_comes_in_whatever_order_the_child_has_one_assignment_at_most(
    story: list[core.Event],
) -> None:
    one = joined()
    computing = 0
    for event in story:
        before = one._running
        actions = one.handle(event)
        answered = isinstance(event, Computed) and before != one._running
        if of(actions, NewChild) or one._running is None or answered:
            computing = 0
        computing += len(of(actions, Compute))
        assert computing <= 1
        assert (one._running is not None) == (computing == 1) or one._running == before
        assert all(send.assignment in one._unacknowledged for send in of(actions, Send) if send.assignment)


@pytest.mark.parametrize("code", [3, -9, -11])
def test_the_childs_end_is_put_in_words(code: int) -> None:
    from ravpy.child import death

    assert {3: "code 3", -9: "SIGKILL", -11: "SIGSEGV"}[code] in death(code)
