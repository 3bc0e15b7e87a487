"""Bringing the database to the schema of this program, at every start.

Runs alembic from inside the process, in one transaction that holds the database's write lock: of two processes that
start at once the second waits and then finds nothing to do, and a migration that fails leaves the old schema. A
database written by a newer version is refused, untouched.

To add a migration: change ``models``, add ``migrations/versions/NNNN_<what>.py`` (see the one before it), run
``pytest tests/service/test_migrations.py``: it compares the two, up and down.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from lma.registry.database import Database
from lma.registry.errors import DatabaseError

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_ADVISORY_LOCK: Final = 0x6C6D61
"""PostgreSQL's lock number for migrations: the letters l, m, a."""


@dataclass(frozen=True, slots=True)
class Migration:
    """From which revision to which the database was brought; equal if there was nothing to do."""

    before: str | None
    after: str | None


async def migrate(database: Database, revision: str = "head") -> Migration:
    """Upgrade to ``revision``; ``DatabaseError`` if the database is newer than this program or can't be written."""
    async with database.exclusive() as connection:
        return await connection.run_sync(_upgrade, revision)


def alembic_config(connection: sa.Connection) -> Config:
    """Return alembic's configuration bound to an open connection; ``env.py`` takes it from there."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: sa.Connection, revision: str) -> Migration:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
    config = alembic_config(connection)
    before = _current(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise DatabaseError(
            f"the database is at schema revision {before}, which this version does not know: a newer version wrote it",
            "run that newer version, or restore the backup made before the upgrade",
        )
    command.upgrade(config, revision)
    return Migration(before, _current(connection))


def _current(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
