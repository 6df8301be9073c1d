"""What a developer and an address may have: the accounts as a whole, and the buckets against a slow clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravsock.config import Config, read_config
from ravsock.gate import Gate
from ravsock.limits import BURST, Accounts, Buckets, Limit
from ravspec.errors import ConfigError


def test_a_developer_has_so_many_unfinished_graphs_and_no_more() -> None:
    accounts = Accounts(Config(developer_graphs=2))
    for graph in (1, 2):
        accounts.check_graph("anna")
        accounts.enter(graph, "anna", 0)
    with pytest.raises(Limit, match=r"2 graphs of yours.*RAVSOCK_DEVELOPER_GRAPHS") as raised:
        accounts.check_graph("anna")
    assert raised.value.status == 429
    accounts.check_graph("ben")
    accounts.leave(1)
    accounts.check_graph("anna")


def test_ops_are_counted_by_graph_and_by_developer() -> None:
    accounts = Accounts(Config(graph_ops=100, developer_ops=150))
    accounts.enter(1, "anna", 100)
    with pytest.raises(Limit, match=r"would have 101 ops.*RAVSOCK_GRAPH_OPS"):
        accounts.check_ops("anna", 100, 1)
    accounts.check_ops("anna", 0, 50)
    with pytest.raises(Limit, match=r"would have 151 ops.*RAVSOCK_DEVELOPER_OPS"):
        accounts.check_ops("anna", 0, 51)
    accounts.check_ops("ben", 0, 100)


def test_bytes_are_counted_by_graph_and_by_developer() -> None:
    accounts = Accounts(Config(graph_bytes=100, developer_bytes=150))
    accounts.of("anna").bytes = 100
    with pytest.raises(Limit, match="RAVSOCK_GRAPH_BYTES"):
        accounts.check_graph_bytes(100, 1)
    with pytest.raises(Limit, match="RAVSOCK_DEVELOPER_BYTES"):
        accounts.check_bytes("anna", 51)
    accounts.check_bytes("anna", 50)


def test_nothing_is_limited_by_0() -> None:
    off = dict.fromkeys(
        ("graph_ops", "developer_ops", "graph_bytes", "developer_bytes", "developer_graphs"), 0
    )
    accounts = Accounts(Config(**off))
    accounts.check_graph("anna")
    accounts.check_ops("anna", 10**12, 10**12)
    accounts.check_bytes("anna", 10**18)
    accounts.check_graph_bytes(10**18, 10**18)
    assert all(Buckets(0).take("x", 0.0) for _ in range(1000))
    assert all(Gate(0).enter("192.0.2.1") for _ in range(1000))


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["enter", "leave"]), st.integers(0, 9))))
def test_the_accounts_are_the_sums_over_the_graphs(steps: list[tuple[int, str, int]]) -> None:
    accounts, graphs = Accounts(Config()), {}
    for graph, step, ops in steps:
        developer = "anna" if graph % 2 else "ben"
        if step == "enter":
            graphs[graph] = ops
            accounts.enter(graph, developer, ops)
        else:
            graphs.pop(graph, None)
            accounts.leave(graph)
    for developer, odd in (("anna", 1), ("ben", 0)):
        mine = [ops for graph, ops in graphs.items() if graph % 2 == odd]
        account = accounts.of(developer)
        assert (account.graphs, account.ops) == (len(mine), sum(mine))


def test_a_burst_of_requests_is_let_through_and_then_so_many_a_second() -> None:
    buckets = Buckets(10.0)
    assert sum(buckets.take("192.0.2.1", 0.0) for _ in range(1000)) == 10 * BURST
    assert buckets.take("192.0.2.2", 0.0)
    assert sum(buckets.take("192.0.2.1", 1.0) for _ in range(1000)) == 10
    assert sum(buckets.take("192.0.2.1", 100.0) for _ in range(1000)) == 10 * BURST


def test_connections_are_counted_by_address_but_not_this_machines() -> None:
    gate = Gate(2)
    assert [gate.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert gate.enter("192.0.2.2")
    assert all(gate.enter(address) for address in ("127.0.0.1", "::1") for _ in range(10))
    gate.leave("192.0.2.1")
    assert gate.enter("192.0.2.1")
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "127.0.0.1"):
        gate.leave(address)
    assert not gate.connections


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RAVSOCK_GRAPH_OPS", "-1"),
        ("RAVSOCK_GRAPH_OPS", "many"),
        ("RAVSOCK_IDLE_S", "inf"),
        ("RAVSOCK_MIN_BPS", "nan"),
    ],
)
def test_a_limit_that_is_no_number_is_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        read_config({}, {variable: value})
    assert read_config({}, {"RAVSOCK_GRAPH_OPS": "5"}).graph_ops == 5
