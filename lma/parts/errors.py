"""What can go wrong while finding or building a part, as one tree.

::

    PartsError                 str() is fit to be shown: cause, then remedy
    ├── UnknownPartError       no such name in the catalog
    ├── NotFoundError          building is switched off, and PATH has no suitable binary
    ├── GoMissingError         no `go` on PATH
    ├── GoTooOldError          `go` is older than a part's go.mod asks for
    ├── CacheError             the cache folder can't be written
    ├── DiskFullError          too little room for a build
    └── LoggedBuildError       Go ran and failed; carries the log
        ├── NetworkError       the modules could not be fetched
        └── BuildFailedError   the compiler, or the linker, said no

Each carries ``cause`` and ``remedy`` apart, so that a table (``lma doctor``) can show them in columns.
"""

from __future__ import annotations

from pathlib import Path


class PartsError(Exception):
    """Root: what happened, and what the person in front of it can do."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}\n  remedy: {self.remedy}"


class UnknownPartError(PartsError):
    """A name the catalog does not have."""


class NotFoundError(PartsError):
    """Only PATH may be used, and it has nothing suitable."""


class GoMissingError(PartsError):
    """There is no Go to build with."""


class GoTooOldError(PartsError):
    """The installed Go can't build this part."""


class CacheError(PartsError):
    """The cache folder can't be created or written."""


class LoggedBuildError(PartsError):
    """A build that ran and failed; ``log`` keeps its whole output."""

    def __init__(self, cause: str, remedy: str, *, log: Path, tail: str = "") -> None:
        super().__init__(cause, remedy)
        self.log = log
        self.tail = tail

    def __str__(self) -> str:
        shown = "".join(f"  | {line}\n" for line in self.tail.splitlines())
        return f"{self.cause}\n{shown}  log: {self.log}\n  remedy: {self.remedy}"


class DiskFullError(PartsError):
    """Too little disk space is left."""


class NetworkError(LoggedBuildError):
    """The Go modules could not be fetched."""


class BuildFailedError(LoggedBuildError):
    """Go ran and failed for another reason."""
