"""The hash of a file that grows: equal to that of the whole, however it came, or said not to be had."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravftp.filehash import FileHash


def told(one: FileHash) -> str:
    """The digest that `finish` tells."""
    digests: list[str] = []
    done = threading.Event()

    def tell(digest: str) -> None:
        digests.append(digest)
        done.set()

    one.finish(tell)
    assert done.wait(10)
    return digests[0]


@given(parts=st.lists(st.tuples(st.integers(0, 3_000_000), st.booleans()), max_size=6))
def test_the_digest_is_that_of_the_whole_however_the_file_grew(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, bool]]
) -> None:
    path = tmp_path_factory.mktemp("grows") / "file"
    path.touch()
    one, right, size = FileHash(path), hashlib.sha256(), 0
    for number, (n, pause) in enumerate(parts):
        block = bytes([number]) * n
        with open(path, "ab") as file:
            file.write(block)
        right.update(block)
        size += n
        one.grown(size)
        if pause:
            one.paused()
    assert told(one) == right.hexdigest()


def test_who_waits_for_a_file_that_is_forgotten_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 5_000_000)
    one = FileHash(path)
    one.grown(5_000_000)
    one.forget()
    assert told(one) == ""


def test_a_file_that_ends_before_it_should_or_is_gone_has_no_digest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    one = FileHash(path)
    one.grown(6)
    assert told(one) == ""
    gone = FileHash(tmp_path / "none")
    gone.grown(1)
    assert told(gone) == ""


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    one = FileHash(tmp_path / "link")
    one.grown(1)
    assert told(one) == ""
