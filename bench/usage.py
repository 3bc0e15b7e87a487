"""CPU seconds and peak memory of processes, read from /proc (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_AFTER_COMMAND = 2
_UTIME, _STIME = 11, 12


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the user and system time the processes have used, to a hundredth of a second each."""
    return sum(map(_cpu_seconds, pids))


def peak_memory_bytes(pid: int) -> int:
    """Return the largest resident set the process had since it started or since ``reset_peak``."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"no VmHWM for process {pid}")


def reset_peak(pid: int) -> None:
    """Let ``peak_memory_bytes`` count from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _cpu_seconds(pid: int) -> float:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    fields = text[text.rindex(")") + _AFTER_COMMAND :].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS_PER_S
