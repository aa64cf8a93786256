"""A chapter as the runner reads it: its notebook's metadata and parameters, without running it."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crmstudy.chapters import GATES, VERDICTS, check_parameters
from crmstudy.errors import SettingsError, UsageError, nearest
from crmstudy.instrument import Instrument
from crmstudy.paths import project_root
from crmstudy.settings import Scalar, Study

TYPES: dict[str, type[Scalar]] = {"int": int, "float": float, "str": str, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: a name with its type and default."""

    name: str
    kind: str
    default: Scalar

    def accept(self, value: Any, origin: str) -> Scalar:
        """Return a value of the declared type; a whole number passes as a float.

        Raises
        ------
        SettingsError
            Naming the origin, the parameter, the value and the type it must have.
        """
        if self.kind == "float" and type(value) is int:
            value = float(value)
        if type(value) is not TYPES[self.kind]:
            raise SettingsError(
                f"{origin}: {self.name} must be of type {self.kind}; "
                f"found {value!r} ({type(value).__name__})"
            )
        checked: Scalar = value
        return checked


@dataclass(frozen=True)
class Chapter:
    """One notebook: what it needs, what it can be told, and a hash of its source.

    Parameters
    ----------
    name : str
        Name of the chapter, for instance ``"segmentation"``.
    file : Path
        The notebook.
    title : str
        Its first heading.
    needs : tuple of str
        Chapters whose recorded results it reads.
    tables : tuple of str
        Canonical tables that it reads.
    parameters : mapping
        Declared parameters by name.
    n_cells : int
        Code cells.
    source_hash : str
        Hash of all cells' kinds, tags and sources.
    """

    name: str
    file: Path
    title: str
    needs: tuple[str, ...]
    tables: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    n_cells: int
    source_hash: str

    @property
    def report_name(self) -> str:
        """File name of its executed notebook."""
        return self.file.name


def read_chapters(folder: Path) -> dict[str, Chapter]:
    """Read all chapters below ``notebooks/`` in the order of their file names.

    Raises
    ------
    UsageError
        If a notebook is not one, has no ``parameters`` cell, declares a parameter
        that is not a typed literal, or needs a chapter that does not exist.
    """
    chapters: dict[str, Chapter] = {}
    for file in sorted(folder.glob("*.ipynb")):
        chapter = read_chapter(file)
        if chapter.name in chapters:
            raise UsageError(f"{file.name}: chapter {chapter.name!r} has two notebooks")
        chapters[chapter.name] = chapter
    if not chapters:
        raise UsageError(f"no notebook in {folder}")
    for chapter in chapters.values():
        for need in chapter.needs:
            if need not in chapters:
                hint = nearest(need, chapters)
                raise UsageError(f"{chapter.file.name} needs an unknown chapter {need!r}{hint}")
    return chapters


def read_chapter(file: Path) -> Chapter:
    """Read one notebook's declarations."""
    try:
        notebook = json.loads(file.read_text(encoding="utf-8"))
        cells, metadata = notebook["cells"], notebook["metadata"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file.name} is not a Jupyter notebook: {error}") from None
    declared = metadata.get("crmstudy", {})
    if "chapter" not in declared:
        raise UsageError(f"{file.name}: its metadata lack crmstudy.chapter")
    return Chapter(
        name=declared["chapter"],
        file=file,
        title=_title(cells),
        needs=tuple(declared.get("needs", ())),
        tables=tuple(declared.get("tables", ())),
        parameters=_parameters(cells, file.name),
        n_cells=sum(cell["cell_type"] == "code" for cell in cells),
        source_hash=_hash_cells(cells, declared),
    )


def _source(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _title(cells: list[dict[str, Any]]) -> str:
    for cell in cells:
        if cell["cell_type"] == "markdown" and _source(cell).startswith("# "):
            return _source(cell).splitlines()[0].removeprefix("# ")
    return ""


def _hash_cells(cells: list[dict[str, Any]], declared: Mapping[str, Any]) -> str:
    kept = [(c["cell_type"], c.get("metadata", {}).get("tags", []), _source(c)) for c in cells]
    return hashlib.sha256(json.dumps([kept, declared], sort_keys=True).encode()).hexdigest()


def _parameters(cells: list[dict[str, Any]], file: str) -> dict[str, Parameter]:
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise UsageError(f"{file} needs exactly one cell tagged 'parameters'; it has {len(tagged)}")
    try:
        lines = ast.parse(_source(tagged[0])).body
    except SyntaxError as error:
        raise UsageError(f"{file}, parameters cell: {error.msg} in line {error.lineno}") from None
    return {p.name: p for p in (_parameter(line, file) for line in lines)}


def _parameter(line: ast.stmt, file: str) -> Parameter:
    rule = f"{file}, parameters cell, line {line.lineno}: write NAME: type = literal"
    typed = isinstance(line, ast.AnnAssign) and isinstance(line.annotation, ast.Name)
    if not typed or line.value is None or not isinstance(line.target, ast.Name):  # type: ignore[attr-defined]
        raise UsageError(rule)
    kind = line.annotation.id  # type: ignore[attr-defined]
    if kind not in TYPES:
        raise UsageError(f"{rule}; types: {', '.join(TYPES)}; found {kind}")
    try:
        value = ast.literal_eval(line.value)  # type: ignore[attr-defined]
    except ValueError:
        raise UsageError(f"{rule}; found {ast.unparse(line)}") from None
    name = line.target.id  # type: ignore[attr-defined]
    parameter = Parameter(name, kind, value)
    parameter.accept(value, f"{file}, parameters cell")
    return parameter


def parse_assignments(assignments: list[str]) -> dict[str, dict[str, str]]:
    """Split ``CHAPTER.NAME=value`` from the command line into chapter -> name -> text."""
    told: dict[str, dict[str, str]] = {}
    for assignment in assignments:
        place, equals, value = assignment.partition("=")
        chapter, dot, name = place.partition(".")
        if not (equals and dot and chapter and name):
            raise UsageError(f"--set {assignment!r}: write CHAPTER.NAME=value")
        told.setdefault(chapter, {})[name] = value
    return told


def resolve_parameters(
    study: Study,
    chapters: Mapping[str, Chapter],
    assignments: Mapping[str, Mapping[str, str]],
) -> dict[str, dict[str, Scalar]]:
    """Settle every chapter's parameters: its defaults, then study.yml, then ``--set``.

    Raises
    ------
    SettingsError
        If a chapter or parameter does not exist, a type is wrong, or a value fails
        its chapter's gate. Nothing has been run then.
    """
    for origin, named in (("study.yml", study.settings.chapters), ("--set", assignments)):
        for name in named:
            if name not in chapters:
                hint = nearest(name, chapters)
                raise SettingsError(f"{origin}: unknown chapter {name!r}{hint}")
    _check_register(study)
    return {
        name: _resolve(
            study, chapter, study.settings.chapters.get(name, {}), assignments.get(name, {})
        )
        for name, chapter in chapters.items()
    }


def list_verdicts(instrument: Instrument) -> dict[str, tuple[str, ...]]:
    """List the rows of every chapter's table of verdicts, under a study's questionnaire.

    Chapter 05 has one for each path of a model, each pair joined by a longer route and
    each moderator.
    """
    pairs = {path for model in instrument.models.values() for path in model.paths}
    sources, targets = {source for source, _ in pairs}, {target for _, target in pairs}
    named = [f"{source}_{target}" for source, target in pairs]
    named += [f"indirect_{source}_{target}" for source in sources for target in targets - {source}]
    named += [f"moderation_{name}" for name in instrument.moderators]
    chapter = "satisfaction_loyalty"
    return {**VERDICTS, chapter: (*VERDICTS[chapter], *sorted(named))}


def _check_register(study: Study) -> None:
    """Refuse a hypothesis that no chapter could ever decide: a mistyped one would be lost."""
    deciders = list_verdicts(study.settings.instrument)
    for entry in study.settings.hypotheses:
        place = f"study.yml, hypothesis {entry.id}"
        if entry.chapter not in deciders:
            raise SettingsError(
                f"{place}: chapter {entry.chapter!r} decides no hypothesis"
                f"{nearest(entry.chapter, deciders)}; those that do: {', '.join(deciders)}"
            )
        known = deciders[entry.chapter]
        if entry.decided_by not in known:
            raise SettingsError(
                f"{place}: chapter {entry.chapter} has no verdict {entry.decided_by!r}"
                f"{nearest(entry.decided_by, known)}; it has: {', '.join(known) or 'none'}"
            )


def _resolve(
    study: Study, chapter: Chapter, written: Mapping[str, Scalar], told: Mapping[str, str]
) -> dict[str, Scalar]:
    values = {name: parameter.default for name, parameter in chapter.parameters.items()}
    for name, value in written.items():
        values[name] = _declared(chapter, name, "study.yml").accept(
            value, f"study.yml, {chapter.name}"
        )
    for name, text in told.items():
        parameter = _declared(chapter, name, "--set")
        value = text if parameter.kind == "str" else yaml.safe_load(text)
        values[name] = parameter.accept(value, f"--set {chapter.name}")
    if "STUDY" in values:
        inside = study.paths.inputs.parent.resolve() == project_root() / "data"
        values["STUDY"] = study.name if inside else study.paths.inputs.as_posix()
    if chapter.name in GATES:
        check_parameters(chapter.name, **values)
    return values


def _declared(chapter: Chapter, name: str, origin: str) -> Parameter:
    if name not in chapter.parameters:
        raise SettingsError(
            f"{origin}: chapter {chapter.name} has no parameter {name!r}"
            f"{nearest(name, chapter.parameters)}; it has: {', '.join(chapter.parameters)}"
        )
    return chapter.parameters[name]


def in_order(chapters: Mapping[str, Chapter], wanted: list[str]) -> list[str]:
    """Order the wanted chapters and all that they need, upstream first.

    Raises
    ------
    UsageError
        If a wanted chapter does not exist, or chapters need each other in a circle.
    """
    order: list[str] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            raise UsageError(f"chapters need each other in a circle: {' -> '.join((*trail, name))}")
        if name not in order:
            for need in chapters[name].needs:
                visit(need, (*trail, name))
            order.append(name)

    for name in wanted:
        if name not in chapters:
            hint = nearest(name, chapters)
            raise UsageError(f"unknown chapter {name!r}{hint}; known: {', '.join(chapters)}")
        visit(name, ())
    return order
