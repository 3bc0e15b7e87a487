"""``lma demo`` as a function: everything from the options to the exit code, for the command line to call.

What a person did wrong, or what is missing, is told in one message with its remedy. Ctrl-C (or SIGTERM)
ends it at any moment and stops everything that was started; a second one does not wait for a clean stop.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from lma import parts
from lma.demo.check import ask
from lma.demo.check import check as check_all
from lma.demo.cluster import BINARIES
from lma.demo.errors import DemoError
from lma.demo.guide import show_guide
from lma.demo.playground import Playground
from lma.demo.ports import Ports, require_free
from lma.demo.questions import Inquiry
from lma.demo.questions.metrics import rates_by_cluster
from lma.demo.state import state_folder
from lma.demo.status import follow
from lma.parts.errors import PartsError

DEFAULT_PORT = 9090
OK, FAILED, INTERRUPTED = 0, 1, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says: ``only_check`` asks, tells and stops; ``keep`` leaves the files."""

    only_check: bool = False
    port: int
    state_dir: Path | None = None
    keep: bool = False


def run(
    check: bool = False,  # noqa: FBT001, FBT002 - the command line's option of that name
    port: int | None = None,
    state_dir: Path | None = None,
    keep: bool = False,  # noqa: FBT001, FBT002 - the command line's option of that name
) -> int:
    """Run the demo and return the exit code: 0 after Ctrl-C or if every answer was right, else 1.

    Without ``port`` people find the service at the port that ``lma query`` asks by default; a check, which nobody
    else talks to, takes whatever the system gives. Port 0 does so in any case.
    """
    wanted = port if port is not None else 0 if check else DEFAULT_PORT
    try:
        with Ports() as ports:
            if wanted:
                require_free(wanted)
            options = Options(only_check=check, port=wanted or ports.take(), state_dir=state_dir, keep=keep)
            binaries = parts.ensure(BINARIES)
            return asyncio.run(run_demo(options, binaries, Console(highlight=False)))
    except (DemoError, PartsError) as error:
        _complain(str(error))
        return FAILED
    except BaseExceptionGroup as group:
        known, unknown = group.split((DemoError, PartsError))
        if known is None or unknown is not None:
            raise
        for leaf in _leaves(known):
            _complain(str(leaf))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


async def run_demo(options: Options, binaries: Mapping[str, Path], console: Console) -> int:
    """Bring everything up, then check or guide, until done or signalled; leave nothing running."""
    work = asyncio.create_task(_run(options, binaries, console))
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        console.print("stopped everything that was started")
        return INTERRUPTED if options.only_check else OK
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(sign)


async def _run(options: Options, binaries: Mapping[str, Path], console: Console) -> int:
    began = time.monotonic()
    with state_folder(options.state_dir, keep=options.keep) as folder:
        playground = Playground(folder, port=options.port, binaries=binaries)
        console.print(f"starting {len(playground.clusters)} clusters and the service …")
        async with playground:
            await playground.start(lambda line: console.print(f"  {line}", markup=False))
            if not options.only_check:
                await _wait_for_data(playground)
                await show_guide(playground, console)
                await follow(playground, console)
            is_right = await check_all(playground, console)
        console.print(f"stopped everything; {time.monotonic() - began:.0f} s in all")
        if options.keep or options.state_dir is not None:
            console.print(f"files are kept in {folder}", markup=False, soft_wrap=True)
        return OK if is_right else FAILED


async def _wait_for_data(playground: Playground) -> None:
    """Wait until every cluster has a rate to show; the guide shows the answer even if one has none."""
    async with httpx.AsyncClient(timeout=10.0, trust_env=False) as http:
        inquiry = Inquiry(
            service=playground.service, clusters=playground.clusters, binaries=playground.binaries, http=http
        )
        await ask(inquiry, rates_by_cluster)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the exceptions of a group, however deeply nested."""
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def _complain(message: str) -> None:
    Console(stderr=True, highlight=False).print(f"lma demo: {message}", markup=False, soft_wrap=True)
