"""limit_ratio: the samples whose series hash below (or, for a negative ratio, above) a share of all hashes.

Follows ``HashRatioSampler`` of Prometheus 3.16 as it is built by default: xxHash of the labels in their packed form.
The hash covers every label, those that tell clusters apart included, and other builds pack labels differently, so this
is only computed where the whole label set is known: here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import xxhash

from query.model.errors import ExecutionError
from query.model.frames import Floats, Frame, Notes
from query.model.labels import Labels
from query.promql.evaluate.annotations import invalid_ratio

_GREATEST_HASH: Final = float(2**64 - 1)
_ONE_BYTE: Final = 255


def limit_ratio(frame: Frame, ratio: Floats) -> tuple[Frame, Notes]:
    """Return at every step the samples that ``ratio`` (``float64[steps]``) admits, and what is to be said of it.

    Groups do not matter: each sample is chosen by its own labels. ``ExecutionError`` if a ratio is NaN.
    """
    if not ratio.any() or not frame.series:
        return Frame.empty(frame.grid), Notes()
    if np.isnan(ratio).any():
        raise ExecutionError("Ratio value is NaN")
    greatest, least = float(ratio.max()), float(ratio.min())
    warnings = [invalid_ratio(greatest, 1.0)] if greatest > 1 else []
    warnings += [invalid_ratio(least, -1.0)] if least < -1 else []
    offsets = np.array([label_hash(labels) / _GREATEST_HASH for labels in frame.labels])[:, None]
    capped = np.clip(ratio, -1.0, 1.0)
    admitted = ((capped > 0) & (offsets < capped)) | ((capped < 0) & (offsets >= 1.0 + capped))
    chosen = frame.present & admitted
    return Frame.of(frame.grid, frame.labels, frame.values, chosen, frame.histograms), Notes(tuple(warnings))


def label_hash(labels: Labels) -> int:
    """Return the hash of a label set."""
    packed = bytearray()
    for text in (text for pair in labels for text in pair):
        encoded = text.encode("utf-8", "surrogateescape")
        packed += _size(len(encoded)) + encoded
    return xxhash.xxh64_intdigest(bytes(packed))


def _size(length: int) -> bytes:
    return bytes([length]) if length < _ONE_BYTE else bytes([_ONE_BYTE]) + length.to_bytes(3, "little")
