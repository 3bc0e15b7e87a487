"""A connection's token: renewed in time, once for all who wait, kept while renewing fails, replaced when refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from lma.clusters.access import ClusterAccess
from lma.clusters.connection import Connection, Token
from lma.clusters.errors import ConnectorError
from query.backends.base import BackendError, Failure

ACCESS = ClusterAccess("https://10.0.0.1:6443")


class Source:
    """Gives numbered tokens, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fetched = 0
        self.fails = fails

    async def fetch(self, connection: Connection) -> Token:  # noqa: ARG002  the protocol's
        self.fetched += 1
        await asyncio.sleep(0)
        if self.fails:
            raise ConnectorError("Unreachable", "no answer", "wait", is_transient=True)
        return token(f"new-{self.fetched}", left=timedelta(hours=1))


def token(value: str, *, left: timedelta, life: timedelta = timedelta(hours=1)) -> Token:
    """Return a token with that much of its life left."""
    ends = datetime.now(UTC) + left
    return Token(value, ends - life, ends)


def bearer(value: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {value}"}


async def test_a_fresh_token_is_used_as_it_is() -> None:
    source = Source()
    connection = Connection(ACCESS, token=token("old", left=timedelta(minutes=30)), source=source)
    assert (await connection.headers(), source.fetched) == (bearer("old"), 0)


async def test_after_four_fifths_of_its_life_it_is_renewed_once_for_all_who_ask() -> None:
    source = Source()
    connection = Connection(ACCESS, token=token("old", left=timedelta(minutes=11)), source=source)
    assert set(map(str, await asyncio.gather(*(connection.headers() for _ in range(20))))) == {str(bearer("new-1"))}
    assert source.fetched == 1


async def test_while_renewing_fails_the_old_one_serves_and_is_not_asked_for_each_time() -> None:
    source = Source(fails=True)
    connection = Connection(ACCESS, token=token("old", left=timedelta(minutes=5)), source=source)
    for _ in range(10):
        assert await connection.headers() == bearer("old")
    assert source.fetched == 1


async def test_a_token_that_is_over_and_can_not_be_renewed_is_told() -> None:
    connection = Connection(ACCESS, token=token("old", left=timedelta(seconds=-1)), source=Source(fails=True))
    with pytest.raises(BackendError, match="can't be renewed: no answer") as caught:
        await connection.headers()
    assert caught.value.failure is Failure.REFUSED


async def test_a_refused_token_is_replaced_once_for_all_who_were_refused() -> None:
    source = Source()
    connection = Connection(ACCESS, token=token("old", left=timedelta(minutes=30)), source=source)
    assert all(await asyncio.gather(*(connection.renew(bearer("old")) for _ in range(20))))
    assert (await connection.headers(), source.fetched) == (bearer("new-1"), 1)


async def test_what_can_not_be_renewed_stays_refused() -> None:
    fixed = Connection(ClusterAccess("https://10.0.0.1:6443", token="fixed"))
    assert not await fixed.renew(bearer("fixed"))
    failing = Connection(ACCESS, token=token("old", left=timedelta(minutes=30)), source=Source(fails=True))
    assert not await failing.renew(bearer("old"))


async def test_a_client_certificate_sends_no_header() -> None:
    assert Connection(ACCESS).transport.authorizer is None


def test_nothing_secret_is_shown() -> None:
    connection = Connection(ClusterAccess("https://10.0.0.1:6443", token="s3cret"))
    assert "s3cret" not in f"{connection.access!r} {connection.transport!r} {Token('s3cret', datetime.now(UTC))!r}"
