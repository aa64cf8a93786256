"""The whole study on the template, and on firms that lack tables."""

from pathlib import Path

import pytest

from crmstudy.cli import main

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def test_the_template_runs_as_it_is(study, settings_of):
    files = sorted((ROOT / "data" / "template").glob("*.csv"))
    folder, report = study("copy", settings_of("template"), files)
    assert main(["run", str(folder)]) == 0
    assert report.warnings() == []
    assert '"complete": true' in (report.folder / "manifest.json").read_text()


@pytest.mark.parametrize("kept", ["transactions", "survey", "judgements"])
def test_one_table_is_enough(study, simulated, kept):
    settings = simulated(privacy={"purpose": ""})
    settings["tables"] = {kept: settings["tables"][kept]}
    folder, report = study(f"only_{kept}", settings)
    assert main(["run", str(folder)]) == 0
    assert None in report.values().values()
    places = report.folder.glob("text/*/reading.md")
    texts = " ".join(file.read_text(encoding="utf-8") for file in places)
    assert "ot available: " in texts
    assert "nan" not in texts.lower().replace("finance", "")
    assert report.warnings() == []


@pytest.mark.parametrize("lost", ["customers", "campaigns", "consents", "invitations", "survey"])
def test_one_table_missing(study, simulated, lost):
    folder, _ = study(f"without_{lost}", simulated(lost=[lost]))
    assert main(["run", str(folder)]) == 0
