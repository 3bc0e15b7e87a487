"""The schema that migrations make is the schema the models mean, at every start, in both directions."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.schema import CreateTable

from lma.registry.database import Database
from lma.registry.errors import DatabaseError
from lma.registry.migrate import Migration, alembic_config, migrate
from lma.registry.models import Base


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "lma.db") as opened:
        yield opened


async def tables_of(database: Database) -> set[str]:
    async with database.exclusive() as connection:
        return set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))


def head_of(connection: sa.Connection) -> str | None:
    return ScriptDirectory.from_config(alembic_config(connection)).get_current_head()


async def test_an_empty_database_is_brought_to_the_newest_revision(database: Database) -> None:
    done = await migrate(database)
    async with database.exclusive() as connection:
        head = await connection.run_sync(head_of)
    assert done == Migration(None, head)
    assert await tables_of(database) == {*Base.metadata.tables, "alembic_version"}


async def test_a_second_start_finds_nothing_to_do(database: Database) -> None:
    first = await migrate(database)
    assert await migrate(database) == Migration(first.after, first.after)


async def test_models_and_migrations_mean_the_same_schema(database: Database) -> None:
    await migrate(database)
    async with database.exclusive() as connection:
        await connection.run_sync(lambda sync: command.check(alembic_config(sync)))


async def test_a_model_without_its_migration_is_noticed(database: Database) -> None:
    await migrate(database)
    async with database.exclusive() as connection:
        await connection.execute(sa.text("ALTER TABLE clusters DROP COLUMN labels"))
        with pytest.raises(CommandError, match="New upgrade operations detected"):
            await connection.run_sync(lambda sync: command.check(alembic_config(sync)))


async def test_every_revision_can_be_taken_back(database: Database) -> None:
    await migrate(database)
    async with database.exclusive() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
    assert await tables_of(database) == {"alembic_version"}
    assert (await migrate(database)).before is None


async def test_two_starts_at_once_migrate_once(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "lma.db") as one, Database.opened(tmp_path / "lma.db") as two:
        done = await asyncio.gather(migrate(one), migrate(two))
    assert sorted(str(item.before) for item in done) == sorted(["None", str(done[0].after)])


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: Database, tmp_path: Path) -> None:
    await migrate(database)
    async with database.exclusive() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match=r"9999.*newer version wrote it"):
        await migrate(database)
    with sqlite3.connect(tmp_path / "lma.db") as direct:
        assert direct.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    direct.close()


async def test_a_file_that_is_no_database_is_refused_with_a_remedy(tmp_path: Path) -> None:
    place = tmp_path / "lma.db"
    place.write_bytes(b"this is no database, whatever its name says\n" * 100)
    with pytest.raises(DatabaseError, match="not a database") as refused:
        async with Database.opened(place) as opened:
            await migrate(opened)
    assert "restore a backup" in refused.value.remedy


async def test_a_directory_that_does_not_exist_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="unable to open") as refused:
        async with Database.opened(tmp_path / "absent" / "lma.db") as opened:
            await migrate(opened)
    assert "directory" in refused.value.remedy


@pytest.mark.parametrize("url", ["postgresql://db/lma", "mysql+pymysql://db/lma"])
async def test_a_database_that_is_not_supported_is_refused_by_name(url: str) -> None:
    with pytest.raises(DatabaseError, match=url.partition("+")[0].partition(":")[0]):
        async with Database.opened(url):
            pass


async def test_an_address_that_is_no_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(DatabaseError, match="no database URL") as refused:
        async with Database.opened("user:secret@host"):
            pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_the_tables_can_be_made_on_postgresql(table: str) -> None:
    statement = str(
        CreateTable(Base.metadata.tables[table]).compile(dialect=sa.make_url("postgresql://").get_dialect()())
    )
    assert "DATETIME" not in statement
    assert "TIMESTAMP WITH TIME ZONE" in statement or table == "endpoint_claims"
