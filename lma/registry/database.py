"""One database behind one small interface: open, read, write.

SQLite is the embedded default: write-ahead log, full sync (a killed process or machine loses nothing committed), and
``BEGIN IMMEDIATE`` for writing, so that two writers queue up instead of one of them failing half-way. Nothing above
this module knows which database it is; PostgreSQL needs a driver in ``_DRIVERS`` and nothing else.

Limits: a transaction waits ``BUSY_TIMEOUT_S`` for another process's lock and then fails with ``DatabaseError``.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from lma.registry.errors import DatabaseError

BUSY_TIMEOUT_S: Final = 30.0
_WRITES: Final = "lma_writes"
_DRIVERS: Final = {"sqlite": "aiosqlite"}


class Database:
    """An open database. Use ``Database.opened``; every access is one transaction, ended by leaving the block."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{_WRITES: True})

    @classmethod
    @asynccontextmanager
    async def opened(cls, place: str | Path) -> AsyncIterator[Self]:
        """Open the database at a URL or in a file, and close it at the end; ``DatabaseError`` tells what is wrong."""
        url = _url(place)
        engine = _engine(url)
        try:
            if engine.dialect.name == "sqlite":
                await asyncio.to_thread(_probe_sqlite, url.database or "")
            yield cls(engine)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Give a session that sees one consistent state; nothing written in it is kept."""
        with _translated():
            async with AsyncSession(self._engine, expire_on_commit=False) as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Give a session that is committed at the end of the block, or rolled back if it raises."""
        with _translated():
            async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
                yield session

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a writing transaction, for migrations."""
        with _translated():
            async with self._writing.begin() as connection:
                yield connection


def _url(place: str | Path) -> sa.URL:
    if isinstance(place, Path):
        return sa.URL.create("sqlite", database=str(place))
    try:
        return sa.make_url(place)
    except ArgumentError as error:
        raise DatabaseError(
            "database_url is no database URL", "write it as sqlite:////absolute/path/lma.db, or leave it out"
        ) from error


def _engine(url: sa.URL) -> AsyncEngine:
    backend = url.drivername.partition("+")[0]
    driver = _DRIVERS.get(backend)
    if driver is None:
        raise DatabaseError(
            f"database_url names the database {backend!r}, which this version can't use",
            "use sqlite:////absolute/path/lma.db, or leave it out to keep the database in state_dir",
        )
    engine = create_async_engine(
        url.set(drivername=f"{backend}+{driver}"), connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True
    )
    if backend == "sqlite":
        sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        sa.event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _probe_sqlite(file: str) -> None:
    """Raise ``DatabaseError`` unless the file can be opened, or made, and is a database.

    The pool would find out too, but the driver then leaves a thread behind that fails once the event loop is gone.
    """
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise DatabaseError(f"the database can't be used: {error}", _remedy(error)) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Leave BEGIN to us: the driver's own begins late and never IMMEDIATE."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class _translated:  # noqa: N801  reads as a verb at the call
    """Turn what SQLAlchemy raises for a broken or busy database into ``DatabaseError``.

    A violated constraint is no broken database: ``IntegrityError`` passes, the repositories know what it means.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, SQLAlchemyError) and not isinstance(error, sa.exc.IntegrityError):
            raise DatabaseError(_cause(error), _remedy(error)) from error


def _cause(error: SQLAlchemyError) -> str:
    inner = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return f"the database can't be used: {inner}"


def _remedy(error: Exception) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return (
            "the file is damaged or something else: restore a backup, or move it away to begin with an empty register"
        )
    if "unable to open" in text or "readonly" in text:
        return "check that the directory of the database exists and that this user may write there"
    if "locked" in text:
        return "another process holds the database; stop it or wait until it is done"
    if "full" in text:
        return "free space on the disk of state_dir"
    return "see the log; the state is in state_dir, or where database_url points"
