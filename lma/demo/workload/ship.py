"""Send the lines of a folder's log files to Loki, in order, each once.

A file is one stream: ``app`` and ``pod`` come from its name (``shop-0.log``), further labels from the
command line. The entry's time is the one in the line, its trace id goes along as structured metadata.
What Loki could not take now (it is away, or asks to slow down) is sent again later; what it refuses for
good is dropped, and said so.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import aiohttp

from lma.demo.workload.journal import parse_rfc3339
from lma.demo.workload.lifetime import pause, stop_event

INTERVAL_S = 0.5
LONGEST_BACKOFF_S = 8.0
BATCH_BYTES = 512 * 1024
_TIME = re.compile(r'\bts"?[=:] ?"?(\d{4}-\d\d-\d\dT[\d:.]+Z)')
_TRACE = re.compile(r'\btrace_id"?[=:] ?"?([0-9a-f]+)')

Entry = list[str | dict[str, str]]


class Stream(TypedDict):
    """One stream of a push request."""

    stream: dict[str, str]
    values: list[Entry]


@dataclass(slots=True)
class LogFile:
    """A file being followed, and how far Loki has it."""

    path: Path
    sent: int = 0

    def unsent(self) -> tuple[list[str], int]:
        """Return whole lines not sent yet (bounded), and the offset behind them."""
        with self.path.open("rb") as file:
            file.seek(self.sent)
            chunk = file.read(BATCH_BYTES)
        complete = chunk[: chunk.rfind(b"\n") + 1]
        return complete.decode(errors="replace").splitlines(), self.sent + len(complete)

    def labels(self) -> dict[str, str]:
        """Return the stream labels that the file's name tells."""
        return {"app": self.path.stem.rpartition("-")[0] or self.path.stem, "pod": self.path.stem}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this program's options."""
    parser.add_argument("--loki", required=True, metavar="URL")
    parser.add_argument("--logs", type=Path, required=True, help="folder of the log files")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE")


async def run(options: argparse.Namespace) -> None:
    """Ship until a signal comes, and then what is left."""
    stop = stop_event()
    extra = dict(label.split("=", 1) for label in options.label)
    files: dict[Path, LogFile] = {}
    wait_s = INTERVAL_S
    url = f"{options.loki}/loki/api/v1/push"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10.0)) as http:
        while not await pause(stop, wait_s):
            taken = await _ship_folder(http, url, options.logs, files, extra)
            wait_s = INTERVAL_S if taken else min(wait_s * 2, LONGEST_BACKOFF_S)
        await _ship_folder(http, url, options.logs, files, extra)


async def _ship_folder(
    http: aiohttp.ClientSession, url: str, folder: Path, files: dict[Path, LogFile], extra: dict[str, str]
) -> bool:
    """Send what is new; tell whether Loki took it (or refused it for good)."""
    streams: list[Stream] = []
    offsets: dict[Path, int] = {}
    for file in _follow(folder, files):
        lines, end = file.unsent()
        if lines:
            streams.append({"stream": {**extra, **file.labels()}, "values": [entry(line) for line in lines]})
            offsets[file.path] = end
    if streams and not await _push(http, url, streams):
        return False
    for path, end in offsets.items():
        files[path].sent = end
    return True


def _follow(folder: Path, files: dict[Path, LogFile]) -> list[LogFile]:
    """Return every log file there is by now, in a stable order."""
    return [files.setdefault(path, LogFile(path)) for path in sorted(folder.glob("*.log"))]


async def _push(http: aiohttp.ClientSession, url: str, streams: list[Stream]) -> bool:
    try:
        async with http.post(url, json={"streams": streams}) as answer:
            if answer.status < 300:  # noqa: PLR2004 - HTTP's own boundary
                return True
            reason = f"HTTP {answer.status}: {(await answer.text()).strip()[:300]}"
            retry = answer.status == 429 or answer.status >= 500  # noqa: PLR2004 - HTTP's own meanings
    except (aiohttp.ClientError, TimeoutError) as error:
        reason, retry = repr(error), True
    print(f"{'will try again' if retry else 'dropped'}: {reason}", file=sys.stderr)  # noqa: T201 - its log
    return not retry


def entry(line: str) -> Entry:
    """Turn a line into what Loki's push API takes: time, text, structured metadata."""
    found = _TIME.search(line)
    time_ns = parse_rfc3339(found[1]) if found else time.time_ns()
    trace = _TRACE.search(line)
    return [str(time_ns), line, *([{"trace_id": trace[1]}] if trace else [])]
