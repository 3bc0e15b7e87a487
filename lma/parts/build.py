"""Build a part from its pinned Go module, once, into a cache that survives.

The result is reached only by one rename of a finished folder, so a build that was cut short (Ctrl-C,
power) leaves nothing that could be mistaken for a binary. A lock per part keeps two processes from
compiling the same thing; different parts may be built at the same time, though Go uses every core for one
already.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from lma.parts import go
from lma.parts.catalog import Part, lookup
from lma.parts.errors import BuildFailedError, CacheError, DiskFullError, NotFoundError
from lma.parts.locate import Source, build_folder, cached, find, part_folder, tools_folder
from lma.parts.lock import exclusive
from lma.parts.progress import ConsoleProgress, Progress

BUILD_TIMEOUT_S = 3600.0
FREE_BYTES_NEEDED = 2 * 1024**3


def ensure(names: Iterable[str], *, progress: Progress | None = None) -> dict[str, Path]:
    """Return a path for each named binary, building what is neither on PATH nor in the cache.

    Progress goes to standard error unless another display is given. Raises PartsError; nothing half-built
    stays.
    """
    shown = progress or ConsoleProgress()
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        lookup(name)
    paths: dict[str, Path] = {}
    for name in wanted:
        part, binary = lookup(name)
        path = find(name)
        if path is None:
            if Source.from_environment() is Source.PATH:
                raise NotFoundError(
                    f"no suitable {name} on PATH (wanted: {go.dotted(part.minimum)} or newer,"
                    f" below {go.dotted(part.below)})",
                    f"install {name} {part.version}, or unset LMA_PARTS_FROM so that it may be built",
                )
            path = build(part, shown) / "bin" / binary.name
        paths[name] = path
    return paths


def build(part: Part, progress: Progress) -> Path:
    """Build all binaries of a part unless the cache has them; return the build's folder."""
    target = build_folder(part)
    title = f"building {part.name} {part.version}"
    folder = _writable(part_folder(part))
    with exclusive(folder / ".lock", title, progress, BUILD_TIMEOUT_S):
        if all(cached(part, binary) for binary in part.binaries):
            return target
        _remove_leftovers(folder)
        compiler, module = go.find_go(), tools_folder(part)
        go.check_go(compiler, part, module)
        _check_space(folder, part)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as scratch:
            _compile(part, compiler, module, Path(scratch), progress)
            shutil.rmtree(target, ignore_errors=True)
            Path(scratch, "done").rename(target)
    return target


def _compile(part: Part, compiler: Path, module: Path, scratch: Path, progress: Progress) -> None:
    title = f"building {part.name} {part.version}"
    log = part_folder(part) / "build.log"
    output = scratch / "done" / "bin"
    output.mkdir(parents=True)
    began = time.monotonic()
    progress.started(title)
    try:
        status = go.run(
            go.build_command(compiler, part, output),
            cwd=module,
            log=log,
            timeout_s=BUILD_TIMEOUT_S,
            tick=lambda elapsed, note: progress.advanced(title, elapsed, note),
        )
    except TimeoutError as error:
        raise BuildFailedError(
            f"{title} took more than {BUILD_TIMEOUT_S / 60:.0f} minutes and was ended",
            "run it again: what was compiled is kept by Go; see whether the machine is overloaded",
            log=log,
        ) from error
    finally:
        progress.stopped()
    if status != 0:
        raise go.explain_failure(part, log)
    for binary in part.binaries:
        if binary.built_as and (made := output / binary.built_as).exists():
            made.rename(output / binary.name)
    missing = [binary.name for binary in part.binaries if not os.access(output / binary.name, os.X_OK)]
    if missing:
        raise BuildFailedError(f"{title} gave no {', '.join(missing)}", "report this with the log", log=log)
    progress.finished(title, time.monotonic() - began)


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    except OSError as error:
        raise CacheError(
            f"the cache folder {folder} can't be written: {error.strerror}",
            "set LMA_CACHE_DIR to a folder that can",
        ) from error
    return folder


def _check_space(folder: Path, part: Part) -> None:
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_NEEDED:
        raise DiskFullError(
            f"building {part.name} needs about {FREE_BYTES_NEEDED / 1024**3:.0f} GiB,"
            f" {folder} has {free / 1024**3:.1f} GiB left",
            "free some space, or move the caches with LMA_CACHE_DIR and GOCACHE",
        )


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed build left; safe, because the caller holds the part's lock."""
    for leftover in folder.glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
