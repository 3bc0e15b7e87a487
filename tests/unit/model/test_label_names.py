"""Names encoded for a URL's path."""

import pytest

from query.model.label_names import unescape


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        ("job", "job"),
        ("U__service_2e_name", "service.name"),
        ("U__a__b", "a_b"),
        ("U___1f600_", "\U0001f600"),
        ("U__", ""),
        ("U__a_b", "U__a_b"),
        ("U___d800_", "U___d800_"),
        ("U___110000_", "U___110000_"),
    ],
)
def test_an_encoded_name_is_decoded_and_any_other_kept(encoded: str, name: str) -> None:
    assert unescape(encoded) == name
