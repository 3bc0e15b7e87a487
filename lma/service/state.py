"""The state directory: one process owns it, and only its user can read it.

Holds the embedded database, the lock that keeps a second ``lma serve`` out (its queries would not see the first one's
changes), and ``admin-token`` for the command line on the same machine.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from query.model.errors import ConfigError

ADMIN_TOKEN_FILE: Final = "admin-token"  # noqa: S105  a file name
_LOCK_FILE: Final = "lock"


@dataclass(frozen=True, slots=True)
class StateDir:
    """A directory this process owns while the ``with`` block of ``owned`` lasts."""

    path: Path

    @property
    def admin_token_path(self) -> Path:
        """Where the admin token is kept for the command line."""
        return self.path / ADMIN_TOKEN_FILE

    def write_admin_token(self, token: str) -> None:
        """Replace the token file; at no moment can another user read it or does it hold half a token."""
        partial = self.path / f".{ADMIN_TOKEN_FILE}.{os.getpid()}"
        try:
            partial.unlink(missing_ok=True)
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(token + "\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.admin_token_path)
        except OSError as error:
            raise ConfigError(
                f"the admin token can't be written to {self.admin_token_path}: {error.strerror}; "
                "check the permissions and the free space of state_dir"
            ) from error

    @classmethod
    @contextmanager
    def owned(cls, path: Path) -> Iterator[StateDir]:
        """Create the directory if need be and own it; ``ConfigError`` if that can't be or another process does."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(
                f"the state directory {path} can't be used: {error.strerror}; "
                "choose one this user may write to with --state-dir DIR or `state_dir:` in the configuration"
            ) from error
        with os.fdopen(handle, "r+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                owner = file.read(20).strip() or "unknown"
                raise ConfigError(
                    f"another `lma serve` (process {owner}) uses the state directory {path}; "
                    "stop it, or give this one a directory of its own with --state-dir DIR"
                ) from error
            file.truncate()
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield cls(path)
