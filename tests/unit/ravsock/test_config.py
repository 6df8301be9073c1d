"""Settings: flags over the environment over the documented values; bad ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravop.config import from_environment
from ravpy.config import read_config as read_contributors_config
from ravsock.config import Config, is_loopback, read_config
from ravspec.errors import ConfigError


def test_flags_win_over_the_environment_and_that_over_the_defaults() -> None:
    environment = {"RAVSOCK_PORT": "1234", "RDF_DATA_DIR": "/data", "LEASE_S": "4", "RAVSOCK_ORIGINS": "a, b"}
    config = read_config({"port": "77", "host": None}, environment)
    assert config == Config(port=77, data_dir=Path("/data"), lease_s=4.0, origins=("a", "b"))
    assert config.heartbeat_s == 4 / 3
    assert read_config({}, {}) == Config()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("RAVSOCK_PORT", "x"), ("RAVSOCK_PORT", "70000"), ("LEASE_S", "0"), ("LEASE_S", "y")],
)
def test_a_bad_value_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable}='{value}'"):
        read_config({}, {variable: value})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "localhost", "::1", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.com", "::", "", "localhost.example.com"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("variable", ["RAVSOCK_URL", "RAVSOCK_SERVER_URL", "RAVENVERSE_URL"])
def test_clients_read_the_servers_address_under_rdfs_names_too(variable: str) -> None:
    environment = {variable: "http://host:1/", "RAV_TOKEN": "secret"}
    developer = from_environment(environment)
    contributor = read_contributors_config(environ=environment)
    assert developer.url == contributor.url == "http://host:1"
    assert developer.token == contributor.token == "secret"
