"""``python -m lma.parts``: build, find and list the parts without the rest of LMA Federation installed.

The Makefile calls this before anything else runs, so it stays on the standard library and rich.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from rich.console import Console
from rich.table import Table

from lma.parts import BINARIES, PARTS, ensure, find, run_checks
from lma.parts.catalog import lookup
from lma.parts.doctor import Check, Status
from lma.parts.errors import PartsError

INTERRUPTED = 130
_COLOURS = {Status.OK: "green", Status.WARN: "yellow", Status.OUTDATED: "red", Status.MISSING: "red"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        match options.command:
            case "build":
                for name, path in ensure(options.names or _everyday()).items():
                    print(f"{name}\t{path}")  # noqa: T201 - the command's output
            case "path":
                return _print_path(options.name)
            case "list":
                for name, (part, _) in BINARIES.items():
                    print(f"{name}\t{part.version}\t{find(name) or '-'}")  # noqa: T201 - the command's output
            case _:
                return _print_checks(run_checks())
    except PartsError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the command's output
        return 1
    except KeyboardInterrupt:
        print("interrupted; what Go compiled so far is kept", file=sys.stderr)  # noqa: T201 - the command's output
        return INTERRUPTED
    return 0


def _everyday() -> list[str]:
    return [binary.name for part in PARTS if part.is_everyday for binary in part.binaries]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lma.parts", description="The real programs LMA stands on.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="find or build binaries (if none is named, all but Kubernetes)")
    build.add_argument("names", nargs="*", metavar="NAME")
    path = commands.add_parser("path", help="print where a binary is; fails if it is not there yet")
    path.add_argument("name", metavar="NAME")
    commands.add_parser("list", help="list the binaries, the versions and where they are")
    commands.add_parser("doctor", help="check the machine")
    return parser


def _print_path(name: str) -> int:
    part, _ = lookup(name)
    path = find(name)
    if path is None:
        print(  # noqa: T201 - the command's output
            f"error: {name} {part.version} is not there yet\n  remedy: python -m lma.parts build {name}",
            file=sys.stderr,
        )
        return 1
    print(path)  # noqa: T201 - the command's output
    return 0


def _print_checks(checks: list[Check]) -> int:
    table = Table("check", "status", "detail", "what to do", box=None)
    for check in checks:
        table.add_row(check.name, f"[{_COLOURS[check.status]}]{check.status}[/]", check.detail, check.remedy)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return int(any(check.status in {Status.MISSING, Status.OUTDATED} for check in checks))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Let SIGTERM end a build the way Ctrl-C does: with its compilers."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
