"""What answering a LogQL query gives, ready to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from query.backends.outcome import Completeness
from query.model.frames import Notes


@dataclass(frozen=True, slots=True)
class LogsAnswer:
    """A result ready to be written: ``elements`` are the JSON texts of the result array, or of the whole result."""

    result_type: str
    elements: list[bytes]
    stats: Mapping[str, Any]
    notes: Notes
    completeness: Completeness
    is_array: bool = True
