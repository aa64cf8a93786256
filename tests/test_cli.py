"""The command: what it says and how it ends."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from crmstudy.cli import main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Make an empty project with the real template and notebooks."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "template").symlink_to(ROOT / "data" / "template")
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    monkeypatch.setenv("CRMSTUDY_ROOT", str(tmp_path))
    monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path.with_name(f"{tmp_path.name}.key")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_copies_the_template_and_check_finds_no_problem(home, capsys):
    assert main(["new", "mine"]) == 0
    assert (home / "data/mine/study.yml").is_file()
    assert "data/mine is a copy of data/template" in capsys.readouterr().out
    assert main(["check", "mine"]) == 0
    out = capsys.readouterr().out
    assert "mine: no problem" in out
    assert "mine.transactions" in out


@pytest.mark.parametrize(
    ("name", "message"),
    [("template", "exists already"), ("My Study", "small letters"), ("../x", "small letters")],
)
def test_new_refuses_a_bad_name(home, capsys, name, message):
    assert main(["new", name]) == 2
    assert message in capsys.readouterr().err


def test_check_lists_the_problems_of_all_files(home, capsys):
    main(["new", "mine"])
    survey = home / "data/mine/survey.csv"
    lines = survey.read_text().splitlines()
    lines[3] = lines[3].replace(lines[3].split(",")[2], "99", 1)
    survey.write_text("\n".join(lines) + "\n")
    (home / "data/mine/costs.csv").write_bytes(b"")
    assert main(["check", "mine"]) == 1
    said = capsys.readouterr()
    assert "survey.csv, row 4" in said.err
    assert "costs.csv is empty" in said.err
    assert "mine: 2 problems" in said.out


def test_status_of_a_study_that_never_ran(home, capsys):
    main(["new", "mine"])
    capsys.readouterr()
    assert main(["status", "mine"]) == 0
    out = capsys.readouterr().out
    assert out.count("never run here") == 9


def test_clean_deletes_working_files_only(home, capsys):
    main(["new", "mine"])
    (home / ".crmstudy/mine").mkdir(parents=True)
    assert main(["clean", "mine"]) == 0
    assert not (home / ".crmstudy/mine").exists()
    assert (home / "data/mine/study.yml").is_file()
    assert main(["clean", "mine"]) == 0
    assert "nothing to delete" in capsys.readouterr().out


def test_site_says_that_it_is_not_there_yet(home, capsys):
    assert main(["site"]) == 2
    assert "not built by this version" in capsys.readouterr().err


def test_an_unknown_benchmark_is_named(home, capsys):
    (home / "benchmarks").mkdir()
    (home / "benchmarks" / "clv.py").write_text("")
    assert main(["bench", "clw"]) == 2
    assert "did you mean 'clv'?" in capsys.readouterr().err


def test_help_explains_every_verb_in_a_line(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for verb in ("run", "test", "verify", "check", "new", "status", "notebooks", "bench", "clean"):
        assert f"\n    {verb}" in out


def test_unknown_options_are_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["status", "--verbos"])
    assert ended.value.code == 2
    assert "--verbos" in capsys.readouterr().err


def test_notebooks_opens_copies_with_the_parameters_of_the_study(home, monkeypatch):
    main(["new", "mine"])
    called = []
    monkeypatch.setattr("subprocess.run", lambda command, **_: called.append(command) or _Done())
    assert main(["notebooks", "mine", "--no-browser"]) == 0
    [command] = called
    assert command[-1] == "--no-browser"
    folder = home / ".crmstudy/mine/notebooks"
    assert str(folder) in command
    cells = json.loads((folder / "02_customer_analysis.ipynb").read_text())["cells"]
    [told] = [c for c in cells if "injected-parameters" in c["metadata"].get("tags", [])]
    assert "STUDY = 'mine'" in told["source"]
    assert "MIN_GROUP = 5" in told["source"]


def test_a_copy_that_was_changed_by_hand_is_kept(home, monkeypatch):
    main(["new", "mine"])
    monkeypatch.setattr("subprocess.run", lambda command, **_: _Done())
    main(["notebooks", "mine"])
    copy = home / ".crmstudy/mine/notebooks/03_segmentation.ipynb"
    content = json.loads(copy.read_text())
    content["cells"][0]["source"] = "# my title"
    copy.write_text(json.dumps(content))
    main(["notebooks", "mine"])
    kept = copy.with_suffix(".mine.ipynb")
    assert json.loads(kept.read_text())["cells"][0]["source"] == "# my title"
    assert "my title" not in copy.read_text()


class _Done:
    returncode = 0


@pytest.mark.parametrize(
    ("old", "new", "status", "message"),
    [
        ("GROUP: region", "GROUP: regoin", 1, "did you mean 'region'?"),
        ("campaign_id: LOYALTY-2025", "campaign_id: LOYALTY-2026", 1, "LOYALTY-2025"),
        ("MIN_GROUP: 5", "MIN_GRUOP: 5", 2, "did you mean 'MIN_GROUP'?"),
        ("customer_analysis: {", "customer_anlysis: {", 2, "did you mean 'customer_analysis'?"),
        ("chapter: customer_value", "chapter: customer_valeu", 2, "did you mean 'customer_value'"),
        (
            "decided_by: quality_satisfaction",
            "decided_by: qualty_satisfaction",
            2,
            "did you mean 'quality_satisfaction'?",
        ),
    ],
)
def test_check_finds_what_run_would_stumble_over(home, capsys, old, new, status, message):
    main(["new", "mine"])
    settings = home / "data/mine/study.yml"
    text = settings.read_text(encoding="utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), encoding="utf-8")
    assert main(["check", "mine"]) == status
    assert message in capsys.readouterr().err


def test_check_finds_a_judgement_outside_the_hierarchy(home, capsys):
    main(["new", "mine"])
    file = home / "data/mine/judgements.csv"
    file.write_text(file.read_text().replace("satisfaction,loyalty,", "satisfaction,loylty,", 1))
    assert main(["check", "mine"]) == 1
    assert "loylty" in capsys.readouterr().err


def test_a_folder_elsewhere_with_the_name_of_a_study_is_refused(home, tmp_path, capsys):
    main(["new", "mine"])
    (tmp_path / "else" / "mine").mkdir(parents=True)
    (tmp_path / "else" / "mine" / "study.yml").write_text("title: T\n")
    assert main(["status", str(tmp_path / "else" / "mine")]) == 2
    assert "whose report it would overwrite" in capsys.readouterr().err


def test_new_copies_every_file_of_the_template(home):
    main(["new", "mine"])
    copied = {file.name for file in (home / "data/mine").iterdir()}
    assert copied == {file.name for file in (ROOT / "data/template").iterdir()}
    assert {"dictionary.csv", "transactions.csv", "study.yml"} <= copied


# --- check: two languages, and a list for a spreadsheet -----------------------------------


def _spoil(home, language="en"):
    """Make two mistakes in a fresh copy: an answer off the scale, and an empty file."""
    main(["new", "mine"])
    settings = home / "data/mine/study.yml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("language: en", f"language: {language}", 1)
    settings.write_text(text, encoding="utf-8")
    survey = home / "data/mine/survey.csv"
    table = pd.read_csv(survey, dtype="str")
    table.loc[2, "QU1"] = "99"
    table.to_csv(survey, index=False)
    (home / "data/mine/costs.csv").write_bytes(b"")


def test_check_speaks_chinese_where_the_study_does(home, capsys):
    _spoil(home, "zh")
    capsys.readouterr()
    assert main(["check", "mine"]) == 1
    problems = capsys.readouterr().err.strip().splitlines()
    assert len(problems) == 2
    for problem in problems:
        assert re.search("[\u4e00-\u9fff]", problem), problem
    assert "99" in problems[0] + problems[1]
    assert not any(" row " in problem for problem in problems)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_check_writes_all_problems_for_a_spreadsheet(home, capsys, language):
    _spoil(home, language)
    assert main(["check", "mine", "--csv", "problems.csv"]) == 1
    raw = (home / "problems.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(home / "problems.csv", encoding="utf-8-sig", dtype="str")
    assert len(table) == 2
    assert "survey.csv" in table.to_string()
    assert "costs.csv" in table.to_string()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(table)


def test_check_writes_an_empty_list_when_nothing_is_wrong(home, capsys):
    main(["new", "mine"])
    assert main(["check", "mine", "--csv", "problems.csv"]) == 0
    assert pd.read_csv(home / "problems.csv", encoding="utf-8-sig").empty
    assert "mine: no problem" in capsys.readouterr().out


# --- audit --------------------------------------------------------------------------------


def _report(home, text):
    main(["new", "mine"])
    folder = home / "reports/mine/text"
    folder.mkdir(parents=True)
    (folder / "reading.md").write_text(text, encoding="utf-8")


def test_audit_passes_a_report_that_names_nobody(home, capsys):
    _report(home, "Of 24 customers 3 bought twice, p = .012.")
    assert main(["audit", "mine"]) == 0
    assert "mine: nothing found that points to a single person" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["e-mail", "identifier", "name"])
def test_audit_finds_a_planted_person_and_does_not_repeat_it(home, capsys, kind):
    customers = pd.read_csv(ROOT / "data/template/customers.csv", dtype="str")
    planted = {
        "e-mail": "somebody.else@other.example",
        "identifier": customers["customer_id"][0],
        "name": customers["name"].dropna().iloc[0],
    }[kind]
    _report(home, f"The best one is {planted}, as we saw.")
    capsys.readouterr()
    assert main(["audit", "mine"]) == 1
    said = capsys.readouterr()
    assert "the report points to single persons" in said.out
    assert "reading.md" in said.err
    assert kind in said.err
    assert planted not in said.out + said.err


# --- erase --------------------------------------------------------------------------------


def test_erase_proves_it_and_the_person_stays_away(home, capsys):
    main(["new", "mine"])
    customer = pd.read_csv(ROOT / "data/template/customers.csv", dtype="str")["customer_id"][0]
    assert main(["erase", "mine", customer, "--no-run"]) == 0
    said = capsys.readouterr().out
    assert "nothing of the person is left in what was made from the inputs" in said
    assert "run it again: python study.py run mine" in said
    assert "Your own files still hold the person" in said
    assert (home / "data/mine/erased.txt").is_file()
    assert customer not in (home / "data/mine/erased.txt").read_text()
    for file in (home / ".crmstudy").rglob("*"):
        assert not file.is_file() or customer.encode() not in file.read_bytes()


def test_erase_refuses_whom_nobody_knows(home, capsys):
    main(["new", "mine"])
    assert main(["erase", "mine", "NOBODY-1", "--no-run"]) == 2
    assert not (home / "data/mine/erased.txt").exists()
    assert "crmstudy:" in capsys.readouterr().err


@pytest.mark.parametrize("study", ["open", "simulated", "template"])
def test_erase_refuses_the_studies_of_the_project(home, capsys, study):
    if study != "template":
        shutil.copytree(ROOT / "data" / study, home / "data" / study)
    assert main(["erase", study, "1", "--no-run"]) == 1
    assert "is one of the project's own studies" in capsys.readouterr().err
    assert not (ROOT / "data" / study / "erased.txt").exists()
