"""The folder the demo keeps its files in: a temporary one, or one that was named.

A demo starts from nothing, so an earlier demo's files in a named folder are removed first. A folder that
holds anything else is refused: the name may be a typing mistake, and what is in it is not ours.
"""

from __future__ import annotations

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
    (folder / MARKER).touch()
    try:
        yield folder
    finally:
        if named is None and not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = list(folder.iterdir())
        if entries and not (folder / MARKER).exists():
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
