"""What a check says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lma.clusters.preflight.facts import Facts


class Outcome(StrEnum):
    """``fail`` means that registering, or asking the data, will not work; ``warn`` that something will be missing."""

    PASS = "pass"  # noqa: S105  no password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, what was seen, and what to do about it where it is no pass."""

    outcome: Outcome
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A name that stays, and the function that judges."""

    name: str
    judge: Callable[[Facts], Verdict]


def passed(message: str) -> Verdict:
    """Return a pass."""
    return Verdict(Outcome.PASS, message)


def warned(message: str, remedy: str) -> Verdict:
    """Return a warning."""
    return Verdict(Outcome.WARN, message, remedy)


def failed(message: str, remedy: str) -> Verdict:
    """Return a failure."""
    return Verdict(Outcome.FAIL, message, remedy)
