"""The commands that start programs: what they hand over, and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Lma
from tests.cli.terminal import terminal

GATEWAY = """
listen: 127.0.0.1:0
clusters:
  - name: seoul
    metrics: {url: http://127.0.0.1:9101}
"""


def test_a_gateway_file_is_checked(lma: Lma, tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY, encoding="utf-8")
    ran = lma("gateway", "--config", str(path), "--check")
    assert (ran.code, ran.err) == (0, "")
    assert "1 cluster" in ran.out


@pytest.mark.parametrize("text", ["clusters: {", "nonsense: 1", "clusters: [{name: a}, {name: a}]"])
def test_a_gateway_file_that_is_wrong_is_told(lma: Lma, tmp_path: Path, text: str) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    ran = lma("gateway", "--config", str(path))
    assert ran.code != 0
    assert str(path) in ran.err
    assert "Traceback" not in ran.err


def test_a_gateway_runs_until_it_is_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY, encoding="utf-8")
    with terminal("gateway", "--config", str(path), "--listen", "127.0.0.1:0") as screen:
        screen.read_until("127.0.0.1:")
        screen.interrupt()
        assert screen.end() in {0, 130}
    assert "Traceback" not in screen.plain


def test_the_service_keeps_a_token_that_the_other_commands_find(tmp_path: Path, lma: Lma) -> None:
    state = tmp_path / "state"
    with terminal("serve", "--listen", "127.0.0.1:0", "--state-dir", str(state), LMA_STATE_DIR="") as screen:
        found = screen.read_match(r"listening.*url=(http://127\.0\.0\.1:\d+)\s")
        url = found[1]
        assert (state / "admin-token").is_file()
        assert lma("cluster", "list", "--url", url).code == 0
        assert lma("cluster", "list", "--url", url, "--token", "wrong").code == 1
        assert lma("doctor", "--url", url, "-o", "json").out.count(f"{url} is ready") == 1
        screen.interrupt()
        assert screen.end() in {0, 130}
    assert "Traceback" not in screen.plain


def test_the_demo_gets_what_was_asked_for(lma: Lma, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[dict[str, object]] = []

    def recorded(**options: object) -> int:
        calls.append(options)
        return 3

    monkeypatch.setattr("lma.demo.command.run", recorded)
    assert lma("demo", "--check", "--port", "0", "--keep", "--state-dir", str(tmp_path)).code == 3
    assert lma("demo").code == 3
    assert calls == [
        {"check": True, "port": 0, "state_dir": tmp_path, "keep": True},
        {"check": False, "port": None, "state_dir": None, "keep": False},
    ]
    assert lma("demo", "--port", "70000").code == 2
