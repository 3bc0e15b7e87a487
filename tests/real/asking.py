"""Ask a Prometheus-compatible server over HTTP, at the times the differential suite asks at."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from tests.real.answers import Answer, read_answer
from tests.real.dataset import END_S, MIDDLE_S, START_S

REQUEST_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class When:
    """The times of one question: an instant query where ``step_s`` is 0, else a range query."""

    name: str
    start_s: float
    end_s: float = 0.0
    step_s: float = 0.0

    def parameters(self) -> dict[str, str]:
        """Return the HTTP parameters."""
        if not self.step_s:
            return {"time": f"{self.start_s:.3f}"}
        return {"start": f"{self.start_s:.3f}", "end": f"{self.end_s:.3f}", "step": f"{self.step_s:g}"}


EARLY = When("early", START_S + 400)
BETWEEN = When("between blocks", MIDDLE_S + 7.5)
LATE = When("late", END_S - 3)
AFTER = When("after the end", END_S + 200)
WHOLE = When("whole, 2 m", START_S - 240, END_S + 240, 120)
UNEVEN = When("uneven, 37.5 s", MIDDLE_S - 901.25, MIDDLE_S + 900, 37.5)
INSTANTS = (EARLY, BETWEEN, LATE, AFTER)
RANGES = (WHOLE, UNEVEN)
EVERY = (*INSTANTS, *RANGES)


@dataclass(slots=True)
class Asker:
    """A client of one server; remembers answers when told to, for oracles that are asked the same again."""

    base_url: str
    client: httpx.Client
    remembers: bool = False
    _known: dict[tuple[str, When], Answer] = field(default_factory=dict, repr=False)

    def ask(self, query: str, when: When) -> Answer:
        """Return the answer to an instant or range query."""
        key = (query, when)
        if key in self._known:
            return self._known[key]
        path = "/api/v1/query_range" if when.step_s else "/api/v1/query"
        response = self.client.get(self.base_url + path, params={"query": query, **when.parameters()})
        answer = read_answer(response)
        if self.remembers:
            self._known[key] = answer
        return answer
