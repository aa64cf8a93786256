"""The whole study on the template, and on firms that lack tables."""

import math
from pathlib import Path

import pytest

from crmstudy.cli import main
from tests.notebooks import narrative

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def with_gaps(values):
    return {name: math.nan if value is None else value for name, value in values.items()}


@pytest.fixture(scope="module")
def template(lasting_study, settings_of):
    """Run a copy of the template once, for the tests that look at its report."""
    kinds = (".csv", ".bib", ".ris")
    files = [f for f in sorted((ROOT / "data" / "template").iterdir()) if f.suffix in kinds]
    run, report = lasting_study(settings_of("template"), files)
    assert run() == 0
    return run, report


def test_the_template_runs_as_it_is(template):
    _, report = template
    assert report.warnings() == []
    assert '"complete": true' in (report.folder / "manifest.json").read_text()


def test_its_sentences_say_what_its_tables_hold(template):
    _, report = template
    foreign = [(*place, number.text) for *place, number in narrative.find_foreign(report.folder)]
    assert foreign == []
    texts = {file.stem: file.read_text("utf-8") for file in report.folder.glob("text/*/*.md")}
    assert texts
    assert [name for name, text in texts.items() if narrative.find_contradictions(text)] == []


def test_another_key_gives_the_same_numbers(template):
    run, report = template
    found = with_gaps(report.values())
    for chapter in ("segmentation", "case_study"):
        assert run("--chapter", chapter, "--force", key="other") == 0
    again = with_gaps(report.values())
    assert again == pytest.approx(found, rel=1e-6, abs=1e-9, nan_ok=True)


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
    folder, report = study(f"without_{lost}", simulated(lost=[lost]))
    assert main(["run", str(folder)]) == 0
    assert report.warnings() == []
    for chapter in ("segmentation", "customer_value", "satisfaction_loyalty"):
        assert report.slips(chapter) == []
