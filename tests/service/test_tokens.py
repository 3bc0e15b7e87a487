"""Tokens: recognisable, checkable offline, kept only as a digest."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lma.registry.database import Database
from lma.registry.migrate import migrate
from lma.registry.token_store import TokenStore
from lma.registry.tokens import digest_of, hint_of, is_known, is_well_formed, new_token


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "lma.db") as opened:
        await migrate(opened)
        yield opened


def is_anywhere_in(folder: Path, token: str) -> bool:
    return any(token.encode() in file.read_bytes() for file in folder.iterdir())


def forget(_token: str) -> None:
    """Keep nothing."""


def test_the_form_of_a_token_is_pinned() -> None:
    token = new_token("admin")
    assert re.fullmatch(r"lma_admin_[0-9A-Za-z]{46}", token)
    assert is_well_formed(token)
    assert len({new_token("admin") for _ in range(200)}) == 200


def test_the_checksum_of_a_known_token_does_not_change_between_versions() -> None:
    assert is_well_formed("lma_admin_" + "0123456789" * 4 + KNOWN_CHECKSUM)


KNOWN_CHECKSUM = "3xzs7V"


@given(st.integers(min_value=0, max_value=55), st.sampled_from("0aZ_!"))
def test_one_wrong_character_is_noticed(place: int, wrong: str) -> None:
    token = new_token("admin")
    changed = token[:place] + wrong + token[place + 1 :]
    assert is_well_formed(changed) == (changed == token)


@given(st.text(max_size=300))
def test_any_text_can_be_presented(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_known(text, [digest_of(new_token("admin"))])


def test_a_hint_does_not_let_anybody_in() -> None:
    token = new_token("admin")
    assert token.startswith(hint_of(token))
    assert len(token) - len(hint_of(token)) > 40


async def test_the_first_token_is_accepted_and_only_its_digest_is_kept(database: Database, tmp_path: Path) -> None:
    store = await TokenStore.loaded(database)
    assert store.is_empty()
    token = await store.reset_admin(forget)
    assert store.accepts(token)
    assert not store.accepts(token[:-1])
    assert not store.accepts("")
    assert not is_anywhere_in(tmp_path, token)
    assert (await TokenStore.loaded(database)).accepts(token)


async def test_a_new_token_ends_the_old_one(database: Database) -> None:
    store = await TokenStore.loaded(database)
    old = await store.reset_admin(forget)
    new = await store.reset_admin(forget)
    assert (store.accepts(old), store.accepts(new)) == (False, True)


async def test_a_token_that_could_not_be_kept_never_becomes_valid(database: Database) -> None:
    store = await TokenStore.loaded(database)
    old = await store.reset_admin(forget)
    shown: list[str] = []

    def fail(token: str) -> None:
        shown.append(token)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await store.reset_admin(fail)
    for present in (store, await TokenStore.loaded(database)):
        assert present.accepts(old)
        assert not present.accepts(shown[0])
