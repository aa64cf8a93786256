"""The whole study on other firms: a small simulated one, the template, one without tables."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from crmstudy.chapters import GATES
from crmstudy.cli import main
from crmstudy.runner.notebooks import read_chapters

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
SMOKE = {"n_customers": 400}
#: Fewer draws than a study makes: what is tested here is that chapters run and say so.
FEW = {"segmentation": {"N_REPLICATES": 5}, "customer_value": {"N_REPLICATES": 20}}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """Run the small simulated firm once, for the tests that look at its report."""
    place = tmp_path_factory.mktemp("smoke")
    (place / "firm").mkdir()
    (place / "firm/study.yml").write_text(yaml.safe_dump(simulated(), allow_unicode=True))

    def run(*told, word="run"):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("CRMSTUDY_ROOT", str(ROOT))
            monkeypatch.setenv("CRMSTUDY_WORK", str(place / "work"))
            monkeypatch.setenv("CRMSTUDY_REPORTS", str(place / "reports"))
            monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(place / "key"))
            return main([word, str(place / "firm"), *told])

    assert run() == 0
    return run, place / "reports"


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
    settings = settings_of("simulated")
    for chapter, few in FEW.items():
        settings["chapters"][chapter] = {**settings["chapters"].get(chapter, {}), **few}
    return {**settings, "simulation": SMOKE, **changes}


def without(*lost):
    settings = simulated()
    settings["tables"] = {n: t for n, t in settings["tables"].items() if n not in lost}
    return settings


def warnings_of(reports):
    """List what the executed chapters wrote beside their exhibits: warnings, for the most part."""
    chapters = sorted(reports.glob("*.ipynb"))
    assert chapters
    return [
        (file.name, output.get("text", output.get("evalue")))
        for file in chapters
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] in ("stream", "error")
    ]


def slips_of(reports, chapter):
    """List texts in which a program's words or a wrong number of things stand."""
    wrong = re.compile(
        r"\b(nan|NaT|inf)\b|(?<![.] )\bNone\b|NotAvailable\(|(?<![\d.,])1 customers|\b0 of 0\b"
    )
    texts = sorted(reports.glob(f"t*/{chapter}/*.md"))
    assert texts
    return [
        (file.name, found.group())
        for file in texts
        if (found := wrong.search(file.read_text(encoding="utf-8")))
    ]


@pytest.mark.xdist_group("smoke")
def test_a_small_simulated_firm_twice_equal_in_every_byte(smoke):
    run, reports = smoke
    first = snapshot(reports)
    assert len([name for name in first if name.endswith(".ipynb")]) == len(
        read_chapters(ROOT / "notebooks")
    )
    assert warnings_of(reports) == []
    assert run("--force") == 0
    assert snapshot(reports) == first


@pytest.mark.xdist_group("smoke")
def test_every_exhibit_of_the_simulated_firm_says_so(smoke):
    _, reports = smoke
    notes = {file: file.read_text(encoding="utf-8") for file in reports.glob("tables/*/*.md")}
    assert len(notes) > 40
    assert [file.name for file, note in notes.items() if "Simulated data" not in note] == []


@pytest.mark.xdist_group("smoke")
def test_another_seed_gives_other_numbers(smoke, study):
    _, reports = smoke
    other, elsewhere = study("other", simulated(seed=7))
    assert main(["run", str(other), "--chapter", "customer_value"]) == 0
    values = []
    for place in (reports, elsewhere):
        results = json.loads((place / "results.json").read_text())
        values += [e["value"] for n, e in results.items() if n.endswith("bg_nbd.alpha")]
    assert len(values) == 2
    assert values[0] != values[1]


@pytest.mark.xdist_group("smoke")
def test_verify_of_a_report_just_made(smoke, capsys):
    run, _ = smoke
    assert run("--chapter", "customer_value", word="verify") == 0
    assert "all within tolerance" in capsys.readouterr().out


def test_the_template_runs_as_it_is(study):
    files = sorted((ROOT / "data" / "template").glob("*.csv"))
    folder, reports = study("copy", settings_of("template"), files)
    assert main(["run", str(folder)]) == 0
    assert warnings_of(reports) == []
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
    assert warnings_of(reports) == []


@pytest.mark.parametrize("lost", ["customers", "campaigns", "consents", "invitations", "survey"])
def test_one_table_missing(study, lost):
    settings = simulated()
    del settings["tables"][lost]
    if lost == "consents":
        settings["privacy"] = {"purpose": ""}
    folder, _ = study(f"without_{lost}", settings)
    assert main(["run", str(folder)]) == 0


@pytest.mark.parametrize("lost", ["products", "campaigns", "responses", "contacts", "costs"])
def test_segmentation_without_one_table(study, lost):
    folder, reports = study(f"without_{lost}", without(lost))
    assert main(["run", str(folder), "--chapter", "segmentation"]) == 0
    assert warnings_of(reports) == []
    assert slips_of(reports, "segmentation") == []


@pytest.mark.parametrize("n_customers", [20, 60])
def test_segmentation_of_few_customers(study, n_customers):
    settings = simulated(simulation={"n_customers": n_customers})
    folder, reports = study("few", settings)
    assert main(["run", str(folder), "--chapter", "segmentation"]) == 0
    assert warnings_of(reports) == []
    assert slips_of(reports, "segmentation") == []


def test_another_key_gives_the_same_numbers(study, tmp_path, monkeypatch):
    files = sorted((ROOT / "data" / "template").glob("*.csv"))
    folder, reports = study("keys", settings_of("template"), files)
    told = ["run", str(folder), "--chapter", "segmentation"]
    found = []
    for key in ("one", "other"):
        monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / key))
        assert main([*told, "--force"]) == 0
        results = json.loads((reports / "results.json").read_text())
        found.append({name: entry["value"] for name, entry in results.items()})
    assert found[0] == pytest.approx(found[1], rel=1e-6, abs=1e-9)


@pytest.fixture(scope="module")
def segmented(tmp_path_factory):
    """Run chapter 03 of one small firm, again and again, with other parameters."""
    place = tmp_path_factory.mktemp("parameters")
    (place / "firm").mkdir()
    # Booked costs would stand in the place of the cost of a contact that is assumed.
    settings = {**without("costs", "consents"), "simulation": {"n_customers": 300}}
    settings["privacy"] = {"purpose": ""}
    (place / "firm/study.yml").write_text(yaml.safe_dump(settings, allow_unicode=True))

    def run(*given):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("CRMSTUDY_ROOT", str(ROOT))
            monkeypatch.setenv("CRMSTUDY_WORK", str(place / "work"))
            monkeypatch.setenv("CRMSTUDY_REPORTS", str(place / "reports"))
            monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(place / "key"))
            told = ("segmentation.N_REPLICATES=5", *given)
            sets = [word for each in told for word in ("--set", each)]
            assert main(["run", str(place / "firm"), "--chapter", "segmentation", *sets]) == 0
            assert warnings_of(place / "reports") == []
        results = json.loads((place / "reports/results.json").read_text())
        return {name: entry["value"] for name, entry in results.items()}

    return run


@pytest.fixture(scope="module")
def as_told(segmented):
    """Give the numbers of the parameters' defaults."""
    return segmented()


#: Changed together: no other parameter of the group reaches the model named beside one.
TRIED = (
    {
        "RFM_WEIGHTS=3 2 1": "rfm.",
        "N_WINDOWS=3": "migration_steps.",
        "N_REPLICATES=6": "kmeans.",
        "CONTACT_COST=2.0": "budget.",
        "HORIZON_WEEKS=8.0": "grid.",
    },
    {"N_BINS=4": "rfm.", "MARGIN_SHARE=0.6": "grid."},
    {
        "RFM_CUTS=90 180 270 360; 2 4 6 10; 50 100 300 1000": "migration.",
        "BUDGET_SHARE=0.6": "budget.",
        "ANNUAL_DISCOUNT_RATE=0.5": "grid.",
    },
    {"CUT_SHARE=0.6": "forecasts.", "N_SEGMENTS=3": "kmeans."},
)


@pytest.mark.xdist_group("segmented")
@pytest.mark.parametrize("group", TRIED, ids=lambda group: " ".join(group))
def test_every_parameter_of_segmentation_changes_a_number(segmented, as_told, group):
    found = segmented(*(f"segmentation.{given}" for given in group))
    changed = [name for name in as_told if found.get(name) != as_told[name]]
    untouched = [
        given
        for given, touched in group.items()
        if not any(f".{touched}" in name for name in changed)
    ]
    assert untouched == []


def test_every_parameter_of_segmentation_is_tried():
    names = {given.partition("=")[0] for group in TRIED for given in group}
    assert names | {"STUDY", "DATASET"} == set(GATES["segmentation"].model_fields)


def test_cold_kernels_give_the_same_report(study, monkeypatch):
    folder, reports = study("smoke", simulated())
    chapters = ("--chapter", "customer_analysis", "--chapter", "satisfaction_loyalty")
    assert main(["run", str(folder), *chapters]) == 0
    warm = snapshot(reports)
    monkeypatch.setenv("CRMSTUDY_COLD", "1")
    assert main(["run", str(folder), *chapters, "--force"]) == 0
    assert snapshot(reports) == warm
