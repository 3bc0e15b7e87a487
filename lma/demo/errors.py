"""What stops the demo from coming up, as one tree; each says what to do.

::

    DemoError               str() is fit to be shown: cause, then remedy
    ├── PortInUseError      the address that was asked for belongs to another program
    ├── ProcessError        a part ended, or did not become ready; carries the end of its log
    ├── StateFolderError    the state folder holds something that is not the demo's
    └── ServiceError        the service refused a registration, or does not answer
"""

from __future__ import annotations

from pathlib import Path

from lma.parts.errors import ActionableError


class DemoError(ActionableError):
    """Root of what can stop the demo."""


class PortInUseError(DemoError):
    """The address to listen on is taken."""


class StateFolderError(DemoError):
    """The state folder can't be used without destroying something."""


class ServiceError(DemoError):
    """The service on top said no, or said nothing."""


class ProcessError(DemoError):
    """A process ended early, or was not ready in time."""

    def __init__(self, cause: str, *, log: Path, tail: str) -> None:
        super().__init__(cause, f"read its log: {log}", tail=tail)
        self.log = log
