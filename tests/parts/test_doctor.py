"""What the doctor says about machines of several kinds."""

from __future__ import annotations

import pytest

from lma.parts import PARTS, Check, Status, run_checks
from lma.parts.__main__ import main
from lma.parts.locate import cache_root
from tests.parts.conftest import Machine


def checks() -> dict[str, Check]:
    return {check.name: check for check in run_checks()}


@pytest.mark.usefixtures("machine")
def test_every_binary_is_checked() -> None:
    everyday = {binary.name for part in PARTS if part.is_everyday for binary in part.binaries}
    assert everyday | {"python", "go", "cache folder", "disk space"} == set(checks())


@pytest.mark.usefixtures("machine")
def test_without_go_what_is_missing_can_not_be_built() -> None:
    found = checks()
    assert found["go"].status is Status.MISSING
    assert found["loki"].status is Status.MISSING
    assert "install Go" in found["loki"].remedy


def test_with_go_what_is_missing_will_be_built(machine: Machine) -> None:
    machine.install("go", "echo go1.99.0")
    found = checks()
    assert found["go"].status is Status.OK
    assert found["loki"].status is Status.WARN
    assert found["loki"].remedy == "python -m lma.parts build loki"


def test_old_go_is_told(machine: Machine) -> None:
    machine.install("go", "echo go1.21.0")
    assert checks()["go"].status is Status.OUTDATED


def test_old_binary_on_path_is_told_with_both_versions(machine: Machine) -> None:
    machine.install("loki", "echo 'loki, version 2.9.1'")
    found = checks()["loki"]
    assert found.status is Status.OUTDATED
    assert "2.9.1" in found.detail
    assert "3.5.0 or newer" in found.detail


def test_good_binary_on_path(machine: Machine) -> None:
    program = machine.install("loki", "echo 'loki, version 3.6.0'")
    found = checks()["loki"]
    assert found.status is Status.OK
    assert str(program) in found.detail


def test_cache_that_can_not_be_written(machine: Machine) -> None:
    machine.cache.write_text("a file", encoding="utf-8")
    found = checks()["cache folder"]
    assert found.status is Status.MISSING
    assert "LMA_CACHE_DIR" in found.remedy


@pytest.mark.usefixtures("machine")
def test_whatever_is_not_ok_has_a_remedy() -> None:
    assert all(check.remedy for check in run_checks() if check.status is not Status.OK)


@pytest.mark.usefixtures("machine")
def test_command_prints_a_table_and_fails_when_something_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 1
    assert "node_exporter" in capsys.readouterr().out


def test_commands_for_one_part(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["path", "loki"]) == 1
    assert "python -m lma.parts build loki" in capsys.readouterr().err
    program = machine.install("loki", "echo 'loki, version 3.6.0'")
    assert main(["path", "loki"]) == 0
    assert capsys.readouterr().out.strip() == str(program)
    assert main(["list"]) == 0
    assert str(program) in capsys.readouterr().out
    assert not cache_root().exists(), "looking makes nothing"
    assert main(["build", "nonsense"]) == 1
    assert "nonsense" in capsys.readouterr().err
