"""Where things are: the project, one study's inputs, its report, its working files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from crmstudy.errors import UsageError, nearest

SETTINGS_FILE = "study.yml"


def project_root() -> Path:
    """Find the folder that holds ``notebooks/`` and ``data/``.

    ``CRMSTUDY_ROOT`` wins, then the working folder and its parents, then the
    place of this source file (an editable installation).

    Raises
    ------
    UsageError
        If none of them is the project.
    """
    named = os.environ.get("CRMSTUDY_ROOT")
    candidates = [Path(named)] if named else []
    candidates += [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
    for folder in candidates:
        if (folder / "notebooks").is_dir() and (folder / "data").is_dir():
            return folder.resolve()
    raise UsageError(
        "the project's folder was not found (it holds notebooks/ and data/): "
        "call the command inside it, or set CRMSTUDY_ROOT"
    )


@dataclass(frozen=True)
class StudyPaths:
    """The places of one study.

    Parameters
    ----------
    name : str
        The study's name, also that of its report's folder.
    inputs : Path
        Folder with ``study.yml`` and the input files.
    reports : Path
        Folder of the published edition.
    work : Path
        Folder for generated files that can be deleted at any time.
    """

    name: str
    inputs: Path
    reports: Path
    work: Path

    @property
    def settings(self) -> Path:
        """The study's ``study.yml``."""
        return self.inputs / SETTINGS_FILE

    @property
    def warehouse(self) -> Path:
        """The generated DuckDB file, outside the inputs."""
        return self.work / "warehouse.duckdb"

    @property
    def cache(self) -> Path:
        """What the runner knows of each chapter's last run."""
        return self.work / "cache.json"


def known_studies(root: Path) -> list[str]:
    """Name the folders below ``data/`` that hold a ``study.yml``."""
    return sorted(file.parent.name for file in (root / "data").glob(f"*/{SETTINGS_FILE}"))


def find_study(study: str, root: Path | None = None) -> StudyPaths:
    """Resolve a study's name, or the path of its folder, to its places.

    Parameters
    ----------
    study : str
        ``"open"`` for ``data/open``, or a path to a folder that holds ``study.yml``.
    root : Path, optional
        The project's folder; found when not given.

    Raises
    ------
    UsageError
        If there is no such folder or it has no ``study.yml``.
    """
    root = root or project_root()
    inputs = root / "data" / study
    if not inputs.is_dir() and Path(study).is_dir():
        inputs = Path(study).resolve()
    if not inputs.is_dir():
        known = known_studies(root)
        raise UsageError(
            f"no study {study!r}: data/{study} does not exist{nearest(study, known)}. "
            f"Known: {', '.join(known) or 'none'}. A new one: crmstudy new {study}"
        )
    if not (inputs / SETTINGS_FILE).is_file():
        raise UsageError(
            f"{inputs} has no {SETTINGS_FILE}: copy the one of data/template, "
            "which explains each of its lines"
        )
    name = inputs.name
    if inputs.parent != root / "data" and (root / "data" / name).is_dir():
        raise UsageError(
            f"{inputs} has the name of the study data/{name}, whose report it would overwrite; "
            "rename the folder"
        )
    work = Path(os.environ.get("CRMSTUDY_WORK", root / ".crmstudy")) / name
    reports = Path(os.environ.get("CRMSTUDY_REPORTS", root / "reports" / name))
    return StudyPaths(name=name, inputs=inputs, reports=reports, work=work)
