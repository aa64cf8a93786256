"""Chapters to work on by hand: copies that hold one study's parameters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crmstudy.files import write_json
from crmstudy.runner.notebooks import Chapter
from crmstudy.settings import Scalar, Study


def copy_chapters(
    study: Study,
    chapters: Mapping[str, Chapter],
    parameters: Mapping[str, Mapping[str, Scalar]],
) -> Path:
    """Copy every chapter into the study's working folder, its parameters filled in.

    Running a copy in JupyterLab gives what the runner gives; its exhibits go to the
    study's drafts, never into the report. Copies are made anew on every call, except
    those that were changed by hand since: they are kept beside, with the ending ``.mine``.

    Returns
    -------
    Path
        Folder of the copies.
    """
    folder = study.paths.work / "notebooks"
    for name, chapter in chapters.items():
        content = json.loads(chapter.file.read_text(encoding="utf-8"))
        content["cells"] = _with_parameters(content["cells"], parameters[name])
        target, pristine = folder / chapter.file.name, folder / "pristine" / chapter.file.name
        if _was_changed(target, pristine):
            shutil.move(target, target.with_suffix(".mine.ipynb"))
        write_json(pristine, content)
        write_json(target, content)
    return folder


def _with_parameters(
    cells: list[dict[str, Any]], values: Mapping[str, Scalar]
) -> list[dict[str, Any]]:
    """Put the study's values behind the parameters cell, where the runner puts them."""
    lines = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    told: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "injected-parameters",
        "metadata": {"tags": ["injected-parameters"]},
        "outputs": [],
        "source": f"# Parameters of this study\n{lines}",
    }
    places = [i for i, c in enumerate(cells) if "parameters" in c["metadata"].get("tags", [])]
    return [*cells[: places[0] + 1], told, *cells[places[0] + 1 :]]


def _was_changed(target: Path, pristine: Path) -> bool:
    """Whether somebody changed the source of a copy; running it does not count."""
    if not (target.is_file() and pristine.is_file()):
        return False
    one, other = (json.loads(file.read_text(encoding="utf-8")) for file in (target, pristine))
    return [_source(cell) for cell in one["cells"]] != [_source(cell) for cell in other["cells"]]


def _source(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
