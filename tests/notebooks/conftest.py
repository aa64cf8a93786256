"""Whole studies of other firms, and what their reports hold."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from crmstudy.cli import main

ROOT = Path(__file__).resolve().parents[2]
SMOKE = {"n_customers": 400}
#: Fewer draws than a study makes: what is tested here is that chapters run and say so.
FEW = {
    "segmentation": {"N_REPLICATES": 5},
    "customer_value": {"N_REPLICATES": 20},
    "satisfaction_loyalty": {"N_BOOTSTRAP": 100, "N_POWER_DRAWS": 20},
    "performance_evaluation": {"N_DRAWS": 100},
    "research_design": {"N_REPLICATES": 20},
    "case_study": {"N_DRAWS": 100},
}


@dataclass(frozen=True)
class Report:
    """A folder of reports, looked at from outside."""

    folder: Path

    def results(self) -> dict[str, dict[str, Any]]:
        """Read the recorded numbers."""
        return json.loads((self.folder / "results.json").read_text(encoding="utf-8"))

    def values(self) -> dict[str, float | None]:
        """Read the recorded numbers without what stands beside them."""
        return {name: entry["value"] for name, entry in self.results().items()}

    def snapshot(self) -> dict[str, bytes]:
        """Read every file that must come out alike."""
        kinds = (".csv", ".tex", ".md", ".png", ".svg", ".json", ".ipynb")
        return {
            file.relative_to(self.folder).as_posix(): file.read_bytes()
            for file in sorted(self.folder.rglob("*"))
            if file.suffix in kinds and file.name != "manifest.json"
        }

    def warnings(self) -> list[tuple[str, str]]:
        """List what the chapters wrote beside their exhibits: warnings, for the most part."""
        chapters = sorted(self.folder.glob("*.ipynb"))
        assert chapters
        return [
            (file.name, output.get("text", output.get("evalue")))
            for file in chapters
            for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]
            for output in cell.get("outputs", [])
            if output["output_type"] in ("stream", "error")
        ]

    def slips(self, chapter: str) -> list[tuple[str, str]]:
        """List texts in which a program's words or a wrong number of things stand."""
        wrong = re.compile(
            r"\b(nan|NaT|inf)\b|(?<=[^.\n] )None\b|[=(]None\b|NotAvailable\(|"
            r"(?<![\d.,])1 customers|\b0 of 0\b"
        )
        texts = sorted(self.folder.glob(f"t*/{chapter}/*.md"))
        assert texts
        return [
            (file.name, found.group())
            for file in texts
            if (found := wrong.search(file.read_text(encoding="utf-8")))
        ]


def read_settings(name: str) -> dict[str, Any]:
    """Read the ``study.yml`` of a study below data/."""
    return yaml.safe_load((ROOT / "data" / name / "study.yml").read_text(encoding="utf-8"))


def simulate_settings(*, lost: Iterable[str] = (), **changes: Any) -> dict[str, Any]:
    """Take the settings of the simulated study, smaller, without some of its tables."""
    settings = read_settings("simulated")
    settings["tables"] = {n: t for n, t in settings["tables"].items() if n not in lost}
    for chapter, few in FEW.items():
        settings["chapters"][chapter] = {**settings["chapters"].get(chapter, {}), **few}
    if "consents" in lost:
        settings["privacy"] = {"purpose": ""}
    return {**settings, "simulation": SMOKE, **changes}


@pytest.fixture(scope="session")
def simulated() -> Callable[..., dict[str, Any]]:
    """Give the settings of a small simulated firm."""
    return simulate_settings


@pytest.fixture(scope="session")
def settings_of() -> Callable[[str], dict[str, Any]]:
    """Give the settings of a study below data/."""
    return read_settings


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Path, Report]]:
    """Make a study in a folder of its own; return the folder and where its report will be."""
    monkeypatch.setenv("CRMSTUDY_ROOT", str(ROOT))
    monkeypatch.setenv("CRMSTUDY_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / "key"))

    def make(
        name: str, settings: dict[str, Any], files: Iterable[Path] = ()
    ) -> tuple[Path, Report]:
        folder = tmp_path / name
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        (folder / "study.yml").write_text(
            yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
        )
        monkeypatch.setenv("CRMSTUDY_REPORTS", str(tmp_path / "reports" / name))
        return folder, Report(tmp_path / "reports" / name)

    return make


def find_untouched(
    group: dict[str, str], as_told: dict[str, float | None], found: dict[str, float | None]
) -> list[str]:
    """List the parameters given that changed no number of the part named beside them."""
    changed = [name for name in as_told if found.get(name) != as_told[name]]
    return [
        given
        for given, touched in group.items()
        if not any(f".{touched}" in name for name in changed)
    ]


@pytest.fixture(scope="session")
def untouched() -> Callable[..., list[str]]:
    """Find the parameters that changed nothing of what they should."""
    return find_untouched


Run = Callable[..., int]


@pytest.fixture(scope="session")
def lasting_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Run, Report]]:
    """Make a study that several tests run again and again."""

    def make(settings: dict[str, Any], files: Iterable[Path] = ()) -> tuple[Run, Report]:
        place = tmp_path_factory.mktemp("study")
        (place / "firm").mkdir()
        for file in files:
            shutil.copy(file, place / "firm")
        (place / "firm/study.yml").write_text(
            yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
        )

        def run(*told: str, word: str = "run", key: str = "key") -> int:
            with pytest.MonkeyPatch.context() as monkeypatch:
                monkeypatch.setenv("CRMSTUDY_ROOT", str(ROOT))
                monkeypatch.setenv("CRMSTUDY_WORK", str(place / "work"))
                monkeypatch.setenv("CRMSTUDY_REPORTS", str(place / "reports"))
                monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(place / key))
                return main([word, str(place / "firm"), *told])

        return run, Report(place / "reports")

    return make
