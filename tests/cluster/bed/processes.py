"""The programs of one cluster, started so that none outlives the test, and ended with all they started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from lma.parts.parent_death import die_with_parent

CGROUPS: Final = Path("/sys/fs/cgroup")
GRACE_S: Final = 5.0
TAIL_BYTES: Final = 2000


class Programs:
    """Started programs by name; their output is in ``folder/NAME.log``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str]) -> None:
        """Start a program; it dies with this process whatever ends it."""
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                preexec_fn=die_with_parent(),  # noqa: PLW1509  started from the main thread
            )

    def stop(self, name: str) -> None:
        """End one program: ask, wait, insist."""
        process = self._running.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(GRACE_S)

    def stop_all(self) -> None:
        """End all, the last started first."""
        for name in reversed(list(self._running)):
            self.stop(name)

    def wait_for(self, what: str, is_true: Callable[[], bool], timeout_s: float) -> None:
        """Wait until ``is_true``; raise with the logs' ends if a program has ended or the time is over."""
        until = time.monotonic() + timeout_s
        while True:
            with contextlib.suppress(OSError):
                if is_true():
                    return
            ended = [name for name, process in self._running.items() if process.poll() is not None]
            if ended or time.monotonic() > until:
                why = f"{', '.join(ended)} ended" if ended else f"not within {timeout_s:.0f} s"
                raise RuntimeError(f"{what}: {why}\n{self._tails(ended)}")
            time.sleep(0.1)

    def _tails(self, names: list[str]) -> str:
        logs = [self._folder / f"{name}.log" for name in (names or list(self._running))]
        return "\n".join(f"--- {log.name}\n{log.read_bytes()[-TAIL_BYTES:].decode(errors='replace')}" for log in logs)


def make_cgroups(name: str) -> None:
    """Make the cgroup ``name`` in every v1 hierarchy; a cpuset without CPUs and memory nodes takes no process."""
    for hierarchy in _hierarchies():
        if hierarchy.name == "unified":
            continue
        folder = hierarchy / name
        folder.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / setting).exists():
                (folder / setting).write_text((hierarchy / setting).read_text())


def end_containers(name: str, folder: Path) -> None:
    """Kill what runs in the cgroup ``name`` and the shims of the containerd in ``folder``; remove its cgroups."""
    victims = {pid for hierarchy in _hierarchies() for pid in _members(hierarchy / name)} | _shims(folder)
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + GRACE_S
    while not _removed(name) and time.monotonic() < until:
        time.sleep(0.05)


def _removed(name: str) -> bool:
    """Remove the cgroup ``name`` everywhere, children first; tell whether it is gone: the dead leave a moment later."""
    for hierarchy in _hierarchies():
        nested = sorted((hierarchy / name).rglob("*/"), key=lambda path: len(path.parts), reverse=True)
        for path in [*nested, hierarchy / name]:
            with contextlib.suppress(OSError):
                path.rmdir()
    return not any((hierarchy / name).exists() for hierarchy in _hierarchies())


def unmount_below(folder: Path) -> None:
    """Unmount all that is mounted below ``folder``, the deepest first, and remove the folder."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8")
    points = [line.split()[1].encode().decode("unicode_escape") for line in text.splitlines()]
    for point in sorted((point for point in points if Path(point).is_relative_to(folder)), key=len, reverse=True):
        subprocess.run(["umount", "-l", point], capture_output=True, timeout=30, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _hierarchies() -> list[Path]:
    return [path for path in CGROUPS.iterdir() if path.is_dir() and not path.is_symlink()]


def _members(cgroup: Path) -> Iterator[int]:
    for listing in cgroup.rglob("cgroup.procs"):
        with contextlib.suppress(OSError):
            yield from map(int, listing.read_text().split())


def _shims(folder: Path) -> set[int]:
    marker = str(folder).encode() + b"/"
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if b"containerd-shim" in command and marker in command:
                    found.add(int(entry.name))
    return found
