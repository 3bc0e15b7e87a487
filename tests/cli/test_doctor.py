from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Lma
from tests.client.scripted_server import Reply, ScriptedServer


def test_every_part_has_a_line_and_the_service_one_too(server: ScriptedServer, lma: Lma) -> None:
    server.reply("/-/ready", Reply("ready", content_type="text/plain"))
    checks = json.loads(lma("doctor", "-o", "json").out)["checks"]
    found = {check["name"]: check for check in checks}
    assert {"python", "go", "prometheus", "promtool", "thanos", "loki", "logcli"} <= set(found)
    assert found["service (optional)"] == {
        "name": "service (optional)",
        "status": "ok",
        "detail": f"{server.url} is ready",
        "remedy": "",
    }


def test_something_required_that_is_missing_is_exit_code_1_with_a_remedy(
    server: ScriptedServer, lma: Lma, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.reply("/-/ready", Reply("no", 503, "text/plain"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LMA_CACHE_DIR", str(tmp_path))
    ran = lma("doctor")
    assert ran.code == 1
    rows = {line.split()[1]: line for line in ran.out.splitlines()}
    assert rows["go"].startswith("missing")
    assert "install" in rows["prometheus"]
    assert rows["service"].startswith("warn")
    assert "something required is missing" in ran.err


def test_a_service_that_is_not_there_does_not_make_a_machine_unfit(lma: Lma, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMA_URL", "http://127.0.0.1:1")
    answer = json.loads(lma("doctor", "-o", "json").out)
    required = [check["status"] for check in answer["checks"][:-1]]
    assert answer["checks"][-1]["status"] == "warn"
    assert answer["fit"] is not bool({"missing", "outdated"} & set(required))
