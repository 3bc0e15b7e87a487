"""What can go wrong with the register, as one tree; ``lma.api.errors`` maps it to HTTP.

::

    RegistryError
    ├── DatabaseError            the database can't be opened, read or written         503, or refuses to start
    ├── UnknownClusterError      no cluster of that name                               404
    ├── ConflictError            it contradicts what is registered                     409
    ├── InvalidClusterError      the content can't be used, with the field             422
    ├── UnreachableError         reachable endpoints were required                     422
    ├── SecretError              a sealed secret can't be opened, or there is no key   503, or refuses to start
    └── ConnectorError           a cluster can't be connected as it was asked          422 (``lma.clusters.errors``)

``str()`` is the cause, ``remedy`` what the user can do; both are fit to be shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """One finding: where in the request (a dotted path, empty if nowhere) and what about it."""

    field: str
    message: str


class RegistryError(Exception):
    """Root of everything this room raises on purpose."""

    def __init__(self, message: str, remedy: str, details: tuple[Detail, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details = details


class DatabaseError(RegistryError):
    """The database can't do what it must; the driver's own error is the cause."""


class UnknownClusterError(RegistryError):
    """No cluster of that name is registered."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no cluster named {name!r} is registered",
            "see the registered ones with GET /v1/clusters or `lma cluster list`",
        )
        self.name = name


class ConflictError(RegistryError):
    """What was asked contradicts what is registered; ``other`` is the cluster in the way."""

    def __init__(self, message: str, remedy: str, *, other: str, details: tuple[Detail, ...] = ()) -> None:
        super().__init__(message, remedy, details)
        self.other = other


class InvalidClusterError(RegistryError):
    """The content does not describe a cluster that can be queried."""


class UnreachableError(RegistryError):
    """An endpoint did not answer and the caller asked to be refused in that case."""


class SecretError(RegistryError):
    """What is sealed can't be opened, or nothing can be sealed; never contains the secret."""
