"""The answer of a metadata endpoint of either API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from query.backends.outcome import Completeness
from query.model.frames import Notes


@dataclass(frozen=True, slots=True)
class MetadataAnswer:
    """``data`` of an answer, ready to be encoded."""

    data: Any
    notes: Notes
    completeness: Completeness
