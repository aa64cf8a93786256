"""What tests of several rooms share: a small study of one's own, written into a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from crmstudy.settings import Study, read_study

# The same examples on every run, and no test fails because the machine is busy. Without
# the profile (`--hypothesis-profile=default`) new examples are searched for.
settings.register_profile("study", derandomize=True, deadline=None)
settings.load_profile("study")

StudyMaker = Callable[..., Study]


@pytest.fixture
def segmentation_parameters() -> dict[str, object]:
    """Every parameter of chapter 03 but the study: a gate that stands for any chapter's."""
    return {
        "DATASET": "",
        "N_BINS": 5,
        "RFM_CUTS": "",
        "RFM_WEIGHTS": "1 1 1",
        "N_WINDOWS": 4,
        "N_SEGMENTS": 0,
        "N_REPLICATES": 20,
        "CUT_SHARE": 0.5,
        "HORIZON_WEEKS": 52.0,
        "ANNUAL_DISCOUNT_RATE": 0.1,
        "MARGIN_SHARE": 0.25,
        "CONTACT_COST": 0.5,
        "BUDGET_SHARE": 0.3,
    }


@pytest.fixture
def make_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyMaker:
    """Write ``study.yml`` and input files into a folder and read the study.

    ``files`` maps a name to text or bytes; further keywords are keys of study.yml.
    """
    monkeypatch.setenv("CRMSTUDY_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("CRMSTUDY_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / "key"))

    def make(
        tables: Mapping[str, object],
        files: Mapping[str, str | bytes] | None = None,
        name: str = "firm",
        **settings: object,
    ) -> Study:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, content in (files or {}).items():
            raw = content if isinstance(content, bytes) else content.encode()
            (folder / file).write_bytes(raw)
        content = {"title": "A firm", "seed": 1, "tables": dict(tables), **settings}
        # Tests of other rooms know their customers by name; those of privacy say so.
        content.setdefault("privacy", {"pseudonyms": False})
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        (folder / "study.yml").write_text(text, encoding="utf-8")
        return read_study(str(folder))

    return make
