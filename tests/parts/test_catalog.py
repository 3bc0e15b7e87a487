"""The catalog against the modules it speaks of: a version is written in two places, and they must agree."""

from __future__ import annotations

import re

import pytest

from lma.parts.catalog import BINARIES, PARTS, Part, lookup
from lma.parts.errors import UnknownPartError
from lma.parts.locate import tools_folder

each_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)


@each_part
def test_go_mod_requires_the_version_of_the_catalog(part: Part) -> None:
    text = (tools_folder(part) / "go.mod").read_text(encoding="utf-8")
    assert re.search(rf"^(require )?\s*{re.escape(part.module)} {re.escape(part.module_version)}\b", text, re.MULTILINE)


@each_part
def test_go_mod_names_each_binary_as_a_tool(part: Part) -> None:
    text = (tools_folder(part) / "go.mod").read_text(encoding="utf-8")
    for binary in part.binaries:
        assert re.search(rf"^(tool )?\s*{re.escape(binary.package)}$", text, re.MULTILINE), binary.name


@each_part
def test_go_sum_pins_the_part_itself(part: Part) -> None:
    text = (tools_folder(part) / "go.sum").read_text(encoding="utf-8")
    assert f"{part.module} {part.module_version} h1:" in text


@each_part
def test_our_own_version_is_one_we_accept(part: Part) -> None:
    major, minor, patch = map(int, part.version.split("."))
    assert part.accepts((major, minor, patch))


@each_part
def test_nothing_in_a_module_is_replaced_by_a_folder(part: Part) -> None:
    text = (tools_folder(part) / "go.mod").read_text(encoding="utf-8")
    assert not re.search(r"=>\s*[./]", text)


def test_each_binary_belongs_to_one_part() -> None:
    assert len(BINARIES) == sum(len(part.binaries) for part in PARTS)


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownPartError, match="promtool"):
        lookup("promtol")
