"""Where a part's binary is: on PATH when suitable, else in the cache of what was built here.

Somebody who has a Prometheus installed should not wait for one to be compiled; somebody whose Prometheus
is from 2021 should not get test failures nobody can explain. So a binary on PATH counts only after it has
told a version that the catalog accepts. A cached binary needs no such question: its folder's name holds
the hash of its pins.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lma.parts.catalog import Binary, Part, Version, lookup
from lma.parts.errors import CacheError

PROBE_TIMEOUT_S = 10.0
_VERSION = re.compile(r"(?<![\w.])v?(\d+)\.(\d+)\.(\d+)")


class Source(StrEnum):
    """Where binaries may come from; set by the environment variable ``LMA_PARTS_FROM``."""

    AUTO = "auto"
    CACHE = "cache"
    PATH = "path"

    @classmethod
    def from_environment(cls) -> Source:
        """Read ``LMA_PARTS_FROM``; anything unknown is an error, not a silent default."""
        text = os.environ.get("LMA_PARTS_FROM", "").strip().lower() or cls.AUTO
        try:
            return cls(text)
        except ValueError:
            raise CacheError(f"LMA_PARTS_FROM is {text!r}", f"set it to one of {', '.join(cls)}, or unset it") from None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A binary that was found, the version it told (``None``: it told none), and whether that will do."""

    path: Path
    version: Version | None
    suitable: bool


def find(name: str) -> Path | None:
    """Return the binary's path if one can be used as it is, else ``None``; never builds."""
    part, binary = lookup(name)
    source = Source.from_environment()
    if source is not Source.CACHE:
        candidate = next((c for c in on_path(part, binary) if c.suitable), None)
        if candidate is not None:
            return candidate.path
    if source is not Source.PATH:
        return cached(part, binary)
    return None


def on_path(part: Part, binary: Binary) -> Iterator[Candidate]:
    """Yield every executable of that name on PATH, in PATH's order, each asked for its version."""
    seen: set[Path] = set()
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(binary.name, path=folder) if folder else None
        if found is None or (path := Path(found).resolve()) in seen:
            continue
        seen.add(path)
        version = probe_version(path, binary.version_args)
        yield Candidate(path, version, version is not None and part.accepts(version))


def cached(part: Part, binary: Binary) -> Path | None:
    """Return the binary that was built from today's pins, if it was."""
    path = build_folder(part) / "bin" / binary.name
    return path if os.access(path, os.X_OK) else None


def probe_version(path: Path, args: tuple[str, ...] = ("--version",)) -> Version | None:
    """Ask a program for its version; ``None`` if it does not start, answer in time, or name one."""
    try:
        done = subprocess.run(
            [path, *args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(done.stdout or done.stderr)


def parse_version(text: str) -> Version | None:
    """Read the first dotted version in what a program printed (``loki, version 3.7.8 (branch: …)``)."""
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def cache_root() -> Path:
    """Return the folder everything is kept in; it need not exist yet."""
    own = os.environ.get("LMA_CACHE_DIR")
    if own:
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser().absolute() if base else Path.home() / ".cache") / "lma-federation"


def part_folder(part: Part) -> Path:
    """Return the folder of all builds of a part, with its lock and logs."""
    return cache_root() / "parts" / part.name


def build_folder(part: Part) -> Path:
    """Return the folder of the build that belongs to today's pins."""
    return part_folder(part) / f"{part.version}-{fingerprint(part)}"


def fingerprint(part: Part) -> str:
    """Hash all that decides what a build gives: the pins, our own source if any, the tags, the version, the machine."""
    digest = hashlib.sha256()
    module = tools_folder(part)
    for file in (module / "go.mod", module / "go.sum", *sorted(module.glob("*.go"))):
        digest.update(file.read_bytes())
    digest.update("\0".join((*part.tags, part.version_text, platform.system(), platform.machine())).encode())
    return digest.hexdigest()[:12]


def tools_folder(part: Part) -> Path:
    """Return the part's Go module: ``lma/parts/_tools`` in an installed wheel, else ``tools``."""
    installed = Path(__file__).parent / "_tools"
    root = installed if installed.is_dir() else Path(__file__).parents[2] / "tools"
    folder = root / part.name
    if not (folder / "go.mod").is_file():
        raise CacheError(
            f"the build description of {part.name} is missing: {folder / 'go.mod'}",
            "install LMA Federation again, or restore tools/ in the checkout",
        )
    return folder
