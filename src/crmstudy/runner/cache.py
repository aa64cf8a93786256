"""What the runner remembers of each chapter, and why one is stale."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmstudy.collection.inputs import hash_inputs, hash_literature, source_hash
from crmstudy.collection.privacy.erased import erasure_list
from crmstudy.files import sha256_of, write_json
from crmstudy.runner.notebooks import Chapter
from crmstudy.settings import Scalar, Study


@dataclass(frozen=True)
class Remembered:
    """A chapter's last complete run: what it was made from and what it left.

    ``outputs`` maps each file below the report's folder to its hash; ``results`` is
    a hash of the numbers and tables alone, which is what other chapters read.
    """

    fingerprint: Mapping[str, str]
    outputs: Mapping[str, str]
    results: str
    seconds: float


def read_cache(study: Study) -> dict[str, Remembered]:
    """Read what is remembered of a study; nothing when there is no cache or it is damaged."""
    try:
        content = json.loads(study.paths.cache.read_text(encoding="utf-8"))
        return {name: Remembered(**entry) for name, entry in content.items()}
    except (OSError, ValueError, TypeError):
        return {}


def write_cache(study: Study, cache: Mapping[str, Remembered]) -> None:
    """Keep what is remembered of a study."""
    write_json(study.paths.cache, {name: vars(entry) for name, entry in cache.items()})


@dataclass(frozen=True)
class Surroundings:
    """Hashes that all chapters of one study share, computed once a run."""

    source: str
    lock: str
    settings: str
    inputs: Mapping[str, str]
    erased: str
    literature: str


def survey_surroundings(study: Study, root: Path) -> Surroundings:
    """Hash the package, the lock, the study's settings and its inputs."""
    lock, erased = root / "requirements.lock", erasure_list(study)
    python = ".".join(map(str, sys.version_info[:2]))
    locked = sha256_of(lock) if lock.is_file() else "none"
    settings = study.settings.model_dump(mode="json", exclude={"chapters", "tables"})
    return Surroundings(
        source=source_hash(),
        lock=f"{locked}, Python {python}",
        settings=_digest(settings),
        inputs=hash_inputs(study),
        erased=sha256_of(erased) if erased.is_file() else "none",
        literature=hash_literature(study),
    )


#: Tables that decide who is in the others: those who did not consent stay out of all, and
#: records are linked with customers who may be merged.
SHAPING = ("consents", "customers")


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def fingerprint(
    chapter: Chapter,
    parameters: Mapping[str, Scalar],
    around: Surroundings,
    cache: Mapping[str, Remembered],
) -> dict[str, str]:
    """Name and hash everything that a chapter's outputs follow from.

    Upstream chapters enter by their recorded results: one that was run again to the
    same numbers leaves its successors fresh.
    """
    parts = {
        "notebook": chapter.source_hash,
        "package source": around.source,
        "requirements.lock": around.lock,
        "study.yml": around.settings,
    }
    parts |= {f"parameter {name}": repr(value) for name, value in parameters.items()}
    read = {*chapter.tables, *SHAPING} if chapter.tables else set()
    parts |= {
        f"input {name}": digest
        for name, digest in around.inputs.items()
        if name.rpartition(".")[2] in read
    }
    if read:
        parts["erased persons"] = around.erased
    if "literature" in chapter.tables:
        parts["literature"] = around.literature
    for need in chapter.needs:
        parts[f"results of {need}"] = cache[need].results if need in cache else "none"
    return parts


def explain_staleness(
    now: Mapping[str, str], remembered: Remembered | None, reports: Path
) -> list[str]:
    """Say why a chapter must be run; an empty list means it is fresh."""
    if remembered is None:
        return ["never run here"]
    before = remembered.fingerprint
    reasons = [f"{part} changed" for part in now if part in before and now[part] != before[part]]
    reasons += [f"{part} is new" for part in now if part not in before]
    reasons += [f"{part} is gone" for part in before if part not in now]
    if not reasons:
        reasons += [
            f"output {path} {'changed' if (reports / path).is_file() else 'is missing'}"
            for path, digest in remembered.outputs.items()
            if not (reports / path).is_file() or sha256_of(reports / path) != digest
        ]
    return reasons
