"""A contributor that fails where others do not is told that it gets no more work, and why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from contributors import ScriptedContributor

import ravop as R
from ravspec import messages
from ravspec.codec import split


def broken(contributor: ScriptedContributor, frame: bytes) -> bytes:
    """Refuse, whatever was asked."""
    number = messages.decode_header(split(frame)[0], messages.FromContributor).assignment
    return messages.encode(messages.Refuse(contributor.life, number, "the disk is full"))


def test_who_fails_at_what_others_compute_is_told_why_it_gets_no_more_work(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any
) -> None:
    bad = contributor("bad", dict.fromkeys(range(50), broken))

    def nearly_barred(d: Any) -> None:
        d.scheduler.ledger.lives[bad.life].faults = d.scheduler.settings.max_faults - 1

    server.call(nearly_barred)
    value = R.arange(3) + 1
    asking = threading.Thread(target=value)
    asking.start()
    assert bad.assigned.wait(10)
    contributor("good")
    asking.join(20)
    assert value().tolist() == [1, 2, 3]
    assert bad.told.wait(10)
    (said,) = bad.errors
    assert "computed by others" in said and "the disk is full" in said
