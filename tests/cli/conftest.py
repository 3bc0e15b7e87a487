from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lma.cli.main import run
from tests.client.scripted_server import ScriptedServer


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


Lma = Callable[..., Ran]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer().running() as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment in which nothing of this machine's user has a say; returns the state folder."""
    for name in ("LMA_URL", "LMA_TOKEN", "XDG_STATE_HOME", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "LMA_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LMA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")
    return tmp_path / "state"


@pytest.fixture
def lma(server: ScriptedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lma:
    """Run one command line in this process, against the scripted server."""
    monkeypatch.setenv("LMA_URL", server.url)

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call
