"""One build of a part at a time on a machine, also between processes.

``fcntl`` locks belong to the open file, so the kernel gives them back when a process dies, however it
dies: there are no stale lock files to clean up. They don't reach over network file systems reliably; a
cache on one may be built twice, and the atomic rename at the end keeps that harmless.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lma.parts.errors import CacheError
from lma.parts.progress import Progress

POLL_S = 0.5


@contextmanager
def exclusive(path: Path, title: str, progress: Progress, timeout_s: float) -> Iterator[None]:
    """Hold the lock on ``path``; report the wait for another process, ``timeout_s`` at most."""
    with path.open("a") as handle:
        if not _try_lock(handle.fileno()):
            _wait(handle.fileno(), path, title, progress, timeout_s)
        yield


def _wait(descriptor: int, path: Path, title: str, progress: Progress, timeout_s: float) -> None:
    waiting = f"waiting for another process that is {title}"
    began = time.monotonic()
    progress.started(waiting)
    try:
        while not _try_lock(descriptor):
            elapsed = time.monotonic() - began
            if elapsed > timeout_s:
                raise _held_too_long(path, elapsed)  # noqa: TRY301 - the display is taken away below
            progress.advanced(waiting, elapsed, "")
            time.sleep(POLL_S)
    except BaseException:
        progress.stopped()
        raise
    progress.finished(waiting, time.monotonic() - began)


def _held_too_long(path: Path, elapsed_s: float) -> CacheError:
    return CacheError(
        f"another process has held {path} for {elapsed_s / 60:.0f} minutes",
        "end that process (fuser names it), then run this again",
    )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
