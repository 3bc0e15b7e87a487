"""Fuzz both parsers for a while: ``python -m tests.fuzz --minutes 10``.

Prints the seed, progress, and every finding; exit code 1 if there was any. See :mod:`tests.fuzz.parsers` for what must
hold, and :mod:`tests.fuzz.corpus` for where it starts from.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from tests.fuzz.corpus import CRASHERS, seeds
from tests.fuzz.mutations import Mutator
from tests.fuzz.parsers import LANGUAGES, Finding, Language, examine

FINDINGS_AT_MOST = 50
TURN = 200
PROGRESS_EVERY_S = 30.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    options = parser.parse_args(argv)
    print(f"seed {options.seed}, {options.minutes:g} minutes", flush=True)
    findings = list(crashers())
    texts = {language: iter(Mutator(seeds(language), options.seed)) for language in LANGUAGES}
    examined = accepted = 0
    began = said = time.monotonic()
    while time.monotonic() - began < options.minutes * 60 and len(findings) < FINDINGS_AT_MOST:
        for language in LANGUAGES:
            for found in _turn(language, texts[language]):
                examined += 1
                if isinstance(found, Finding):
                    findings.append(found)
                    print(found, flush=True)
                else:
                    accepted += found
        if time.monotonic() - said > PROGRESS_EVERY_S:
            said = time.monotonic()
            print(f"{examined} texts, {accepted} accepted, {len(findings)} findings", flush=True)
    print(f"{examined} texts, {accepted} accepted, {len(findings)} findings (seed {options.seed})")
    return 1 if findings else 0


def crashers() -> Iterator[Finding]:
    """Yield what is found with the texts that were made to break parsers."""
    for language in LANGUAGES:
        for text in CRASHERS.values():
            found = examine(language, text)
            if isinstance(found, Finding):
                print(found, flush=True)
                yield found


def _turn(language: Language, texts: Iterator[str]) -> Iterator[Finding | bool]:
    for text in islice(texts, TURN):
        yield examine(language, text)


if __name__ == "__main__":
    sys.exit(main())
