"""How far a file has been read is shown on a terminal, and nowhere else."""

from __future__ import annotations

import io

import pytest

from ravpy.reading import Reading


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO, shares: list[float], seconds: float) -> str:
    """What is written when these shares are reached, one in so many seconds."""
    now = [0.0]
    reading = Reading("a.csv", out, lambda: now[0])
    for share in shares:
        now[0] += seconds
        reading(share)
    reading.done()
    return out.getvalue()


def test_a_long_file_says_how_far_it_is_and_leaves_an_empty_line() -> None:
    text = shown(Terminal(), [0.004, 0.5, 1.02], 1.0)
    assert text.split("\r") == [
        "",
        "reading a.csv: 0%",
        "reading a.csv: 50%",
        "reading a.csv: 100%",
        " " * 19,
        "",
    ]


def test_not_more_often_than_twice_a_second() -> None:
    assert shown(Terminal(), [i / 100 for i in range(100)], 0.125).count("reading") == 24


@pytest.mark.parametrize(("out", "seconds"), [(io.StringIO(), 1.0), (Terminal(), 0.09)])
def test_nothing_is_written_where_nobody_looks_or_of_what_is_short(out: io.StringIO, seconds: float) -> None:
    assert shown(out, [0.1] * 11, seconds) == ""
