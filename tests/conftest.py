"""Command line options of the test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("differential", "differential tests against real servers (tests/real)")
    group.addoption(
        "--generated",
        type=int,
        default=200,
        metavar="N",
        help="compare N generated PromQL expressions (default: %(default)s; thousands find more)",
    )
    group.addoption(
        "--seed",
        type=int,
        default=20_250_615,
        metavar="S",
        help="seed of the generated expressions (default: %(default)s); a failure prints it",
    )
    group.addoption(
        "--update-refused",
        action="store_true",
        help="rewrite the lists of refused queries from what the gateway refuses now, instead of checking them",
    )
