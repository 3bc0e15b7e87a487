"""Endpoint URLs are brought to one form, or refused with what to do."""

import pytest

from query.backends.url import checked_url


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("http://Prometheus.Example:9090/", "http://prometheus.example:9090"),
        ("https://host/prefix/", "https://host/prefix"),
        ("http://[::1]:9090", "http://[::1]:9090"),
        ("http://127.0.0.1:3100", "http://127.0.0.1:3100"),
    ],
)
def test_the_canonical_form(written: str, canonical: str) -> None:
    assert checked_url(written) == canonical


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("prometheus:9090", "http or https"),
        ("ftp://host", "http or https"),
        ("http://", "http or https"),
        ("http://user:secret@host", "user or password"),
        ("http://host/?a=b", "query or fragment"),
        ("http://host/#x", "query or fragment"),
        ("http://host:99999", "no URL"),
        ("http://ho st", "white space"),
        ("http://host/\x00", "white space or control"),
    ],
)
def test_what_is_no_endpoint_is_refused_without_repeating_a_secret(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        checked_url(written)
    assert "secret" not in str(caught.value)
