"""Typed settings from one TOML file; an unknown or out-of-range key is an error with its line."""

import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from outrider.outside import OutsideError, parsing, read_text, toml_table


class ConfigError(OutsideError):
    """The settings cannot be used; the message lists every fault with file, line and remedy."""


class Section(BaseModel):
    """One section: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


MAX_BYTES = 256 * 1024
_S = TypeVar("_S", bound=Section)


def parse_as(kind: type[_S], text: str, name: str) -> _S:
    """Return settings of a kind, sections of keys, from a TOML text. Raises ConfigError."""
    with parsing(ConfigError, name):
        try:
            return kind.model_validate(toml_table(text, name))
        except ValidationError as error:
            faults = [_explain(kind, fault, text, name) for fault in error.errors()]
            raise ConfigError("\n".join(faults)) from error
        except OutsideError as error:
            raise ConfigError(error) from error


def read_settings(path: Path) -> str:
    """Return the text of a settings file. Raises ConfigError: too long, no UTF-8; OSError."""
    try:
        return read_text(path, MAX_BYTES)
    except OutsideError as error:
        raise ConfigError(error) from error


def _explain(kind: type[Section], fault: Any, text: str, name: str) -> str:
    where = [str(part) for part in fault["loc"]]
    line = _line_of(where, text)
    key = ".".join(where)
    if fault["type"] == "extra_forbidden":
        return (
            f"{name}:{line}: unknown key {key}; allowed here: {', '.join(_siblings(kind, where))}"
        )
    return f"{name}:{line}: {key} = {_short(fault['input'])}: {fault['msg']}"


def _short(value: Any) -> str:
    return reprlib.repr(value)


def _siblings(kind: type[Section], where: list[str]) -> Iterator[str]:
    section = kind.model_fields if len(where) < 2 else _fields_of(kind, where[0])
    yield from sorted(section)


def _fields_of(whole: type[Section], section: str) -> dict[str, FieldInfo]:
    kind = whole.model_fields[section].annotation
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}


def _line_of(where: list[str], text: str) -> int:
    """Return the 1-based line of a key in a TOML text (tomllib keeps none), or of its section."""
    section_line = 1
    section = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        stripped = raw.strip()
        if stripped.startswith("["):
            section = stripped.strip("[] ")
            section_line = number if section == where[0] else section_line
            continue
        key = stripped.partition("=")[0].strip().strip("\"'")
        if ".".join(filter(None, (section, key))) == ".".join(where):
            return number
    return section_line


def as_toml(settings: BaseModel) -> str:
    """Return the settings in force as TOML, defaults filled in."""
    lines: list[str] = []
    for section, values in settings.model_dump(mode="json").items():
        lines.append(f"[{section}]")
        lines += [_toml_line(key, value) for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)


def _toml_line(key: str, value: Any) -> str:
    if value is None:
        return f"# {key} is not set"
    if isinstance(value, bool):
        return f"{key} = {str(value).lower()}"
    if isinstance(value, list):
        return f"{key} = [{', '.join(_toml_value(item) for item in value)}]"
    return f"{key} = {_toml_value(value)}"


def _toml_value(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
