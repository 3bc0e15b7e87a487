"""What a tail remembers: the lines it gave, the clusters that are missing, how long the server has been away."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from lma.client import times
from lma.client.samples import LogLine

OVERLAP_S: Final = 10
MAX_GAP_S: Final = 600
BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

_Key: TypeAlias = tuple[int, tuple[tuple[str, str], ...], str]


class Seen:
    """Which lines were given already, as far back as the next request will look."""

    def __init__(self, start_ns: int, overlap_s: float = OVERLAP_S) -> None:
        self.held_ns: int | None = None
        self._missing: dict[str, str] = {}
        self._is_gap_lost = False
        self._overlap_ns = int(overlap_s * times.NS_PER_S)
        self._newest_ns: int | None = None
        self._start_ns = start_ns
        self._recent: deque[_Key] = deque()
        self._counts: Counter[_Key] = Counter()
        self._before: Counter[_Key] = Counter()

    @property
    def resume_ns(self) -> int:
        """Where the next request starts: before the newest line, or before now, if a line's clock runs ahead.

        One nanosecond before a whole millisecond: Loki misses a chunk's last line when asked from within its
        millisecond.
        """
        if self._newest_ns is None:
            return self._start_ns
        newest_ns = min(self._newest_ns, times.now_ns())
        return max(self._start_ns, just_before(newest_ns - self._overlap_ns))

    def start_at(self, start_ns: int) -> None:
        """Never look before this time again."""
        self._start_ns = start_ns

    def begin(self) -> None:
        """Note that a new request starts, which may repeat what was given."""
        self._before = self._counts.copy()

    def fresh(self, lines: Iterable[LogLine]) -> list[LogLine]:
        """Return the lines of a query that were not given yet, by time, and remember them.

        By counting: a query gives every line once, so lines that are equal in all are different lines.
        """
        given = []
        for line in _by_time(lines):
            key = _key(line)
            if self._before[key] > 0:
                self._before[key] -= 1
            else:
                self._remember(key)
                given.append(line)
        self._forget()
        return given

    def unlike(self, lines: Iterable[LogLine]) -> list[LogLine]:
        """Return the lines of a tail that are like none given yet, by time, and remember them.

        Not by counting: a tail gives a line twice where a writer sent it twice (having got no answer, say), which a
        query would give once.
        """
        given = []
        for line in _by_time(lines):
            key = _key(line)
            if key not in self._counts:
                self._remember(key)
                given.append(line)
        self._forget()
        return given

    def is_held_for(self, missing: Mapping[str, str], start_ns: int) -> bool:
        """Keep the place where clusters went missing; return whether the same ones were missing already."""
        is_known = self.held_ns is not None and self._missing == missing
        self._missing = dict(missing)
        if self.held_ns is None:
            self.held_ns = start_ns
        return is_known

    def release(self) -> bool:
        """Note that nothing is missing any more; return whether the place could not be kept all the while."""
        was_lost, self._is_gap_lost = self._is_gap_lost, False
        self.held_ns, self._missing = None, {}
        self._forget()
        return was_lost

    def _remember(self, key: _Key) -> None:
        self._recent.append(key)
        self._counts[key] += 1
        if self._newest_ns is None or key[0] > self._newest_ns:
            self._newest_ns = key[0]

    def _forget(self) -> None:
        oldest_ns = self.resume_ns
        if self.held_ns is not None:
            limit_ns = oldest_ns - MAX_GAP_S * times.NS_PER_S
            if self.held_ns < limit_ns:
                self.held_ns, self._is_gap_lost = limit_ns, True
            oldest_ns = min(oldest_ns, self.held_ns)
        while self._recent and self._recent[0][0] < oldest_ns:
            key = self._recent.popleft()
            self._counts[key] -= 1
            if self._counts[key] == 0:
                del self._counts[key]


class Outage:
    """How long a server has been away, and how long to wait before the next try."""

    def __init__(self, give_up_after_s: float, clock: Callable[[], float]) -> None:
        self._give_up_after_s = give_up_after_s
        self._clock = clock
        self._since: float | None = None
        self._tries = 0

    def over(self) -> None:
        """Note that the server is back."""
        self._since, self._tries = None, 0

    def next_delay_s(self) -> float | None:
        """Return how long to wait before the next try, longer from try to try; ``None``: it has lasted too long."""
        now = self._clock()
        if self._since is None:
            self._since = now
        if now - self._since > self._give_up_after_s:
            return None
        delay_s = BACKOFF_S[min(self._tries, len(BACKOFF_S) - 1)]
        self._tries += 1
        return delay_s


def _key(line: LogLine) -> _Key:
    return line.time_ns, tuple(sorted({**line.labels, **line.metadata}.items())), line.line


def _by_time(lines: Iterable[LogLine]) -> list[LogLine]:
    return sorted(lines, key=lambda line: line.time_ns)


def just_before(time_ns: int) -> int:
    """Return the last nanosecond of the millisecond before."""
    return time_ns // times.NS_PER_MS * times.NS_PER_MS - 1
