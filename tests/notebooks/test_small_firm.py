"""The whole study on a small simulated firm: equal in every byte, marked as simulated."""

from pathlib import Path

import pytest

from crmstudy.cli import main
from crmstudy.runner.notebooks import read_chapters

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
#: A number of the cheapest chapter, which draws nothing itself.
FROM_DATA = ".groups.anova_statistic"


@pytest.fixture(scope="module")
def smoke(lasting_study, simulated):
    """Run the small firm once, for the tests that look at its report."""
    run, report = lasting_study(simulated())
    assert run() == 0
    return run, report


def test_twice_equal_in_every_byte(smoke):
    run, report = smoke
    first = report.snapshot()
    chapters = [name for name in first if name.endswith(".ipynb")]
    assert len(chapters) == len(read_chapters(ROOT / "notebooks"))
    assert report.warnings() == []
    assert run("--force") == 0
    assert report.snapshot() == first


def test_every_exhibit_says_that_it_is_simulated(smoke):
    _, report = smoke
    notes = {f: f.read_text(encoding="utf-8") for f in report.folder.glob("tables/*/*.md")}
    assert len(notes) > 40
    simulated = {file.name for file, note in notes.items() if "Simulated data" in note}
    # The literature is real: its exhibits name the bibliography, and must not say simulated.
    literature = {file.name for file, note in notes.items() if "Source: references.bib" in note}
    assert literature == {file.name for file in notes if file.name.startswith("literature_")}
    assert simulated == {file.name for file in notes} - literature


def test_another_seed_gives_other_numbers(smoke, study, simulated):
    _, report = smoke
    other, elsewhere = study("other", simulated(seed=7))
    assert main(["run", str(other), "--chapter", "customer_analysis"]) == 0
    values = [
        value
        for place in (report, elsewhere)
        for name, value in place.values().items()
        if name.endswith(FROM_DATA)
    ]
    assert len(values) == 2
    assert values[0] != values[1]


def test_verify_of_a_report_just_made(smoke, capsys):
    run, _ = smoke
    assert run("--chapter", "customer_analysis", word="verify") == 0
    assert "all within tolerance" in capsys.readouterr().out


def test_cold_kernels_give_the_same_report(smoke, monkeypatch):
    run, report = smoke
    warm = report.snapshot()
    monkeypatch.setenv("CRMSTUDY_COLD", "1")
    chapters = ("--chapter", "customer_analysis", "--chapter", "satisfaction_loyalty")
    assert run(*chapters, "--force") == 0
    assert report.snapshot() == warm
