"""Reading a YAML file into a strict model, with errors that point at the line.

PyYAML forgets positions when it builds values and lets a repeated key win silently, so the document is composed to
nodes first: positions and duplicates are read off them, then the values are built from the same nodes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from query.model.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]
MAX_CONFIG_BYTES: Final = 8 << 20


def load_model(path: Path, model: type[Model]) -> Model:
    """Return the file's content as ``model``; ``ConfigError`` reads ``FILE:LINE: cause``."""
    text = _read(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(_syntax_message(path, error)) from error
    lines: dict[Place, int] = {}
    if root is None:
        values: object = {}
    else:
        _index(path, root, (), lines)
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(_syntax_message(path, error)) from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}:1: a mapping of settings is expected, not a {type(values).__name__}")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_messages(path, error, lines, model))) from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_CONFIG_BYTES} bytes; this is no configuration file")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; give the path of a configuration with --config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _syntax_message(path: Path, error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{path}:{mark.line + 1}:{mark.column + 1}: not YAML: {error.problem or error.context}"
    return f"{path}: not YAML: {error}"


def _index(path: Path, node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    """Record the line of every place, and refuse a key that is given twice."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else str(key.start_mark)
            inner = (*place, name)
            if inner in lines:
                raise ConfigError(
                    f"{path}:{key.start_mark.line + 1}: the key {name!r} is given twice, first in line {lines[inner]}; "
                    "remove one"
                )
            lines[inner] = key.start_mark.line + 1
            _index(path, value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _index(path, item, (*place, position), lines)


def _messages(path: Path, error: ValidationError, lines: dict[Place, int], model: type[BaseModel]) -> list[str]:
    messages: list[str] = []
    for found in error.errors():
        place: Place = tuple(found["loc"])
        known = place
        while known and known not in lines:
            known = known[:-1]
        line = lines.get(known, 1)
        where = ".".join(str(part) for part in place if part != "[key]") or model.__name__
        if found["type"] == "extra_forbidden":
            cause = f"unknown key {where!r}; known here: {', '.join(_known_keys(model, place[:-1]))}"
        elif found["type"] == "missing":
            cause = f"{where} is missing"
        elif found["type"] == "value_error":
            prefix = f"{where}: " if place else ""
            cause = prefix + found["msg"].removeprefix("Value error, ")
        else:
            cause = f"{where}: {found['msg']}, not {found['input']!r}"
        messages.append(f"{path}:{line}: {cause}")
    return messages


def _known_keys(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys allowed at ``place``, found by following the field annotations."""
    current: type[BaseModel] = model
    for part in place:
        if isinstance(part, int):
            continue
        info = current.model_fields.get(part)
        inner = _model_in(info.annotation) if info is not None else None
        if inner is None:
            break
        current = inner
    return sorted(current.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
