"""Where the keys that seal credentials come from, and how they are rotated.

``LMA_SEALING_KEYS`` in the environment wins: whoever sets it keeps the keys, and rotates by putting a new one first.
Otherwise they are in a file that only the service's user can read; the first start makes it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lma.registry.errors import SecretError
from lma.registry.ledger import Ledger
from lma.registry.secret_box import SecretBox, new_key, parse_keys, write_keys

ENVIRONMENT: Final = "LMA_SEALING_KEYS"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the key in use now, how many secrets were sealed anew, and where the keys are."""

    key_id: str
    resealed: int
    source: str


class SealingKeys:
    """The keys of a service, from one source."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def box(self) -> SecretBox:
        """Return the box with the present keys, making the first one where there is none; ``SecretError``."""
        return SecretBox(self._read())

    async def rotate(self, ledger: Ledger) -> Rotated:
        """Seal everything with a new key, and take the old ones away where the file is ours.

        Cut off at any moment, every secret still opens: the new key is written before it is used, the old ones go last.
        """
        keys = self._read()
        if os.environ.get(ENVIRONMENT):
            box = SecretBox(keys)
            return Rotated(box.key_id, await ledger.reseal(box), f"the environment ({ENVIRONMENT})")
        key_id, key = new_key()
        self._write({key_id: key, **keys})
        resealed = await ledger.reseal(SecretBox({key_id: key, **keys}))
        self._write({key_id: key})
        return Rotated(key_id, resealed, str(self._file))

    def _read(self) -> dict[str, bytes]:
        given = os.environ.get(ENVIRONMENT)
        if given:
            return parse_keys(given, ENVIRONMENT)
        try:
            return parse_keys(self._file.read_text(encoding="ascii"), str(self._file))
        except FileNotFoundError:
            key_id, key = new_key()
            self._write({key_id: key})
            return {key_id: key}
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(error) from error

    def _write(self, keys: dict[str, bytes]) -> None:
        try:
            write_keys(self._file, keys)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> SecretError:
        why = getattr(error, "strerror", None) or "it is no text"
        return SecretError(
            f"the key file {self._file} can't be used: {why}",
            f"correct its permissions, name another with sealing_keys_file, or set {ENVIRONMENT}",
        )
