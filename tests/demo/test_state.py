"""The demo's folder: temporary, or a named one that held nothing of anybody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from lma.demo.errors import StateFolderError
from lma.demo.state import state_folder


def test_temporary_folder_is_removed() -> None:
    with state_folder(None, keep=False) as folder:
        (folder / "seoul").mkdir()
    assert not folder.exists()


def test_temporary_folder_is_kept_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with state_folder(None, keep=True) as folder:
        pass
    assert folder.is_dir()


def test_earlier_demo_is_replaced(tmp_path: Path) -> None:
    named = tmp_path / "state"
    with state_folder(named, keep=False) as folder:
        (folder / "seoul").mkdir()
        (folder / "seoul" / "data").touch()
        (folder / "link").symlink_to(tmp_path)
    with state_folder(named, keep=False) as folder:
        assert [path.name for path in folder.iterdir()] == [".lma-demo"]
    assert named.is_dir()


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.tex"
    precious.touch()
    with pytest.raises(StateFolderError, match="--state-dir"), state_folder(tmp_path, keep=False):
        pass
    assert precious.exists()


def test_folder_of_a_running_demo_is_refused(tmp_path: Path) -> None:
    with state_folder(tmp_path / "state", keep=False) as folder:
        (folder / "seoul").mkdir()
        with pytest.raises(StateFolderError, match="another demo is using"), state_folder(folder, keep=False):
            pass
        assert (folder / "seoul").exists()


def test_name_of_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StateFolderError, match="File exists"), state_folder(file, keep=False):
        pass
