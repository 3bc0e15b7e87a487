"""The folder the demo keeps its files in: a temporary one, or one that was named.

A demo starts from nothing, so an earlier demo's files in a named folder are removed first. A folder that another
demo is using, or that holds anything else, is refused: the name may be a typing mistake, and what is in it is not ours.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lma.demo.errors import StateFolderError

MARKER = ".lma-demo"


@contextmanager
def state_folder(named: Path | None, *, keep: bool) -> Iterator[Path]:
    """Yield an empty folder; remove it afterwards unless it was named or ``keep`` says so."""
    if named is None:
        folder = Path(tempfile.mkdtemp(prefix="lma-demo-"))
    else:
        folder = named.expanduser().absolute()
        _empty(folder)
    with (folder / MARKER).open("a") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield folder
        finally:
            if named is None and not keep:
                shutil.rmtree(folder, ignore_errors=True)


def _empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = [entry for entry in folder.iterdir() if entry.name != MARKER]
        if (folder / MARKER).exists():
            _refuse_if_in_use(folder)
        elif entries:
            raise StateFolderError(
                f"{folder} is not empty, and no demo made it",
                "name another folder with --state-dir, or leave it out to use a temporary one",
            )
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    except OSError as error:
        raise StateFolderError(
            f"{folder} can't be used: {error.strerror}", "name another folder with --state-dir"
        ) from error


def _refuse_if_in_use(folder: Path) -> None:
    with (folder / MARKER).open("a") as probe:
        try:
            fcntl.flock(probe.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateFolderError(
                f"another demo is using {folder}", "stop it, or name another folder with --state-dir"
            ) from None
