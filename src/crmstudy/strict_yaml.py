"""YAML read strictly: every key once, and an error that names its place and the next key."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crmstudy.errors import SettingsError, nearest

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Strict(BaseModel):
    """A mapping of study.yml; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key given twice is an error; PyYAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value == "<<":
                continue
            if str(key.value) in seen:
                line = key.start_mark.line + 1
                raise SettingsError(f"key {key.value!r} is given a second time in line {line}")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read_mapping(file: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises
    ------
    SettingsError
        If it is empty, not UTF-8, not YAML, no mapping, or gives a key twice.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=_UniqueKeys)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{file} is not UTF-8 text: byte {error.start} ({error.reason})"
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        found = "empty" if content is None else f"a {type(content).__name__}"
        raise SettingsError(f"{file} must be a mapping of keys; it is {found}")
    return content


def explain(error: ValidationError, file: Path, model: type[BaseModel]) -> str:
    """Say all that is wrong with a file's mapping in one message, each with its place."""
    lines = []
    for problem in error.errors():
        parts = [str(part) for part in problem["loc"] if part != "[key]"]
        place = ".".join(parts) or "(top level)"
        if problem["type"] == "extra_forbidden":
            lines.append(f"unknown key {place!r}{nearest(parts[-1], _known_keys(parts, model))}")
        elif problem["type"] == "missing":
            lines.append(f"missing key {place!r}")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            found = problem["input"]
            shown = f" (found {found!r})" if isinstance(found, (str, int, float, bool)) else ""
            lines.append(f"{place}: {message}{shown}")
    return f"{file}: " + "; ".join(lines)


def _known_keys(place: list[str], model: type[BaseModel]) -> Iterable[str]:
    """Walk the models along an error's place and name the keys allowed at its end."""
    step: Any = model
    for part in place[:-1]:
        if _is_model(step):
            step = _inside(step.model_fields[part].annotation)
        elif get_origin(step) in (dict, list):
            step = _inside(get_args(step)[-1])
    return step.model_fields if _is_model(step) else ()


def _inside(annotation: Any) -> Any:
    """Take the model out of ``Model | None``; leave anything else as it is."""
    if get_origin(annotation) in (dict, list):
        return annotation
    return next(filter(_is_model, get_args(annotation)), annotation)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
