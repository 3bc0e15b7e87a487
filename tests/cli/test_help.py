"""The help of every command is part of the contract: a change of it must be meant.

``LMA_UPDATE_HELP=1 pytest tests/cli/test_help.py`` writes the texts anew.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lma.cli.main import app
from tests.cli.conftest import Lma

TEXTS = Path(__file__).parent / "help"
COMMANDS = (
    "",
    "query",
    "logs",
    "cluster",
    "cluster register",
    "cluster list",
    "cluster show",
    "cluster change",
    "cluster remove",
    "cluster preflight",
    "cluster events",
    "cluster credentials",
    "cluster rotate",
    "cluster revoke",
    "cluster reseal",
    "doctor",
    "serve",
    "gateway",
    "demo",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_what_it_was(lma: Lma, command: str) -> None:
    ran = lma(*command.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    text = "\n".join(line.rstrip() for line in ran.out.strip().splitlines()) + "\n"
    path = TEXTS / f"{command.replace(' ', '-') or 'lma'}.txt"
    if os.environ.get("LMA_UPDATE_HELP"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples(command: str) -> None:
    text = (TEXTS / f"{command.replace(' ', '-') or 'lma'}.txt").read_text(encoding="utf-8")
    assert f"Examples:\n   lma {command}".rstrip() in text


def test_no_command_is_without_a_pinned_help() -> None:
    singles = {command.name for command in app.registered_commands}
    groups = {
        f"{group.name} {command.name}"
        for group in app.registered_groups
        if group.typer_instance is not None
        for command in group.typer_instance.registered_commands
    }
    assert singles | groups | {"", "cluster"} == set(COMMANDS)


def test_starting_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from lma.cli.main import run; code = run(['--help']); "
        "heavy = {'httpx', 'pandas', 'numpy', 'websockets', 'fastapi', 'sqlalchemy', 'aiohttp', 'msgspec'}; "
        "sys.exit(code or sorted(heavy & set(sys.modules)) or 0)"
    )
    cpu_s = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0, done.stderr
    assert min(cpu_s) < 1.0  # 0.3 s of an idle machine; not wall time, which a busy machine makes a liar


def test_version(lma: Lma) -> None:
    ran = lma("--version")
    assert ran.code == 0
    assert ran.out.startswith("lma 0.")


def test_nothing_at_all_shows_the_help(lma: Lma) -> None:
    assert "Usage: lma" in lma().out + lma().err


def test_completion_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    done = subprocess.run(
        [sys.executable, "-c", "from lma.cli.main import main; main()", "--show-completion", "bash"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "complete" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["querry", "up"], "Did you mean 'query'"),
        (["query"], "Missing argument"),
        (["query", "up", "--output", "xml"], "xml"),
        (["logs", "{}", "--limit", "0"], "--limit"),
        (["logs", "{}", "--limit", "many"], "--limit"),
        (["cluster", "regster"], "register"),
        (["--nothing"], "No such option"),
        (["gateway"], "--config"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2_and_no_stack_trace(lma: Lma, arguments: list[str], word: str) -> None:
    ran = lma(*arguments)
    assert ran.code == 2
    assert word in ran.err
    assert "Traceback" not in ran.err
