"""Fingerprints of a study's inputs: what must be the same for a result to stand."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from crmstudy.collection.intake.places import has_pattern, list_files
from crmstudy.collection.open_data import find_open_table
from crmstudy.errors import DataError
from crmstudy.files import sha256_of
from crmstudy.paths import project_root
from crmstudy.settings import Study, TableSource

PACKAGE = Path(__file__).resolve().parents[1]


def source_hash(folder: Path = PACKAGE) -> str:
    """Hash the Python source below a folder of the package."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def hash_table(study: Study, source: TableSource) -> str:
    """Hash one table's input: its bytes and how study.yml says to read them.

    A file that is not there hashes as missing; reading it is what raises.
    """
    digest = hashlib.sha256(source.model_dump_json().encode())
    if source.file is not None:
        folder = study.paths.inputs
        several = has_pattern(folder, source)
        for file in list_files(folder, source):
            # Of several files the name counts: it may say who judged.
            digest.update(os.path.relpath(file, folder).encode() if several else b"")
            digest.update(sha256_of(file).encode() if file.is_file() else b"missing")
    elif source.open is not None:
        for part in find_open_table(source.open).files:
            digest.update(_hash_or_missing(part.locate).encode())
    else:
        settings = study.settings
        digest.update(repr((settings.seed, sorted(settings.simulation.items()))).encode())
    return digest.hexdigest()


def _hash_or_missing(locate: object) -> str:
    try:
        place = locate()  # type: ignore[operator]
    except DataError:
        return "missing"
    return sha256_of(place) if place.is_file() else "missing"


def hash_literature(study: Study) -> str:
    """Hash the files of the study's literature, or the project's own where it names none."""
    spec, digest = study.settings.literature, hashlib.sha256()
    names = [*(one.file for one in spec.files), *filter(None, [spec.decisions])]
    own = [project_root() / "references.bib"]
    for file in [study.paths.inputs / name for name in names] if spec.files else own:
        digest.update(sha256_of(file).encode() if file.is_file() else b"missing")
    return digest.hexdigest()


def hash_inputs(study: Study) -> dict[str, str]:
    """Hash every table of a study, by ``<data set>.<table>``."""
    return {
        f"{dataset}.{table}": hash_table(study, source)
        for (dataset, table), source in study.table_sources().items()
    }
