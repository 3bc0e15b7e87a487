"""Command line options of the test suite, and what may run side by side.

``make test`` runs several processes (pytest-xdist). Tests that share real servers must stay in one of them, or each
process would start servers of its own; everything else is handed out file by file, the long ones first.

Generated tests take the same examples on every run; ``HYPOTHESIS_PROFILE=explore make test`` looks for new ones. An
example may take as long as its test: on a busy machine a limit of its own fails at random.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

ROOT: Final = Path(__file__).parent
FIRST: Final = ("real", "demo", "service", "parts", "cli", "client")
"""Folders by how long their tests take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.path.relative_to(ROOT)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand tests out group by group (``xdist_group`` marks have no effect under pytest 9.2 with pytest-xdist 3.8)."""
    return _GroupScheduling(config, log)


class _GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist is untyped
    def _split_scope(self, nodeid: str) -> str:
        return _group((ROOT.parent / nodeid.split("::", 1)[0]).relative_to(ROOT))


def _group(path: Path) -> str:
    if path.parts[0] != "real":
        return path.as_posix()
    if len(path.parts) > 2:
        return path.parent.as_posix()
    if path.name in {"test_promql.py", "test_generated.py"}:
        return "real/suite"
    if path.name == "test_logql.py":
        return path.as_posix()  # as long as everything else of their kind; starting the servers again takes seconds
    return "real/logs" if path.name.startswith("test_log") else "real/metrics"


def _rank(path: Path) -> tuple[int, str]:
    folder = path.parts[0]
    return (FIRST.index(folder) if folder in FIRST else len(FIRST), _group(path))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the tests on real Kubernetes clusters unless they were asked for: they need root and minutes."""
    is_cluster = collection_path.is_relative_to(ROOT / "cluster")
    return True if is_cluster and not config.getoption("--clusters") else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clusters", action="store_true", help="run tests/cluster too, on real Kubernetes clusters")
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


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts what runs in its background with SIGINT ignored, and every program the tests start inherits that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--update-refused") and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--update-refused needs the whole corpus in one process: leave out -n")
