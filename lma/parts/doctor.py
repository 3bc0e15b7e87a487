"""Checks of the machine: is there what the demo and the tests need, and if not, what to do.

Nothing is changed and nothing is built: each check looks, with a time limit, and returns a value. A
missing binary that can be built is only a warning; it becomes an error where Go is missing too.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lma.parts import go
from lma.parts.build import FREE_BYTES_NEEDED
from lma.parts.catalog import PARTS, Binary, Part
from lma.parts.errors import PartsError
from lma.parts.locate import Source, cache_root, cached, on_path, probe_version, tools_folder

PYTHON_NEEDED = (3, 11)


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    OUTDATED = "outdated"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report; ``remedy`` is empty where there is nothing to do."""

    name: str
    status: Status
    detail: str
    remedy: str = ""


def run_checks() -> list[Check]:
    """Run every check, in the order a person would fix things; raises nothing."""
    compiler = check_go()
    can_build = compiler.status is Status.OK
    checks = [check_python(), compiler, check_cache(), check_disk()]
    for part in (part for part in PARTS if part.is_everyday):
        checks.extend(check_binary(part, binary, can_build=can_build) for binary in part.binaries)
    return checks


def check_python() -> Check:
    """Check the interpreter this runs on."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON_NEEDED:
        return Check("python", Status.OUTDATED, version, "use Python 3.11 or newer")
    return Check("python", Status.OK, version)


def check_go() -> Check:
    """Check the Go toolchain against what the parts' modules ask for."""
    try:
        path = go.find_go()
        needed = max(go.required_version(tools_folder(part)) for part in PARTS)
    except PartsError as error:
        return Check("go", Status.MISSING, error.cause, error.remedy)
    version = go.go_version(path)
    if version is None:
        return Check("go", Status.WARN, f"{path} does not tell its version", "run `go version` and see")
    detail = f"{go.dotted(version)} ({path})"
    if version < needed:
        return Check("go", Status.OUTDATED, detail, f"install Go {go.dotted(needed)} or newer")
    return Check("go", Status.OK, detail)


def check_cache() -> Check:
    """Check that builds can be kept."""
    root = cache_root()
    existing = _nearest_existing(root)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Check(
            "cache folder",
            Status.MISSING,
            f"{root} can't be written",
            "set LMA_CACHE_DIR to a folder that can",
        )
    return Check("cache folder", Status.OK, str(root))


def check_disk() -> Check:
    """Check the room left where builds are kept."""
    free = shutil.disk_usage(_nearest_existing(cache_root())).free
    detail = f"{free / 1024**3:.1f} GiB free"
    if free < FREE_BYTES_NEEDED:
        return Check(
            "disk space",
            Status.WARN,
            detail,
            f"free some: a build needs about {FREE_BYTES_NEEDED / 1024**3:.0f} GiB",
        )
    return Check("disk space", Status.OK, detail)


def check_binary(part: Part, binary: Binary, *, can_build: bool) -> Check:
    """Check one binary: the one that would be used, or why there is none."""
    build_it = f"python -m lma.parts build {binary.name}"
    try:
        source = Source.from_environment()
        candidates = [] if source is Source.CACHE else list(on_path(part, binary))
        usable = next((c for c in candidates if c.suitable), None)
        if usable is not None and usable.version is not None:
            return Check(binary.name, Status.OK, f"{go.dotted(usable.version)} ({usable.path}, on PATH)")
        built = None if source is Source.PATH else cached(part, binary)
    except PartsError as error:
        return Check(binary.name, Status.MISSING, error.cause, error.remedy)
    if built is not None:
        version = probe_version(built, binary.version_args)
        if version is None:
            return Check(
                binary.name,
                Status.WARN,
                f"{built} does not run",
                f"remove {built.parents[1]}, then {build_it}",
            )
        return Check(binary.name, Status.OK, f"{go.dotted(version)} ({built}, built here)")
    remedy = build_it if can_build else f"install Go and run `{build_it}`, or install {binary.name}"
    if candidates:
        told = candidates[0].version
        return Check(
            binary.name,
            Status.OUTDATED,
            f"{go.dotted(told) if told else 'unknown version'} ({candidates[0].path}), wanted"
            f" {go.dotted(part.minimum)} or newer, below {go.dotted(part.below)}",
            remedy,
        )
    return Check(
        binary.name,
        Status.WARN if can_build else Status.MISSING,
        f"not built yet ({part.version} will be)" if can_build else "not found",
        remedy,
    )


def _nearest_existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
