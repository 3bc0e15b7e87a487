"""Which binary is taken: from PATH if it tells a version that will do, else from the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from lma.parts import find
from lma.parts.catalog import lookup
from lma.parts.errors import PartsError
from lma.parts.locate import build_folder, cache_root, fingerprint, parse_version, probe_version
from tests.parts.conftest import Machine

PROMETHEUS = "echo 'prometheus, version {} (branch: HEAD, revision: 1234567)'"


def put_in_cache(name: str) -> Path:
    part, _ = lookup(name)
    path = build_folder(part) / "bin" / name
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("prometheus, version 3.16.0 (branch: , revision: unknown)", (3, 16, 0)),
        ("v3.22.0+gabcdef0", (3, 22, 0)),
        ("node_exporter, version 1.12.1-rc.0 (branch: HEAD)", (1, 12, 1)),
        ("loki, version  (branch: , revision: )", None),
        ("", None),
        ("10.0.0.1.example", (10, 0, 0)),
    ],
)
def test_versions_are_read_from_what_programs_print(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@pytest.mark.usefixtures("machine")
def test_nothing_anywhere() -> None:
    assert find("prometheus") is None


def test_suitable_binary_on_path_is_used(machine: Machine) -> None:
    program = machine.install("prometheus", PROMETHEUS.format("3.12.1"))
    put_in_cache("prometheus")
    assert find("prometheus") == program


@pytest.mark.parametrize("version", ["2.53.0", "3.1.0", "4.0.0"])
def test_unsuitable_version_on_path_is_passed_over(machine: Machine, version: str) -> None:
    machine.install("prometheus", PROMETHEUS.format(version))
    cached = put_in_cache("prometheus")
    assert find("prometheus") == cached


def test_older_binary_first_on_path_does_not_hide_a_newer_one(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("prometheus", PROMETHEUS.format("2.0.0"))
    second = Machine(path=tmp_path / "second", cache=machine.cache)
    second.path.mkdir()
    program = second.install("prometheus", PROMETHEUS.format("3.16.0"))
    monkeypatch.setenv("PATH", f"{machine.path}:{second.path}")
    assert find("prometheus") == program


def test_program_that_tells_no_version_is_passed_over(machine: Machine) -> None:
    machine.install("prometheus", "exit 3")
    assert find("prometheus") is None


def test_version_on_standard_error_counts(machine: Machine) -> None:
    assert probe_version(machine.install("loki", "echo 'loki, version 3.7.8' >&2")) == (3, 7, 8)


def test_program_that_hangs_is_given_up(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lma.parts.locate.PROBE_TIMEOUT_S", 0.2)
    assert probe_version(machine.install("loki", "exec /bin/sleep 30")) is None


def test_cache_alone_can_be_asked_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install("prometheus", PROMETHEUS.format("3.16.0"))
    monkeypatch.setenv("LMA_PARTS_FROM", "cache")
    assert find("prometheus") is None
    cached = put_in_cache("prometheus")
    assert find("prometheus") == cached


@pytest.mark.usefixtures("machine")
def test_path_alone_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_cache("prometheus")
    monkeypatch.setenv("LMA_PARTS_FROM", "path")
    assert find("prometheus") is None


@pytest.mark.usefixtures("machine")
def test_unknown_source_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMA_PARTS_FROM", "internet")
    with pytest.raises(PartsError, match="auto, cache, path"):
        find("prometheus")


def test_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LMA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "lma-federation"
    monkeypatch.setenv("LMA_CACHE_DIR", str(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"


def test_fingerprint_is_stable_and_tells_parts_apart() -> None:
    prints = {name: fingerprint(lookup(name)[0]) for name in ("prometheus", "thanos", "loki")}
    assert prints == {name: fingerprint(lookup(name)[0]) for name in prints}
    assert len(set(prints.values())) == len(prints)
