"""Sealing: bound to its owner, to its key, and never altered unnoticed."""

from __future__ import annotations

import base64
import stat
import uuid
from pathlib import Path

import pytest

from lma.registry.errors import SecretError
from lma.registry.secret_box import Sealed, SecretBox, new_key, parse_keys, write_keys

OWNER = uuid.UUID(int=1)
SECRET = b"the kubeconfig of a customer"


def box(*names: str) -> SecretBox:
    return SecretBox({name: name.encode().ljust(32, b"-") for name in names})


def test_what_is_sealed_opens_and_does_not_show() -> None:
    sealed = box("k1").seal(OWNER, SECRET)
    assert SECRET not in sealed.data
    assert repr(SECRET)[2:-1] not in repr(sealed)
    assert box("k1").open(OWNER, sealed) == SECRET
    assert box("k1").seal(OWNER, SECRET).data != sealed.data


def test_another_cluster_can_not_open_it() -> None:
    sealed = box("k1").seal(OWNER, SECRET)
    with pytest.raises(SecretError, match="it was altered, or the key is another one"):
        box("k1").open(uuid.UUID(int=2), sealed)


@pytest.mark.parametrize("place", [0, 12, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = box("k1").seal(OWNER, SECRET)
    data = bytearray(sealed.data)
    data[place] ^= 1
    with pytest.raises(SecretError):
        box("k1").open(OWNER, Sealed("k1", bytes(data)))


def test_a_ring_opens_what_its_older_keys_sealed_and_seals_with_the_first() -> None:
    sealed = box("old").seal(OWNER, SECRET)
    ring = box("new", "old")
    assert ring.open(OWNER, sealed) == SECRET
    assert ring.seal(OWNER, SECRET).key_id == "new"


def test_a_key_that_is_gone_is_named() -> None:
    with pytest.raises(SecretError, match="sealed with the key 'old', which is not among those given"):
        box("new").open(OWNER, box("old").seal(OWNER, SECRET))


def test_keys_are_read_from_text_in_order() -> None:
    (first, one), (second, two) = new_key(), new_key()
    text = f"{first}:{base64.b64encode(one).decode()},\n {second}:{base64.b64encode(two).decode()}\n"
    assert list(parse_keys(text, "LMA_SEALING_KEYS").items()) == [(first, one), (second, two)]


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:abc", "k1:" + base64.b64encode(b"x" * 31).decode(), "k 1:x", "k1:" + "é" * 44]
)
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SecretError, match="LMA_SEALING_KEYS: entry 1 is no key") as caught:
        parse_keys(text, "LMA_SEALING_KEYS")
    assert not text or text not in str(caught.value)


def test_a_key_twice_is_refused() -> None:
    key = base64.b64encode(b"x" * 32).decode()
    with pytest.raises(SecretError, match="entry 2"):
        parse_keys(f"k1:{key} k1:{key}", "keys")


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = dict([new_key()])
    write_keys(path, keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert parse_keys(path.read_text(), str(path)) == keys
    assert [item.name for item in tmp_path.iterdir()] == ["keys"]
