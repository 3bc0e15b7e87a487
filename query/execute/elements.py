"""The elements of a result array, made when they are sent.

An answer whose samples are passed on untouched is large; writing it all out before the first byte goes would hold it
twice. So the raw lane keeps what came in and the labels it is to get, and joins them piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import msgspec

from query.model.labels import Labels
from query.wire.prometheus import SeriesBody
from query.wire.samples import series_json


class SeriesElements(Sequence[bytes]):
    """Series with the labels they are to have; each is written when it is read."""

    def __init__(self, listed: Sequence[tuple[Labels, SeriesBody]]) -> None:
        self._listed = listed

    def __len__(self) -> int:
        return len(self._listed)

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> SeriesElements: ...

    def __getitem__(self, place: int | slice) -> bytes | SeriesElements:
        if isinstance(place, slice):
            return SeriesElements(self._listed[place])
        labels, body = self._listed[place]
        return series_json(body, labels)

    def __iter__(self) -> Iterator[bytes]:
        return (series_json(body, labels) for labels, body in self._listed)

    @property
    def size(self) -> int:
        """Bytes of the samples that are held."""
        return sum(
            len(payload)
            for _, body in self._listed
            for payload in (body.value, body.values, body.histogram, body.histograms)
            if not isinstance(payload, msgspec.UnsetType)
        )


def size_of(elements: Sequence[bytes]) -> int:
    """Return about how many bytes the elements are, without writing them."""
    return elements.size if isinstance(elements, SeriesElements) else sum(map(len, elements))
