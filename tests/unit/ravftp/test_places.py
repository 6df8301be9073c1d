"""Paths: whatever a user writes, it names one of four kinds of places or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravftp.places import Kind, Place, absolute, place_of

A, UP = "a" * 64, "0f" * 16


@pytest.mark.parametrize(
    ("folder", "path", "place"),
    [
        ("/", "/", Place(Kind.ROOT)),
        ("/up", "..", Place(Kind.ROOT)),
        ("/", "../../..", Place(Kind.ROOT)),
        ("/", f"/{A}", Place(Kind.ARRAY, A)),
        ("/", A, Place(Kind.ARRAY, A)),
        ("/up", f"../{A}", Place(Kind.ARRAY, A)),
        ("/", f"//up/.././{A}", Place(Kind.ARRAY, A)),
        ("/", "up", Place(Kind.UPLOADS)),
        ("/", "//up/", Place(Kind.UPLOADS)),
        ("/up", UP, Place(Kind.UPLOAD, UP)),
        ("/", f"/up/{UP}", Place(Kind.UPLOAD, UP)),
        ("/", "/etc/passwd", None),
        ("/", f"/{A.upper()}", None),
        ("/", f"/{A}\n", None),
        ("/", f"/{A}/", Place(Kind.ARRAY, A)),
        ("/", f"/{A}/x", None),
        ("/", f"/up/{UP}/..", Place(Kind.UPLOADS)),
        ("/", f"/up/{A}", None),
        ("/", f"/{UP}", None),
        ("/", f"/up/{UP}\0", None),
        ("/", f"\\{A}", None),
        ("/", "partial-" + UP, None),
        ("/", "/" + "x" * 5000, None),
        ("/", "", Place(Kind.ROOT)),
    ],
)
def test_a_path_names_a_place_or_nothing(folder: str, path: str, place: Place | None) -> None:
    assert place_of(absolute(path, folder)) == place


PARTS = st.sampled_from(["..", ".", "", "up", A, UP, "etc", "~", "C:", "\0", "\\..\\", "..\n", "partial-x"])
PATHS = st.one_of(st.text(), st.lists(PARTS, max_size=8).map("/".join), st.text("./up0af~\\", max_size=40))


@given(PATHS, st.sampled_from(["/", "/up"]))
def test_no_path_leads_out(path: str, folder: str) -> None:
    """What a place gives to the disk is a name of hex digits, so no path can mean anything else there."""
    whole = absolute(path, folder)
    assert whole.startswith("/") and ".." not in whole.split("/")
    place = place_of(whole)
    if place is not None:
        assert set(place.name) <= set("0123456789abcdef")
        assert len(place.name) == {Kind.ARRAY: 64, Kind.UPLOAD: 32}.get(place.kind, 0)


@given(PATHS)
def test_making_a_path_absolute_twice_changes_nothing(path: str) -> None:
    once = absolute(path, "/up")
    assert absolute(once, "/") == once
