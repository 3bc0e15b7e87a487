"""Labels: the identity of a series or stream.

``Labels`` is a tuple of (name, value) pairs sorted by name, without empty values (Prometheus treats an empty label as
absent). Tuples because they are hashed and compared far more often than read.

Example::

    >>> as_labels({"job": "shop", "cluster": "seoul", "empty": ""})
    (('cluster', 'seoul'), ('job', 'shop'))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]

METRIC_NAME: Final = "__name__"
NO_LABELS: Final[Labels] = ()
LEGACY_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z", re.ASCII)
LEGACY_METRIC_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z", re.ASCII)


def as_labels(pairs: Mapping[str, str]) -> Labels:
    """Return the canonical form of ``pairs``: sorted by name in byte order, empty values dropped."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value != ""))


def with_constants(labels: Labels, constants: Mapping[str, str]) -> Labels:
    """Return ``labels`` with ``constants`` set, overriding what is there (as external labels do upstream)."""
    merged = dict(labels)
    merged.update(constants)
    return as_labels(merged)


def keep(labels: Labels, names: Iterable[str]) -> Labels:
    """Return only the labels named, as ``by (names)`` does."""
    wanted = frozenset(names)
    return tuple(pair for pair in labels if pair[0] in wanted)


def drop(labels: Labels, names: Iterable[str]) -> Labels:
    """Return the labels not named; as ``without (names)`` does once the metric name is among them."""
    unwanted = frozenset(names)
    return tuple(pair for pair in labels if pair[0] not in unwanted)


def show(labels: Labels) -> str:
    """Return the text Prometheus uses in messages, ``{a="b", c="d"}``."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"
