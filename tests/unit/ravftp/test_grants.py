"""The grants: who logs in, reads what, and how much fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravftp.grants import FILE_BYTES, MAX_UPLOADS, Grants, password_hash
from ravspec.errors import ConfigError

A, B = "a" * 64, "b" * 64
UP = "0" * 32


@pytest.fixture
def grants() -> Grants:
    table = Grants()
    table.add("ann", password_hash("secret"), 10_000, [A])
    return table


def test_only_the_right_password_of_a_live_grant_logs_in(grants: Grants) -> None:
    assert grants.logs_in("ann", "secret", 0)
    assert not grants.logs_in("ann", "wrong", 0)
    assert not grants.logs_in("ann", "", 0)
    assert not grants.logs_in("bob", "secret", 0)
    grants.revoke("ann")
    assert not grants.logs_in("ann", "secret", 0)


def test_the_password_itself_is_not_kept(grants: Grants) -> None:
    assert "secret" not in repr(grants.get("ann"))


def test_a_user_reads_what_it_was_allowed_and_what_it_stored(grants: Grants) -> None:
    assert grants.may_read("ann", A) and not grants.may_read("ann", B)
    grants.allow("ann", [B])
    assert grants.may_read("ann", B)
    grants.disallow("ann", [A, B])
    assert not grants.may_read("ann", A) and not grants.may_read("ann", B)
    assert grants.excess("ann", UP, 7) == ""
    grants.stored("ann", UP, B)
    assert grants.may_read("ann", B)


def test_what_one_user_may_is_nothing_for_another(grants: Grants) -> None:
    grants.add("bob", password_hash("other"), 1)
    assert not grants.may_read("bob", A)
    grants.allow("bob", [B])
    assert not grants.may_read("ann", B)


def test_a_grant_may_read_everything(grants: Grants) -> None:
    grants.add("all", password_hash("x"), 1, reads_all=True)
    assert grants.may_read("all", B)


def test_nothing_happens_for_users_that_there_are_not(grants: Grants) -> None:
    grants.allow("bob", [A])
    grants.settle("bob", 5)
    grants.stored("bob", UP, A)
    grants.seen("bob", 1)
    assert not grants.may_read("bob", A)
    assert "revoked" in grants.excess("bob", UP, 0)


def test_the_quota_counts_uploads_and_what_is_stored_and_not_in_use(grants: Grants) -> None:
    assert grants.excess("ann", UP, 6_000) == ""
    assert "do not fit" in grants.excess("ann", "1" * 32, 4_001)
    assert grants.excess("ann", UP, 10_000) == "", "the same upload grows; its bytes count once"
    grants.stored("ann", UP, A)
    assert "10000 are taken" in grants.excess("ann", "1" * 32, 1)
    grants.settle("ann", 10_000)
    assert grants.excess("ann", "1" * 32, 10_000) == ""
    grants.dropped("ann", "1" * 32)
    assert grants.excess("ann", UP, 10_000) == ""


def test_many_small_things_count_too(grants: Grants) -> None:
    for i in range(MAX_UPLOADS):
        assert grants.excess("ann", f"{i:032x}", 0) == ""
    assert "unfinished uploads" in grants.excess("ann", "f" * 32, 0)
    grants.stored("ann", f"{0:032x}", A)
    grant = grants.get("ann")
    assert grant is not None and grant.stored_bytes == FILE_BYTES


def test_a_grant_expires_when_nothing_is_seen_of_its_user() -> None:
    grants = Grants()
    grants.add("stays", password_hash("x"), 1)
    assert grants.next_expiry() is None
    grants.add("goes", password_hash("x"), 1, idle_s=10, now=100)
    assert grants.next_expiry() == 110
    assert grants.expired(109.9) == []
    grants.seen("goes", 105)
    assert grants.expired(112) == []
    assert grants.logs_in("goes", "x", 108) and grants.next_expiry() == 118
    assert grants.expired(118) == ["goes"]


@pytest.mark.parametrize("user", ["", "../x", "a b", "ä", "a-b", "x" * 65, "a\n"])
def test_names_that_could_mean_something_in_a_path_are_refused(user: str) -> None:
    with pytest.raises(ConfigError, match="no name of a user"):
        Grants().add(user, password_hash("x"), 1)


def test_a_grant_with_a_bad_hash_or_quota_is_refused() -> None:
    with pytest.raises(ConfigError, match="SHA-256 of its password"):
        Grants().add("ann", "secret", 1)
    with pytest.raises(ConfigError, match="quota"):
        Grants().add("ann", password_hash("x"), -1)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["grow", "store", "drop", "settle"]),
        st.sampled_from([f"{i:032x}" for i in range(4)]),
        st.integers(0, 60_000),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_no_user_has_more_than_its_quota(steps: list[tuple[str, str, int]]) -> None:
    quota = 100_000
    table = Grants()
    table.add("ann", password_hash("x"), quota)
    grant = table.get("ann")
    assert grant is not None
    for what, upload, size in steps:
        before = grant.used_bytes
        match what:
            case "grow":
                if table.excess("ann", upload, size):
                    assert grant.used_bytes == before, "a refusal changes nothing"
                assert grant.used_bytes <= max(quota, before)
            case "store" if upload in grant.uploads:
                table.stored("ann", upload, A)
                assert before <= grant.used_bytes <= before + FILE_BYTES
            case "drop":
                table.dropped("ann", upload)
                assert grant.used_bytes <= before
            case "settle":
                table.settle("ann", size)
                assert 0 <= grant.used_bytes <= before
