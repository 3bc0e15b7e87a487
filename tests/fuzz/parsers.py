"""What must hold for any text given to the parsers of PromQL and LogQL.

It is accepted, or refused with a ``QuerySyntaxError`` that names a place inside the text and gives a reason; nothing
else is raised, not even by the stack. Either takes at most ``LIMIT_S`` of processor time. What is accepted prints as a
text that reads as the same tree.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from query.logql import syntax as logql
from query.model.errors import QuerySyntaxError
from query.promql import syntax as promql

LIMIT_S: Final = 0.1
LONGEST_MESSAGE: Final = 10_000
SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Language:
    """A language's parser and its two printers."""

    name: str
    parse: Callable[[str], object]
    printers: tuple[Callable[..., str], ...]


PROMQL: Final = Language("PromQL", promql.parse, (promql.print_expr, promql.prettify))
LOGQL: Final = Language("LogQL", logql.parse_query, (logql.print_query, logql.prettify))
LANGUAGES: Final = (PROMQL, LOGQL)


@dataclass(frozen=True, slots=True)
class Finding:
    """A text for which something does not hold."""

    language: str
    text: str
    problem: str

    def __str__(self) -> str:
        shown = ascii(self.text[:SHOWN]) + (f" … {len(self.text)} characters" if len(self.text) > SHOWN else "")
        return f"{self.language}: {self.problem}\n  {shown}"


def examine(language: Language, text: str) -> Finding | bool:
    """Return what is wrong, or whether the text was accepted."""
    began = time.thread_time()
    try:
        tree = language.parse(text)
    except QuerySyntaxError as error:
        tree, problem = None, _of_refusal(error, text)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        return Finding(language.name, text, f"{type(error).__name__}: {str(error)[:SHOWN]}")
    else:
        problem = ""
    took_s = time.thread_time() - began
    if took_s > LIMIT_S:
        problem = f"took {took_s * 1000:.0f} ms to be {'refused' if tree is None else 'read'}"
    if tree is not None and not problem:
        problem = _of_printing(language, tree)
    return Finding(language.name, text, problem) if problem else tree is not None


def _of_refusal(error: QuerySyntaxError, text: str) -> str:
    message = str(error)
    if len(message) > LONGEST_MESSAGE:
        return f"a message of {len(message)} characters"
    if not 0 <= error.position.offset <= len(text):
        return f"a place outside of the text: {error.position}"
    return "" if error.message.strip() else "no message"


def _of_printing(language: Language, tree: object) -> str:
    for printer in language.printers:
        try:
            printed = printer(tree)
            again = language.parse(printed)
        except QuerySyntaxError as error:
            if "max_" in error.message:
                continue  # with the parentheses that printing adds it is beyond the limits that it just kept
            return f"{printer.__name__}: {error}"
        except Exception as error:  # noqa: BLE001 - see above
            return f"{printer.__name__}: {type(error).__name__}: {str(error)[:SHOWN]}"
        # The pretty layout sorts matchers, as upstream does: it has to be the same the next time.
        if again != tree and (printer is language.printers[0] or printer(again) != printed):
            return f"{printer.__name__} gives another query: {printed[:SHOWN]!a}"
    return ""
