"""From a chapter's staging folder into the study's report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crmstudy.errors import RunError
from crmstudy.files import move_whole, sha256_of, write_json
from crmstudy.runner.cache import Remembered, Surroundings
from crmstudy.runner.notebooks import Chapter
from crmstudy.settings import Scalar, Study

KINDS = ("figures", "tables", "text")


def prepare_reports(study: Study) -> None:
    """Make sure that the report's folder can be written, before anything runs.

    Raises
    ------
    RunError
        Naming the folder and the reason.
    """
    folder = study.paths.reports
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable.part"
        probe.write_bytes(b"")
        probe.unlink()
        study.paths.work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot write the report to {folder}: {error.strerror}") from None


def publish_chapter(study: Study, chapter: Chapter, stage: Path) -> tuple[dict[str, str], str]:
    """Move a finished chapter's files into the report and merge its numbers.

    Returns
    -------
    outputs : dict
        Each file below the report's folder with its hash.
    results : str
        Hash of the chapter's numbers and tables, which other chapters may read.
    """
    reports = study.paths.reports
    numbers = json.loads((stage / "results" / f"{chapter.name}.json").read_text(encoding="utf-8"))
    staged = sorted(
        file.relative_to(stage)
        for file in stage.rglob("*")
        if file.is_file() and file.relative_to(stage).parts[0] != "results"
    )
    outputs = {path.as_posix(): sha256_of(stage / path) for path in staged}
    for path in staged:
        move_whole(stage / path, reports / path)
    _remove_leftovers(reports, chapter, outputs)
    _merge_results(reports / "results.json", chapter.name, numbers)
    read = {path: digest for path, digest in outputs.items() if path.endswith(".csv")}
    content = json.dumps([numbers, read], sort_keys=True).encode()
    return outputs, hashlib.sha256(content).hexdigest()


def _remove_leftovers(reports: Path, chapter: Chapter, outputs: Mapping[str, str]) -> None:
    for kind in KINDS:
        for file in sorted((reports / kind / chapter.name).glob("*")):
            if file.relative_to(reports).as_posix() not in outputs:
                file.unlink()


def _merge_results(file: Path, chapter: str, numbers: Mapping[str, Any]) -> None:
    before = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    others = {name: entry for name, entry in before.items() if not name.startswith(f"{chapter}.")}
    write_json(file, {**others, **numbers})


def write_manifest(
    study: Study,
    around: Surroundings,
    parameters: Mapping[str, Mapping[str, Scalar]],
    cache: Mapping[str, Remembered],
    unfinished: list[str],
) -> None:
    """Say what the report was made from, and whether it is whole.

    ``complete`` is false from the start of a run to its end, so that a killed run
    never leaves a report that looks finished.
    """
    write_json(
        study.paths.reports / "manifest.json",
        {
            "study": study.name,
            "title": study.settings.title,
            "complete": not unfinished,
            "unfinished": unfinished,
            "seed": study.settings.seed,
            "crmstudy": version("crmstudy"),
            "package_source": around.source,
            "requirements_lock": around.lock,
            "inputs": dict(around.inputs),
            "chapters": {
                name: {"parameters": dict(values), "outputs": dict(cache[name].outputs)}
                for name, values in parameters.items()
                if name in cache
            },
        },
    )


def is_marked_complete(study: Study) -> bool:
    """Whether the report's manifest says that it is whole."""
    try:
        manifest = json.loads((study.paths.reports / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return manifest.get("complete") is True
