"""docs/cli.md and docs/client.md leave nothing out."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import lma.client
from lma.cli.log_output import LogOutput
from lma.cli.metric_output import QueryOutput
from lma.client import Client, ClientError
from lma.client.client import Clusters
from tests.cli.test_help import COMMANDS, TEXTS

DOCS = Path(__file__).parents[2] / "docs"
CLI = (DOCS / "cli.md").read_text(encoding="utf-8")
CLIENT = (DOCS / "client.md").read_text(encoding="utf-8")
PROGRAMS = {"serve", "gateway", "demo"}  # their options are in the pages of what they start


@pytest.mark.parametrize("command", [command for command in COMMANDS if command and command not in PROGRAMS])
def test_every_option_of_a_command_is_in_the_page(command: str) -> None:
    text = (TEXTS / f"{command.replace(' ', '-')}.txt").read_text(encoding="utf-8")
    options = set(re.findall(r"^│ \*?\s*(--[a-z-]+)", text, re.MULTILINE)) - {"--help"}
    missing = {option for option in options if option not in CLI}
    assert missing == set()
    assert command.rsplit(maxsplit=1)[-1] in CLI


@pytest.mark.parametrize("output", [*QueryOutput, *LogOutput])
def test_every_output_is_in_the_page(output: str) -> None:
    assert f"`{output}`" in CLI


def test_every_method_of_the_client_is_in_the_page() -> None:
    methods = {
        name
        for kind in (Client, Clusters)
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and name != "close"
    }
    assert {name for name in methods if not re.search(rf"\b{name}\b", CLIENT)} == set()


def test_every_error_of_the_client_is_in_the_page() -> None:
    errors = {
        name
        for name in lma.client.__all__
        if isinstance(kind := getattr(lma.client, name), type) and issubclass(kind, ClientError)
    }
    assert {name for name in errors if name not in CLIENT} == set()
