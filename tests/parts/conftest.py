"""A machine of one's own: an empty cache, a PATH that holds what a test puts there."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

MakeProgram = Callable[[str, str], Path]


@dataclass(frozen=True, slots=True)
class Machine:
    """Folders that stand for a machine's PATH and cache."""

    path: Path
    cache: Path

    def install(self, name: str, script: str) -> Path:
        """Put a shell script on PATH."""
        program = self.path / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Point PATH and the cache into ``tmp_path``."""
    folders = Machine(path=tmp_path / "bin", cache=tmp_path / "cache")
    folders.path.mkdir()
    monkeypatch.setenv("PATH", str(folders.path))
    monkeypatch.setenv("LMA_CACHE_DIR", str(folders.cache))
    monkeypatch.delenv("LMA_PARTS_FROM", raising=False)
    return folders
