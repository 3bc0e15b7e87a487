"""The labels of a cluster's answer as the union would show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from query.model.labels import Labels, as_labels

EXTRACTED: Final = "_extracted"


def union_labels(
    labels: Mapping[str, str], added: Labels, hidden: Iterable[str], masked: Mapping[str, str] | None = None
) -> Labels:
    """Return the labels with the cluster's constants as the union shows them.

    ``hidden`` are the constants the backend does not show; a label of that name was parsed from the line and gets the
    name it has where the stream carries the label. ``masked`` are other values the backend shows on everything in place
    of a constant; they are overridden.
    """
    changed = dict(labels)
    for name in hidden:
        value = changed.pop(name, "")
        if value and not (masked and masked.get(name) == value):
            changed[f"{name}{EXTRACTED}"] = value
    changed.update(added)
    return as_labels(changed)


def metadata_names(hidden: Iterable[str]) -> dict[str, str]:
    """Return how labels of an entry's metadata are renamed."""
    return {name: f"{name}{EXTRACTED}" for name in hidden}
