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
    [
        ("RAVSOCK_PORT", "x"),
        ("RAVSOCK_PORT", "70000"),
        ("LEASE_S", "0"),
        ("LEASE_S", "y"),
        ("RAVFTP_PORT", "-1"),
        ("RAVFTP_PASSIVE_PORTS", "60100-60000"),
        ("RAVFTP_PASSIVE_PORTS", "many"),
        ("RAVFTP_QUOTA_BYTES", "-1"),
        ("RAVFTP_IDLE_S", "0"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable}='{value}'"):
        read_config({}, {variable: value})


def test_ftp_has_settings_and_a_flag_that_leaves_it_out() -> None:
    environment = {
        "RAVFTP_PORT": "0",
        "RAVFTP_PASSIVE_PORTS": "60000-60100",
        "RAVFTP_MASQUERADE": "example.org",
    }
    config = read_config({"ftp": None, "ftp_port": None}, environment)
    assert (config.ftp, config.ftp_port, config.ftp_passive_ports) == (True, 0, (60000, 60100))
    assert config.ftp_masquerade == "example.org"
    assert read_config({"ftp": False}, {}).ftp is False
    assert read_config({}, {"RAVFTP_PASSIVE_PORTS": "60000"}).ftp_passive_ports == (60000, 60000)


def test_developers_choose_the_transport_by_name() -> None:
    assert from_environment({}).transport == "auto"
    assert from_environment({"RAV_TRANSPORT": "http"}).transport == "http"
    with pytest.raises(ConfigError, match="RAV_TRANSPORT='pigeon' is none of auto, ftp, http"):
        from_environment({"RAV_TRANSPORT": "pigeon"})


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
