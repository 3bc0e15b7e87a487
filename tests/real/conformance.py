"""Run the whole differential suite and write down what came out: ``python -m tests.real.conformance``.

Every query of the corpora and the table over every topology, push-down on and off, instant and range, and a number of
generated ones; each answer is compared with that of one real Prometheus that holds all the data. The result is
``docs/conformance.md``. It takes minutes; ``--thin 10`` asks every tenth query, ``--topologies`` and ``--sections``
look at a part, and whatever is not the whole says so in what it writes.

Exit code 0: nothing differs. 1: something does; the file of ``--failures`` holds each difference with both answers.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path

from tests.real.conformance_report import Part, Report, versions
from tests.real.fleet import SUITE
from tests.real.generator import generated_cases
from tests.real.running import asking, running_fleet
from tests.real.suite import Case, Suite
from tests.real.suite_cases import every_case, numbered
from tests.real.tally import Tally

ROOT = Path(__file__).parents[2]
SHUFFLED_BY = 4


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments say; return the exit code."""
    options = _parser().parse_args(argv)
    topologies = [one for one in SUITE if not options.topologies or one.name in options.topologies.split(",")]
    if not topologies:
        known = ", ".join(topology.name for topology in SUITE)
        sys.stderr.write(f"error: no such topology: {options.topologies}\n  known: {known}\n")
        return 2
    cases = _cases(options, {topology.name for topology in topologies})
    began = time.monotonic()
    with running_fleet(topologies) as (fleet, gateways):
        _say(f"servers are up after {time.monotonic() - began:.0f} s; {len(cases)} questions")

        async def run() -> tuple[Part, Part]:
            async with asking(fleet, gateways) as suite:
                written = await _part(suite, cases, options.minutes)
                seeded = generated_cases(options.seed, topologies)
                made = await _part(suite, list(islice(seeded, options.generated)), options.minutes)
                return written, made

        suite_part, generated_part = asyncio.run(run())
    report = Report(
        versions=versions(),
        took_s=time.monotonic() - began,
        suite=suite_part,
        generated=generated_part,
        seed=options.seed,
        is_whole=not (options.thin > 1 or options.topologies or options.sections),
    )
    options.failures.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(report.markdown(), encoding="utf-8")
    options.failures.write_text(report.failures(), encoding="utf-8")
    _say(report.verdict() + f"; written to {options.output}, details in {options.failures}")
    return 0 if report.passes else 1


async def _part(suite: Suite, cases: Sequence[Case], minutes: float) -> Part:
    tally = Tally(len(cases), _say)
    began = time.monotonic()
    try:
        async with asyncio.timeout(minutes * 60):
            await suite.run(cases, tally.add)
    except TimeoutError:
        _say(f"stopped after {minutes:g} minutes")
    _say(tally.line())
    return Part(tally, time.monotonic() - began)


def _cases(options: argparse.Namespace, topologies: set[str]) -> list[Case]:
    """Return the questions, in an order that makes a run that is cut short representative."""
    found = numbered()
    queries = list(chain.from_iterable(found[name] for name in found if options.sections in name))
    random.Random(SHUFFLED_BY).shuffle(queries)  # noqa: S311 - any order will do
    return [case for case in every_case(queries[:: options.thin]) if case.topology.name in topologies]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.real.conformance", description=__doc__.split("\n\n")[0])
    parser.add_argument("--thin", type=int, default=1, metavar="N", help="ask every Nth query only")
    parser.add_argument("--topologies", default="", help='only these, for instance "3 bare,5 mixed"')
    parser.add_argument("--sections", default="", metavar="TEXT", help="only sections whose name contains this")
    parser.add_argument("--generated", type=int, default=2000, metavar="N", help="generated questions besides")
    parser.add_argument("--seed", type=int, default=20_250_615, help="of the generated questions")
    parser.add_argument("--minutes", type=float, default=20.0, help="stop each of the two parts after this long")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "conformance.md", help="the report")
    parser.add_argument("--failures", type=Path, default=ROOT / "build" / "conformance.txt", help="what differs")
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


if __name__ == "__main__":
    sys.exit(main())
