"""The whole study on other firms: a small simulated one, the template, one without tables."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from crmstudy.cli import main
from crmstudy.runner.notebooks import read_chapters

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
SMOKE = {"n_customers": 400}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Make a study in a folder of its own, run it, and return where its report is."""
    monkeypatch.setenv("CRMSTUDY_ROOT", str(ROOT))
    monkeypatch.setenv("CRMSTUDY_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / "key"))

    def make(name, settings, files=()):
        folder = tmp_path / name
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        (folder / "study.yml").write_text(yaml.safe_dump(settings, allow_unicode=True))
        monkeypatch.setenv("CRMSTUDY_REPORTS", str(tmp_path / "reports" / name))
        return folder, tmp_path / "reports" / name

    return make


def settings_of(name):
    return yaml.safe_load((ROOT / "data" / name / "study.yml").read_text(encoding="utf-8"))


def snapshot(reports):
    kinds = (".csv", ".tex", ".md", ".png", ".svg", ".json", ".ipynb")
    return {
        file.relative_to(reports).as_posix(): file.read_bytes()
        for file in sorted(reports.rglob("*"))
        if file.suffix in kinds and file.name != "manifest.json"
    }


def simulated(**changes):
    return {**settings_of("simulated"), "simulation": SMOKE, **changes}


def test_a_small_simulated_firm_twice_equal_in_every_byte(study):
    folder, reports = study("smoke", simulated())
    assert main(["run", str(folder)]) == 0
    first = snapshot(reports)
    assert len([name for name in first if name.endswith(".ipynb")]) == len(
        read_chapters(ROOT / "notebooks")
    )
    assert main(["run", str(folder), "--force"]) == 0
    assert snapshot(reports) == first


def test_every_exhibit_of_the_simulated_firm_says_so(study):
    folder, reports = study("smoke", simulated())
    main(["run", str(folder)])
    notes = {file: file.read_text(encoding="utf-8") for file in reports.glob("tables/*/*.md")}
    assert len(notes) > 40
    assert [file.name for file, note in notes.items() if "Simulated data" not in note] == []


def test_another_seed_gives_other_numbers(study):
    folder, reports = study("one", simulated())
    main(["run", str(folder), "--chapter", "customer_value"])
    first = json.loads((reports / "results.json").read_text())
    other, elsewhere = study("two", simulated(seed=7))
    main(["run", str(other), "--chapter", "customer_value"])
    second = json.loads((elsewhere / "results.json").read_text())
    name = next(n for n in first if n.endswith("bg_nbd.alpha")).split(".", 2)[2]
    values = [
        next(e["value"] for n, e in found.items() if n.endswith(name)) for found in (first, second)
    ]
    assert values[0] != values[1]


def test_the_template_runs_as_it_is(study):
    files = sorted((ROOT / "data" / "template").glob("*.csv"))
    folder, reports = study("copy", settings_of("template"), files)
    assert main(["run", str(folder)]) == 0
    assert json.loads((reports / "manifest.json").read_text())["complete"] is True


@pytest.mark.parametrize("kept", ["transactions", "survey", "judgements"])
def test_one_table_is_enough(study, kept):
    settings = simulated()
    settings["tables"] = {kept: settings["tables"][kept]}
    settings["privacy"] = {"purpose": ""}
    folder, reports = study(f"only_{kept}", settings)
    assert main(["run", str(folder)]) == 0
    results = json.loads((reports / "results.json").read_text())
    assert any(entry["value"] is None for entry in results.values())
    texts = " ".join(f.read_text(encoding="utf-8") for f in reports.glob("text/*/reading.md"))
    assert "ot available: " in texts
    assert "nan" not in texts.lower().replace("finance", "")


@pytest.mark.parametrize("lost", ["customers", "campaigns", "consents", "invitations", "survey"])
def test_one_table_missing(study, lost):
    settings = simulated()
    del settings["tables"][lost]
    if lost == "consents":
        settings["privacy"] = {"purpose": ""}
    folder, _ = study(f"without_{lost}", settings)
    assert main(["run", str(folder)]) == 0


def test_cold_kernels_give_the_same_report(study, monkeypatch):
    folder, reports = study("smoke", simulated())
    chapters = ("--chapter", "customer_analysis", "--chapter", "satisfaction_loyalty")
    assert main(["run", str(folder), *chapters]) == 0
    warm = snapshot(reports)
    monkeypatch.setenv("CRMSTUDY_COLD", "1")
    assert main(["run", str(folder), *chapters, "--force"]) == 0
    assert snapshot(reports) == warm


def test_verify_of_a_report_just_made(study, capsys):
    folder, _ = study("smoke", simulated())
    main(["run", str(folder), "--chapter", "customer_value"])
    assert main(["verify", str(folder), "--chapter", "customer_value"]) == 0
    assert "all within tolerance" in capsys.readouterr().out
