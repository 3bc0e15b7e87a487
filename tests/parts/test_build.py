"""Building with a stand-in for Go: what is run, what is kept, and what is said when it goes wrong.

The real thing is built by whoever runs the tests that start real servers; that takes minutes, these take none.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lma import parts
from lma.parts import SilentProgress, ensure, find
from lma.parts.catalog import lookup
from lma.parts.errors import (
    BuildFailedError,
    CacheError,
    DiskFullError,
    GoMissingError,
    GoTooOldError,
    NetworkError,
    NotFoundError,
)
from lma.parts.locate import part_folder
from tests.parts.conftest import Machine

VERSION = 'if [ "$1" = env ]; then echo go1.99.0; exit 0; fi\n'
# Writes down how it was called, and makes an executable for each package named behind `-o DIR/`.
BUILD = (
    VERSION
    + """
echo "$PWD CGO=$CGO_ENABLED GOTOOLCHAIN=$GOTOOLCHAIN $*" >> "$LMA_CACHE_DIR/calls"
while [ "$1" != -o ]; do shift; done
out=$2; shift 2
for package in "$@"; do
  name=${package##*/}
  echo "compiling $package"
  echo '#!/bin/sh' > "$out$name"; /bin/chmod +x "$out$name"
done
"""
)


class Recorder(SilentProgress):
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, title: str) -> None:
        self.lines.append(f"{title} …")

    def finished(self, title: str, elapsed_s: float) -> None:
        assert elapsed_s >= 0
        self.lines.append(f"{title}: done")


def calls(machine: Machine) -> list[str]:
    return (machine.cache / "calls").read_text(encoding="utf-8").splitlines()


def test_missing_part_is_built_once_and_then_found(machine: Machine) -> None:
    machine.install("go", BUILD)
    recorder = Recorder()
    first = ensure(["promtool", "prometheus", "promtool"], progress=recorder)
    assert list(first) == ["promtool", "prometheus"]
    assert all(os.access(path, os.X_OK) and path.is_relative_to(machine.cache) for path in first.values())
    assert ensure(["prometheus"], progress=recorder) == {"prometheus": first["prometheus"]}
    assert len(calls(machine)) == 1, "one build gives both binaries, and is not repeated"
    assert recorder.lines == ["building prometheus 3.16.0 …", "building prometheus 3.16.0: done"]


def test_build_is_static_pinned_and_tagged(machine: Machine) -> None:
    machine.install("go", BUILD)
    ensure(["thanos"], progress=SilentProgress())
    (call,) = calls(machine)
    assert call.split()[0].endswith("tools/thanos")
    for wanted in ("CGO=0", "GOTOOLCHAIN=local", "-trimpath", "-mod=readonly", "-tags netgo,slicelabels", "=0.42.4"):
        assert wanted in call


def test_nothing_half_built_stays(machine: Machine) -> None:
    machine.install("go", f"{VERSION}echo 'x.go:1: undefined: y'; exit 1")
    with pytest.raises(BuildFailedError, match="undefined: y") as caught:
        ensure(["loki"], progress=SilentProgress())
    assert caught.value.log.is_file()
    assert find("loki") is None
    left = {path.name for path in part_folder(lookup("loki")[0]).iterdir()}
    assert left == {".lock", "build.log"}


def test_leftovers_of_a_killed_build_are_removed(machine: Machine) -> None:
    machine.install("go", BUILD)
    leftover = part_folder(lookup("helm")[0]) / ".building-abc"
    leftover.mkdir(parents=True)
    ensure(["helm"], progress=SilentProgress())
    assert not leftover.exists()


@pytest.mark.usefixtures("machine")
def test_go_missing() -> None:
    with pytest.raises(GoMissingError, match="install Go"):
        ensure(["loki"], progress=SilentProgress())


def test_go_too_old(machine: Machine) -> None:
    machine.install("go", "echo go1.22.3")
    with pytest.raises(GoTooOldError, match=r"needs Go 1\.26\.\d, .* is 1\.22\.3"):
        ensure(["loki"], progress=SilentProgress())


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            'go: example.org/x@v1: Get "https://proxy.invalid": dial tcp: lookup proxy.invalid: no such host',
            NetworkError,
        ),
        ("write /tmp/x: no space left on device", DiskFullError),
        ("panic: unexpected", BuildFailedError),
    ],
)
def test_failures_are_told_apart(machine: Machine, said: str, error: type[Exception]) -> None:
    machine.install("go", f"{VERSION}echo '{said}' >&2; exit 1")
    with pytest.raises(error, match="remedy: "):
        ensure(["loki"], progress=SilentProgress())


def test_too_little_room(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install("go", BUILD)
    monkeypatch.setattr("lma.parts.build.FREE_BYTES_NEEDED", 1 << 62)
    with pytest.raises(DiskFullError, match="GOCACHE"):
        ensure(["loki"], progress=SilentProgress())


def test_cache_that_can_not_be_written(machine: Machine) -> None:
    machine.cache.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(CacheError, match="LMA_CACHE_DIR"):
        ensure(["loki"], progress=SilentProgress())


@pytest.mark.usefixtures("machine")
def test_building_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMA_PARTS_FROM", "path")
    with pytest.raises(NotFoundError, match=r"3\.5\.0 or newer, below 4\.0\.0"):
        ensure(["loki"], progress=SilentProgress())


def test_build_that_takes_too_long_is_ended(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install("go", f'{VERSION}echo $$ > "$LMA_CACHE_DIR/pid"; exec /bin/sleep 60')
    monkeypatch.setattr("lma.parts.build.BUILD_TIMEOUT_S", 0.5)
    with pytest.raises(BuildFailedError, match="took more than"):
        ensure(["loki"], progress=SilentProgress())
    assert not is_alive(int((machine.cache / "pid").read_text()))


def test_two_at_once_build_once(machine: Machine) -> None:
    machine.install("go", BUILD.replace("while", "/bin/sleep 0.6\nwhile"))
    results: list[Path] = []
    threads = [
        threading.Thread(target=lambda: results.append(ensure(["helm"], progress=SilentProgress())["helm"]))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(set(results)) == 1
    assert len(results) == 2
    assert len(calls(machine)) == 1


@pytest.fixture
def slow_build(machine: Machine) -> Iterator[subprocess.Popen[str]]:
    """Start ``python -m lma.parts build helm`` whose compiler has a child and never ends."""
    machine.install(
        "go",
        f'{VERSION}/bin/sleep 60 & echo "$$ $!" > "$LMA_CACHE_DIR/pids.new"\n'
        '/bin/mv "$LMA_CACHE_DIR/pids.new" "$LMA_CACHE_DIR/pids"; wait',
    )
    process = subprocess.Popen([sys.executable, "-m", "lma.parts", "build", "helm"], stderr=subprocess.PIPE, text=True)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=10)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_compilers_too(
    machine: Machine, slow_build: subprocess.Popen[str], sign: signal.Signals
) -> None:
    listed = machine.cache / "pids"
    until(listed.exists)
    pids = [int(text) for text in listed.read_text().split()]
    slow_build.send_signal(sign)
    _, errors = slow_build.communicate(timeout=20)
    assert slow_build.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    until(lambda: not any(is_alive(pid) for pid in pids))


def test_ctrl_c_just_as_the_compiler_starts_ends_it_too(machine: Machine) -> None:
    machine.install(
        "go",
        f'{VERSION}kill -INT $PPID\n/bin/sleep 60 & echo $! > "$LMA_CACHE_DIR/pids.new"\n'
        '/bin/mv "$LMA_CACHE_DIR/pids.new" "$LMA_CACHE_DIR/pids"; wait',
    )
    command = [sys.executable, "-m", "lma.parts", "build", "helm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    listed = machine.cache / "pids"  # missing if the compiler was ended before it had started another
    until(lambda: not (listed.exists() and is_alive(int(listed.read_text()))))


def test_public_names_exist() -> None:
    assert all(hasattr(parts, name) for name in parts.__all__)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs (one that has ended and waits to be reaped does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
