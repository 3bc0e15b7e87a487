"""The text of ``docs/conformance.md``."""

from __future__ import annotations

import datetime as dt
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import lma.parts
from tests.real.comparison import LAST_DIGIT
from tests.real.pushdown_coverage import coverage, summary_lines
from tests.real.suite import Outcome
from tests.real.suite_cases import all_sections
from tests.real.tally import Tally

REASONS: Final[Mapping[Outcome, str]] = {
    Outcome.IDENTICAL: "every label, timestamp, value, warning and error class is the oracle's",
    Outcome.LAST_DIGIT: (
        f"values differ by at most {LAST_DIGIT:g} (relative): floats were added up in another order than one server "
        "adds them"
    ),
    Outcome.CHOICE: "of equal samples another one was kept, which PromQL leaves open",
    Outcome.AS_THANOS: (
        "over Thanos Query, and equal to what one Thanos Query over all clusters answers: it flattens counters before "
        "rates see them (thanos#3644), and its engine is an older one"
    ),
    Outcome.UNSPOKEN: "the query uses syntax that this Thanos does not know, and one Thanos over everything refuses it",
    Outcome.UNDECIDED: (
        "Prometheus and Thanos disagree about this query, and the answer is made of both: clusters behind bare servers "
        "and behind Thanos, or what a cluster's Thanos and what the gateway computed"
    ),
    Outcome.UNSEEN: (
        "one server fails on duplicates of one side in a cluster where the other side has nothing; such a cluster is "
        "not asked"
    ),
    Outcome.NOTES: (
        "the same rows, but a warning is missing about data that the matchers on cluster labels make irrelevant, or "
        "histograms are remarked upon below a function that makes one Prometheus read their counts and sums only"
    ),
    Outcome.SLIP: (
        "one Prometheus forgets `@` below two subqueries that begin at the same time; the gateway, which "
        "computed it here, does not"
    ),
    Outcome.EMPTY_SIDE: (
        "a quantile in the zero bucket of a histogram with empty buckets only on one side, which JSON does not show"
    ),
    Outcome.REFUSED: "the gateway says that it can't compute this exactly",
    Outcome.DIFFERENT: "a bug",
    Outcome.FAILED: "no answer in time, or one that is no Prometheus envelope: a bug",
}
BAD: Final = (Outcome.DIFFERENT, Outcome.FAILED, Outcome.REFUSED)
LISTED_AT_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One of the two halves of a run."""

    tally: Tally
    took_s: float

    @property
    def is_cut_short(self) -> bool:
        """True if not every question was asked."""
        return self.tally.sums().total() < self.tally.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run, to be written down."""

    versions: Mapping[str, str]
    took_s: float
    suite: Part
    generated: Part
    seed: int
    is_whole: bool

    @property
    def passes(self) -> bool:
        """True if nothing is different and nothing failed or was refused."""
        return not any(self._sums()[outcome] for outcome in BAD)

    def verdict(self) -> str:
        """Return the outcome in a sentence."""
        sums = self._sums()
        bad = ", ".join(f"{sums[outcome]} {outcome}" for outcome in BAD if sums[outcome])
        return f"{sums.total()} questions, " + (bad or "no unexplained difference")

    def markdown(self) -> str:
        """Return the report."""
        return "\n".join([*self._head(), *self._suite(), *self._generated(), *self._pushed(), *self._listed(), ""])

    def failures(self) -> str:
        """Return every difference with both answers."""
        texts = [
            f"## {outcome}: {result.case.query}\n{result.text}\n"
            for part in (self.suite, self.generated)
            for outcome in BAD
            for result in part.tally.queries(outcome)
        ]
        return "\n".join(texts)

    def _sums(self) -> Counter[Outcome]:
        return self.suite.tally.sums() + self.generated.tally.sums()

    def _head(self) -> list[str]:
        queries = sum(len(section.queries) for section in all_sections())
        today = dt.datetime.now(dt.UTC).date()
        rows = [f"| {name} | {value} |" for name, value in self.versions.items()]
        return [
            "# Conformance",
            "",
            "Written by `python -m tests.real.conformance`; don't edit.",
            "",
            f"**{self.verdict()}** ({today}, {self.took_s / 60:.0f} minutes).",
            "" if self.is_whole else "\nThis was a part of the suite only.\n",
            f"{queries:,} expressions are asked of gateways over 1, 2, 3 and 5 clusters, behind bare Prometheus,",
            "Thanos Query, and a mix of both, with push-down on and off, as instant and as range queries. Every",
            "answer is compared with that of one real Prometheus that holds all the series, each with its cluster's",
            "labels: result type, label sets, timestamps, values to the bit, order, warnings, infos, status and error",
            "type. `tests/real/comparison.py` holds the rules.",
            "",
            "| part | version |",
            "|---|---|",
            *rows,
        ]

    def _suite(self) -> list[str]:
        return ["", "## The suite", "", *_cut(self.suite), *_table(self.suite.tally), *_legend(self.suite.tally)]

    def _generated(self) -> list[str]:
        tally = self.generated.tally
        if not tally.total:
            return []
        rate = tally.sums().total() / max(self.generated.took_s, 1e-3)
        return [
            "",
            "## Generated expressions",
            "",
            f"{tally.sums().total():,} expressions from seed {self.seed} over random topologies, times and modes",
            f"({rate:.0f} a second). `python -m tests.real.generated --seed {self.seed}` repeats them and goes on.",
            "",
            *_cut(self.generated),
            *_table(tally),
        ]

    def _pushed(self) -> list[str]:
        return ["", "## Push-down", "", *summary_lines(coverage())]

    def _listed(self) -> list[str]:
        lines: list[str] = []
        for outcome in BAD:
            found = {
                result.case.query: result
                for part in (self.suite, self.generated)
                for result in part.tally.queries(outcome)
            }
            if found:
                lines += ["", f"## {str(outcome).capitalize()}: {len(found)} queries", ""]
                lines += [f"- `{result.case.query}` ({result.case.where})" for result in found.values()][
                    :LISTED_AT_MOST
                ]
                lines += [f"- … and {len(found) - LISTED_AT_MOST} more"] if len(found) > LISTED_AT_MOST else []
        return lines


def versions() -> dict[str, str]:
    """Return what ran."""
    paths = lma.parts.ensure(["prometheus", "thanos"])
    return {
        "lma-federation": version("lma-federation"),
        "Prometheus (oracle and clusters)": _version_of(paths["prometheus"]),
        "Thanos (clusters)": _version_of(paths["thanos"]),
        "Python, machine": f"{platform.python_version()}, {platform.machine()}",
    }


def _version_of(binary: Path) -> str:
    """Return the version a program prints: ``prometheus, version 3.16.0 (branch: …)``."""
    said = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True, timeout=30)
    found = re.search(r"version ([\w.+-]+)", said.stdout + said.stderr)
    return found[1] if found else "unknown"


def _cut(part: Part) -> list[str]:
    return [f"Cut short after {part.tally.sums().total():,} of {part.tally.total:,}.", ""] if part.is_cut_short else []


def _shown(tally: Tally) -> list[Outcome]:
    sums = tally.sums()
    return [outcome for outcome in Outcome if sums[outcome] or outcome in BAD]


def _table(tally: Tally) -> list[str]:
    shown = _shown(tally)
    lines = ["| clusters | push-down | questions | " + " | ".join(_short(one) for one in shown) + " |"]
    lines.append("|---|---|" + "---:|" * (len(shown) + 1))
    for (topology, is_pushed), counts in sorted(tally.counts.items(), key=lambda item: (item[0][0], not item[0][1])):
        cells = [f"{counts[outcome]:,}" for outcome in shown]
        lines.append(f"| {topology} | {'on' if is_pushed else 'off'} | {counts.total():,} | {' | '.join(cells)} |")
    sums = tally.sums()
    cells = [f"**{sums[outcome]:,}**" for outcome in shown]
    return [*lines, f"| all | | **{sums.total():,}** | {' | '.join(cells)} |"]


def _legend(tally: Tally) -> list[str]:
    return ["", *(f"- *{_short(outcome)}*: {REASONS[outcome]}." for outcome in _shown(tally))]


def _short(outcome: Outcome) -> str:
    return outcome.name.lower().replace("_", " ")
