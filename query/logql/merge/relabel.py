"""The labels of a cluster's answer as the union would show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from query.model.labels import Labels

EXTRACTED: Final = "_extracted"


def union_labels(
    labels: Mapping[str, str], added: Labels, hidden: Labels, masked: Mapping[str, str] | None = None
) -> Labels:
    """Return the labels with the cluster's constants as the union shows them.

    ``hidden`` are the constants the backend is not known to show. A label of such a name is one of three things: the
    constant after all; one of the ``masked``, other values the backend shows on everything in the constant's place,
    which are overridden; or a field parsed from the line, which gets the name it has where the stream has the label.
    Empty values stay: Loki shows a field that was looked for and not found as an empty label.
    """
    changed = dict(labels)
    for name, constant in hidden:
        value = changed.pop(name, None)
        if value is not None and value != constant and not (masked and masked.get(name) == value):
            changed[f"{name}{EXTRACTED}"] = value
    changed.update(added)
    return tuple(sorted(changed.items()))


def metadata_names(hidden: Labels) -> dict[str, str]:
    """Return how labels of an entry's metadata are renamed."""
    return {name: f"{name}{EXTRACTED}" for name, _ in hidden}
