"""``python -m lma.demo.workload shop|traffic|ship``."""

from __future__ import annotations

import argparse
import asyncio
import sys

from lma.demo.workload import ship, shop, traffic

PROGRAMS = {"shop": shop, "traffic": traffic, "ship": ship}


def main() -> int:
    """Run one of the programs until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m lma.demo.workload")
    commands = parser.add_subparsers(dest="program", required=True)
    for name, module in PROGRAMS.items():
        module.add_arguments(commands.add_parser(name, help=(module.__doc__ or "").partition("\n")[0]))
    options = parser.parse_args()
    asyncio.run(PROGRAMS[options.program].run(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
