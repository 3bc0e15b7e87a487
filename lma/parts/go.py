"""Running Go: which one there is, how it is called, and what its failures mean to a person.

Each build sets what would otherwise depend on the machine: no cgo (static binaries go into container
images), no toolchain download (a Go that is too old is said so, not replaced behind one's back), no
workspace of a parent folder. The compiler runs in a process group of its own, so that Ctrl-C ends it
together with the compilers it started.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lma.parts.catalog import Part, Version
from lma.parts.errors import (
    BuildFailedError,
    DiskFullError,
    GoMissingError,
    GoTooOldError,
    LoggedBuildError,
    NetworkError,
)
from lma.parts.interrupts import held_back
from lma.parts.locate import parse_version
from lma.parts.parent_death import die_with_parent

POLL_S = 0.25
GRACE_S = 5.0
TAIL_LINES = 12

_NETWORK = re.compile(
    r"dial tcp|no such host|i/o timeout|TLS handshake|connection re(?:fused|set)|proxyconnect"
    r"|module lookup disabled|: (?:403|404|410|429|5\d\d) "
)
_DISK = re.compile(r"no space left on device|disk quota exceeded")


def find_go() -> Path:
    """Return the ``go`` on PATH, or raise GoMissingError."""
    found = shutil.which("go")
    if found is None:
        raise GoMissingError(
            "Go is not on PATH, and a part has to be built with it",
            "install Go (1.26.7 or newer), or put prebuilt binaries of the parts on PATH",
        )
    return Path(found)


def go_version(go: Path) -> Version | None:
    """Return the version of the installed toolchain, ``None`` when it doesn't say."""
    try:
        done = subprocess.run(
            [go, "env", "GOVERSION"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.strip().removeprefix("go")
    return parse_version(text) or parse_version(f"{text}.0")


def required_version(module: Path) -> Version:
    """Read the ``go`` line of a module's ``go.mod``."""
    found = re.search(r"^go (\S+)$", (module / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    version = parse_version(found[1]) if found else None
    return version or (1, 21, 0)


def check_go(go: Path, part: Part, module: Path) -> None:
    """Raise GoTooOldError before minutes are spent on a build that can't succeed."""
    have, need = go_version(go), required_version(module)
    if have is not None and have < need:
        raise GoTooOldError(
            f"{part.name} {part.version} needs Go {dotted(need)}, {go} is {dotted(have)}",
            f"install Go {dotted(need)} or newer, or put a suitable {part.name} on PATH",
        )


def build_command(go: Path, part: Part, output: Path) -> list[str]:
    """Return the command that builds all binaries of a part into the folder ``output``."""
    own = ((part.version_variable, part.version_text),) if part.version_variable else ()
    variables = " ".join(f"-X {name}={text}" for name, text in (*own, *part.variables))
    return [
        str(go),
        "build",
        "-v",  # names each package as it is compiled: that is the progress shown
        "-buildvcs=false",
        "-mod=readonly",
        "-trimpath",
        *(["-tags", ",".join(part.tags)] if part.tags else []),
        "-ldflags",
        f"-s -w {variables}".rstrip(),
        "-o",
        f"{output}{os.sep}",
        *(binary.package for binary in part.binaries),
    ]


def environment() -> dict[str, str]:
    """Return the environment Go runs in."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def run(command: list[str], *, cwd: Path, log: Path, timeout_s: float, tick: Callable[[float, str], None]) -> int:
    """Run a command with its output in ``log``, calling ``tick(elapsed_s, note)``; return its exit code.

    Whatever ends the wait early (Ctrl-C, the time limit, an error in ``tick``), the whole process group
    is ended.
    """
    began = time.monotonic()
    with log.open("wb") as output, log.open("rb") as reader:
        counts = _Counts()
        process: subprocess.Popen[bytes] | None = None
        try:
            with held_back():  # between the start of the process and its being known nobody could end it
                process = subprocess.Popen(
                    command,
                    cwd=cwd,
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                    preexec_fn=die_with_parent(),  # noqa: PLW1509 - builds are run from the main thread
                )
            while True:
                try:
                    return process.wait(POLL_S)
                except subprocess.TimeoutExpired:
                    counts.read(reader.read())
                    elapsed = time.monotonic() - began
                    if elapsed > timeout_s:
                        raise TimeoutError from None
                    tick(elapsed, counts.note())
        finally:
            if process is not None:
                _end_group(process)


class _Counts:
    """Counts the lines of ``go build -v``: modules fetched first, then packages compiled."""

    def __init__(self) -> None:
        self._modules = 0
        self._packages = 0
        self._rest = b""

    def read(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"go: downloading "):
                self._modules += 1
            elif line and not line.startswith(b"go: "):
                self._packages += 1

    def note(self) -> str:
        if self._packages:
            return f"{self._packages} packages compiled"
        return f"{self._modules} modules downloaded" if self._modules else ""


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process group that we made: ask, wait, insist."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, sign)
            process.wait(GRACE_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def explain_failure(part: Part, log: Path) -> LoggedBuildError | DiskFullError:
    """Turn the log of a failed build into the error that names cause and remedy."""
    text = log.read_text(encoding="utf-8", errors="replace")
    telling = [line for line in text.splitlines() if line and not line.startswith("go: downloading ")]
    tail = "\n".join(telling[-TAIL_LINES:])
    title = f"building {part.name} {part.version}"
    if _DISK.search(text):
        return DiskFullError(
            f"{title} failed: the disk is full (log: {log})",
            "free some space, or move the caches with LMA_CACHE_DIR and GOCACHE",
        )
    if _NETWORK.search(tail):
        return NetworkError(
            f"{title} failed: its Go modules could not be fetched",
            f"check the network and `go env GOPROXY`, or put a suitable {part.name} on PATH",
            log=log,
            tail=tail,
        )
    return BuildFailedError(
        f"{title} failed",
        f"read the log; `go clean -cache` helps after a disk error; or put a suitable {part.name} on PATH",
        log=log,
        tail=tail,
    )


def dotted(version: Version) -> str:
    """Write a version with dots."""
    return ".".join(map(str, version))
