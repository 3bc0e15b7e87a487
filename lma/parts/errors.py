"""What can go wrong while finding or building a part, as one tree.

::

    ActionableError            str() is fit to be shown: cause, then remedy; the demo's errors are of its kind too
    └─ PartsError
       ├── UnknownPartError    no such name in the catalog
       ├── NotFoundError       building is switched off, and PATH has no suitable binary
       ├── GoMissingError      no `go` on PATH
       ├── GoTooOldError       `go` is older than a part's go.mod asks for
       ├── CacheError          the cache folder can't be written
       ├── DiskFullError       too little room for a build
       └── LoggedBuildError    Go ran and failed; carries the log
           ├── NetworkError      the modules could not be fetched
           └── BuildFailedError  the compiler, or the linker, said no

Each carries ``cause`` and ``remedy`` apart, so that a table (``lma doctor``) can show them in columns.
"""

from __future__ import annotations

from pathlib import Path


class ActionableError(Exception):
    """An error for the person in front of it: what happened, the end of a log if there is one, and what to do."""

    def __init__(self, cause: str, remedy: str, *, tail: str = "") -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy
        self.tail = tail

    def __str__(self) -> str:
        return "\n".join((self.cause, *(f"  | {line}" for line in self.tail.splitlines()), f"  remedy: {self.remedy}"))


class PartsError(ActionableError):
    """Root of what can go wrong here."""


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
        super().__init__(cause, f"{remedy} (log: {log})", tail=tail)
        self.log = log


class DiskFullError(PartsError):
    """Too little disk space is left."""


class NetworkError(LoggedBuildError):
    """The Go modules could not be fetched."""


class BuildFailedError(LoggedBuildError):
    """Go ran and failed for another reason."""
