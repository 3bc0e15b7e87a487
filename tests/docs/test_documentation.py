"""The documentation is true: links lead somewhere, commands exist, every setting and command is described."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from lma.cli.main import app
from lma.service.config import ServiceConfig
from query.api.prometheus import prometheus_router
from query.app.config import GatewayConfig
from query.execute.budget import MemoryPool
from query.execute.label_probes import PrometheusProbe
from query.execute.membership import Membership
from query.execute.metadata_ask import MetadataAsker
from query.execute.metrics import MetricsQueries
from query.execute.remote_read import RemoteRead
from query.execute.settings import ExecuteSettings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s`|(])(?:\$ |uv run )?lma ([a-z]+)(?: ([a-z]+))?")
TARGET = re.compile(r"\bmake ((?:[a-z]+ ?)+)")


def commands() -> dict[str, bool]:
    """Return every command; true for those that have commands of their own."""
    found = {str(command.name): False for command in app.registered_commands}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        found[str(group.name)] = True
        found |= {f"{group.name} {command.name}": False for command in group.typer_instance.registered_commands}
    return found


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return "\n".join([*FENCE.findall(text), *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    inside = [target.split("#")[0] for target in targets if not target.startswith(("http://", "https://", "mailto:"))]
    assert [target for target in inside if target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_exist(page: Path) -> None:
    known = commands()
    unknown = []
    for name, inner in COMMAND.findall(code(page)):
        if name not in known or (inner and known[name] and f"{name} {inner}" not in known):
            unknown.append(f"lma {name} {inner}".strip())
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {target for found in TARGET.findall(code(page)) for target in found.split()}
    assert named - targets == set()


def test_every_command_is_described() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert [name for name in commands() if f"lma {name}" not in text] == []


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from keys(part)


@pytest.mark.parametrize("model", [GatewayConfig, ServiceConfig], ids=lambda model: model.__name__)
def test_every_setting_is_described(model: type[BaseModel]) -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert [key for key in keys(model) if not re.search(rf"\b{key}\b[`:]", text)] == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in folder.glob("[0-9]*.md") if page.name not in index] == []


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo ARGS=--check" in text
    assert re.search(r"^make test$", text, re.MULTILINE)


def test_every_endpoint_of_the_prometheus_api_is_described() -> None:
    membership = Membership(PrometheusProbe(), "cluster", 1.0)
    settings = ExecuteSettings()
    router = prometheus_router(
        MetricsQueries(membership, settings, MemoryPool(1 << 30)),
        MetadataAsker(membership, settings),
        RemoteRead(membership, settings, MemoryPool(1 << 30)),
        settings,
        "revision",
    )
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    prefix = "/prometheus/api/v1/"
    paths = {route.path for route in router.routes if isinstance(route, APIRoute) and route.include_in_schema}
    assert [path for path in paths if f"`{path.removeprefix(prefix)}`" not in text] == []
