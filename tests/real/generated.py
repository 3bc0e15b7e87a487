"""Look for differences with generated questions: ``python -m tests.real.generated --count 20000 --seed 7``.

Prints the seed, progress, and for every difference the question and the smallest one like it that was found. Exit code
1 if there was any. The same seed asks the same questions.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from tests.real.fleet import SUITE, Fleet
from tests.real.generator import generated_cases
from tests.real.running import asking, running_fleet
from tests.real.shrink import shrunk
from tests.real.suite import Outcome, Result, Suite
from tests.real.tally import KEPT, Tally

SHRUNK_AT_MOST = 40


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments say; return the exit code."""
    options = _parser().parse_args(argv)
    topologies = [one for one in SUITE if not options.topologies or one.name in options.topologies.split(",")]
    tally = Tally(options.count, _say)
    with running_fleet(topologies) as (fleet, gateways):
        _say(f"seed {options.seed}: {options.count} questions")
        tally.begin()
        lines = asyncio.run(_run(options, fleet, gateways, tally))
    _say(tally.line())
    for outcome, count in sorted(tally.sums().items()):
        sys.stdout.write(f"{count:7} {outcome}\n")
    sys.stdout.write(f"seed {options.seed}\n")
    options.failures.parent.mkdir(parents=True, exist_ok=True)
    options.failures.write_text("\n".join(lines), encoding="utf-8")
    if lines:
        _say(f"details in {options.failures}")
    return 1 if any(tally.sums()[outcome] for outcome in KEPT) else 0


async def _run(options: argparse.Namespace, fleet: Fleet, gateways: Mapping[str, str], tally: Tally) -> list[str]:
    topologies = [one for one in SUITE if one.name in gateways]
    async with asking(fleet, gateways) as suite:
        cases = islice(generated_cases(options.seed, topologies), options.skip, options.skip + options.count)
        await suite.run(cases, tally.add)
        lines = [
            f"{result.case.query}\n  {result.case.where}: {result.text}\n" for result in tally.queries(Outcome.REFUSED)
        ]
        for outcome in (Outcome.FAILED, Outcome.DIFFERENT):
            for result in tally.queries(outcome)[:SHRUNK_AT_MOST]:
                lines.append(await _smallest(suite, result))
                _say(lines[-1].splitlines()[0])
    return lines


async def _smallest(suite: Suite, result: Result) -> str:
    async def still_fails(query: str) -> bool:
        return (await suite.judge(replace(result.case, query=query))).outcome is result.outcome

    query = await shrunk(result.case.query, still_fails)
    smallest = await suite.judge(replace(result.case, query=query))
    return f"{query}\n{smallest.text}\n(made smaller from {result.case.query})\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.real.generated", description=__doc__.split("\n\n")[0])
    parser.add_argument("--count", type=int, default=20_000, metavar="N", help="questions (default: %(default)s)")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N of the seed")
    parser.add_argument("--seed", type=int, default=20_250_615)
    parser.add_argument("--topologies", default="", help='only these, for instance "3 bare,5 mixed"')
    parser.add_argument("--failures", type=Path, default=Path("build") / "generated.txt", help="what differs")
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


if __name__ == "__main__":
    sys.exit(main())
