"""What an operator gets wrong: one message with place, cause and remedy, exit code 1, nothing touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lma.service.command import run
from lma.service.config import ServiceConfig, default_state_dir, load_service_config
from query.model.errors import ConfigError


@pytest.fixture(autouse=True)
def _own_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("untouched_logging")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("listen: 127.0.0.1:0\nlisten_on: x\n", "lma.yaml:2: unknown key 'listen_on'"),
        ("log:\n  level: loud\n", "lma.yaml:2: log.level"),
        ("queries: [open]\n", "lma.yaml:1: queries"),
        ("listen: 0.0.0.0:0\n", "queries: {auth: open}"),
        ("listen: [\n", "lma.yaml:3:1: not YAML"),
        ("drain_s: 0\n", "lma.yaml:1: drain_s"),
        ("partition_label: 1x\n", "lma.yaml:1: partition_label"),
        ("database_url: postgresql://u:secret@db/lma\n", "'postgresql'"),
        ("database_url: /just/a/path\n", "no database URL"),
        ("state_dir: /dev/null/x\n", "state directory"),
    ],
)
def test_a_mistake_in_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    config = tmp_path / "lma.yaml"
    config.write_text(text if "state_dir" in text else f"{text}state_dir: {tmp_path / 'state'}\n")
    code = run(config, None if "listen:" in text else "127.0.0.1:0", None, reset_admin_token=False)
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    message = err.splitlines()[-1]
    assert message.startswith("lma serve: ")
    assert told in err
    assert "Traceback" not in err
    assert "secret" not in err


@pytest.mark.usefixtures("untouched_logging")
def test_a_damaged_database_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = b"no database" * 1000
    (tmp_path / "lma.db").write_bytes(damaged)
    assert run(None, "127.0.0.1:0", tmp_path, reset_admin_token=False) == 1
    err = capsys.readouterr().err
    assert "restore a backup" in err
    assert "Traceback" not in err
    assert (tmp_path / "lma.db").read_bytes() == damaged


@pytest.mark.usefixtures("untouched_logging")
def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "absent.yaml", None, None, reset_admin_token=False) == 1
    assert "absent.yaml: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("listen", ["", "9090", "localhost", "127.0.0.1:port", "127.0.0.1:70000"])
def test_a_flag_is_named_in_its_refusal(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"--listen: .*host:port"):
        load_service_config(None, listen=listen, state_dir=None)


@pytest.mark.parametrize("listen", ["127.0.0.1:9090", "localhost:9090", "[::1]:9090"])
def test_queries_are_open_to_this_machine(listen: str) -> None:
    assert load_service_config(None, listen=listen, state_dir=None).effective_query_auth() == "open"


@pytest.mark.parametrize("listen", ["0.0.0.0:9090", "[::]:9090", "10.1.2.3:9090", "lma.example:9090"])
def test_queries_are_opened_to_others_only_in_so_many_words(tmp_path: Path, listen: str) -> None:
    with pytest.raises(ConfigError, match=r"queries: \{auth: token\}"):
        load_service_config(None, listen=listen, state_dir=None).effective_query_auth()
    config = tmp_path / "lma.yaml"
    for mode in ("open", "token"):
        config.write_text(f"queries: {{auth: {mode}}}\n")
        assert load_service_config(config, listen=listen, state_dir=None).effective_query_auth() == mode


def test_the_state_directory_follows_the_xdg_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert default_state_dir() == Path("/home/op/.local/state/lma-federation")
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert default_state_dir() == Path("/home/op/.local/state/lma-federation")
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert default_state_dir() == Path("/var/state/lma-federation")


def test_a_user_without_a_home_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 54_321)
    assert default_state_dir() == Path("/var/lib/lma-federation")
    with pytest.raises(ConfigError, match="absolute path"):
        load_service_config(None, listen=None, state_dir=Path("~/lma"))


def test_a_home_in_the_state_directory_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    assert load_service_config(None, listen=None, state_dir=Path("~/lma")).state_dir == Path("/home/op/lma")


def test_defaults_are_what_the_documentation_says() -> None:
    config = ServiceConfig()
    assert (config.listen, config.partition_label, config.drain_s) == ("127.0.0.1:9090", "cluster", 10)
    assert (config.log.format, config.log.level, config.queries.auth) == ("auto", "info", None)
