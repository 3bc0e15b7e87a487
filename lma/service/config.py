"""What ``lma serve`` is told: a strict YAML file, overridden by flags.

Example::

    listen: 127.0.0.1:9090
    state_dir: /var/lib/lma
    partition_label: cluster
    queries: {auth: open}
    log: {format: json, level: info}
    limits: {cluster_timeout_s: 20}
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from query.app.config import FederationConfig, Listen, Strict, split_listen
from query.app.logs import LogFormat, LogLevel
from query.app.serve import DRAIN_S, is_loopback
from query.app.yaml_source import load_model
from query.model.errors import ConfigError

QueryAuthMode = Literal["open", "token"]

DEFAULT_LISTEN: Final = "127.0.0.1:9090"
_STATE_FOLDER: Final = "lma-federation"
_DATABASE_FILE: Final = "lma.db"
_SEALING_KEYS_FILE: Final = "sealing-keys"


def default_state_dir() -> Path:
    """Return ``$XDG_STATE_HOME/lma-federation``, by default below ``~/.local/state``.

    A user without a home, as containers have them, gets ``/var/lib/lma-federation``.
    """
    base = os.environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):
        return Path(base) / _STATE_FOLDER
    try:
        return Path.home() / ".local" / "state" / _STATE_FOLDER
    except RuntimeError:
        return Path("/var/lib") / _STATE_FOLDER


class LogConfig(Strict):
    """How the process logs; ``auto`` is text on a terminal and JSON lines elsewhere."""

    format: LogFormat = "auto"
    level: LogLevel = "info"


class QueriesConfig(Strict):
    """Who may query. ``auth`` has no default where others than this machine can reach the service."""

    auth: QueryAuthMode | None = None


class ServiceConfig(FederationConfig):
    """The file of ``lma serve --config FILE``; every key has a default."""

    listen: Listen = DEFAULT_LISTEN
    state_dir: Path = Field(default_factory=default_state_dir)
    database_url: str | None = None
    sealing_keys_file: Path | None = None
    inspect_every_s: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    drain_s: Annotated[float, Field(ge=1, le=300)] = DRAIN_S
    log: LogConfig = Field(default_factory=LogConfig)
    queries: QueriesConfig = Field(default_factory=QueriesConfig)

    def database_place(self) -> str | Path:
        """Return the database to open: the URL given, else a file in ``state_dir``."""
        return self.database_url or self.state_dir / _DATABASE_FILE

    def sealing_keys_path(self) -> Path:
        """Return the file of the keys that seal credentials: the one given, else one in ``state_dir``."""
        return self.sealing_keys_file or self.state_dir / _SEALING_KEYS_FILE

    def effective_query_auth(self) -> QueryAuthMode:
        """Return who may query; ``ConfigError`` if that was left open on an address others can reach."""
        if self.queries.auth is not None:
            return self.queries.auth
        if is_loopback(self.listen):
            return "open"
        raise ConfigError(
            f"listening on {self.listen} lets others than this machine query every registered cluster without a token; "
            "say which you want in the configuration: `queries: {auth: token}` asks for one, "
            "`queries: {auth: open}` accepts this; or listen on 127.0.0.1"
        )


def load_service_config(path: Path | None, *, listen: str | None, state_dir: Path | None) -> ServiceConfig:
    """Return the configuration of the file (or the defaults), overridden by flags; ``ConfigError`` names the place."""
    config = ServiceConfig() if path is None else load_model(path, ServiceConfig)
    changed: dict[str, object] = {}
    if listen is not None:
        try:
            split_listen(listen)
        except ValueError as error:
            raise ConfigError(f"--listen: {error}") from error
        changed["listen"] = listen
    if state_dir is not None:
        changed["state_dir"] = state_dir
    config = config.model_copy(update=changed)
    try:
        return config.model_copy(update={"state_dir": config.state_dir.expanduser().absolute()})
    except RuntimeError as error:
        raise ConfigError(f"state_dir {config.state_dir}: {error}; give an absolute path") from error
