"""The runner on a toy project: fresh and stale, failure and resumption, whole reports."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from types import SimpleNamespace

import pytest

from crmstudy.cli import main
from crmstudy.collection.warehouse import ensure_warehouse
from crmstudy.runner.schedule import _build_warehouse

BROKEN = "raise ValueError('no such luck')"


def run(*arguments):
    return main(["run", *arguments])


def chapters_in(reports):
    return sorted(file.stem.split("_", 1)[1] for file in reports.glob("*.ipynb"))


def test_first_run_writes_every_chapter(project, capsys):
    assert run("toy") == 0
    assert chapters_in(project.reports) == ["alpha", "beta", "delta", "gamma"]
    assert project.results()["alpha.toy.model.value"]["value"] == 6
    manifest = json.loads((project.reports / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert "4 chapters run, 0 fresh" in capsys.readouterr().out


def test_second_run_executes_nothing(project, capsys):
    run("toy")
    before = {f: f.stat().st_mtime_ns for f in project.reports.rglob("*") if f.is_file()}
    began = time.monotonic()
    assert run("toy") == 0
    assert time.monotonic() - began < 5  # the speed itself stands in benchmarks/
    assert "0 chapters run, 4 fresh" in capsys.readouterr().out
    assert before == {f: f.stat().st_mtime_ns for f in project.reports.rglob("*") if f.is_file()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("notebook", "notebook changed"),
        ("input", "input toy.survey changed"),
        ("settings", "study.yml changed"),
        ("parameter", "parameter LEVEL changed"),
        ("output", "output tables/alpha/values.csv changed"),
        ("lost", "output tables/alpha/values.csv is missing"),
    ],
)
def test_status_names_why_a_chapter_is_stale(project, capsys, change, reason):
    run("toy")
    if change == "notebook":
        project.write(1, "alpha", body=project.changed)
    elif change == "input":
        (project.root / "data/toy/survey.csv").write_text("respondent_id\n1\n")
    elif change == "settings":
        project.settings("title: Other\nseed: 1\ntables:\n  survey: {file: survey.csv}\n")
    elif change == "parameter":
        project.settings(
            "title: Toy\nseed: 1\ntables:\n  survey: {file: survey.csv}\n"
            "chapters: {alpha: {LEVEL: 3}}\n"
        )
    elif change == "output":
        (project.reports / "tables/alpha/values.csv").write_text("value\n9\n")
    else:
        (project.reports / "tables/alpha/values.csv").unlink()
    capsys.readouterr()
    assert main(["status", "toy"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert reason in lines["alpha"]
    assert "alpha is stale" in lines["beta"]


def test_upstream_with_equal_results_leaves_successors_fresh(project, capsys):
    run("toy")
    project.write(1, "alpha", body=project.changed)
    capsys.readouterr()
    assert run("toy") == 0
    assert "1 chapters run, 3 fresh" in capsys.readouterr().out


def test_changed_results_run_successors_again(project, capsys):
    run("toy")
    capsys.readouterr()
    assert run("toy", "--set", "alpha.LEVEL=5") == 0
    # beta and gamma read alpha's numbers; their own came out the same, so delta is fresh.
    assert "3 chapters run, 1 fresh" in capsys.readouterr().out
    assert project.results()["alpha.toy.model.value"]["value"] == 15


def test_an_input_that_a_chapter_does_not_declare_leaves_it_fresh(project, capsys):
    run("toy")
    (project.root / "data/toy/survey.csv").write_text("respondent_id\n1\n2\n\n")
    main(["status", "toy"])
    out = capsys.readouterr().out
    gamma = next(line for line in out.splitlines() if line.startswith("gamma"))
    assert "input" not in gamma


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("consents.csv", "customer_id,purpose,given,decided_on\n", "input toy.consents changed"),
        ("erased.txt", "# nobody yet\n", "erased persons changed"),
    ],
)
def test_who_may_be_read_makes_every_chapter_stale_that_reads(project, capsys, file, text, reason):
    """Consent and erasure take persons out of all tables, also where no chapter names them."""
    header = "customer_id,purpose,given,decided_on\nC1,analysis,yes,2026-01-01\n"
    (project.root / "data/toy/consents.csv").write_text(header)
    project.settings(
        "title: Toy\nseed: 1\ntables:\n  survey: {file: survey.csv}\n"
        "  consents: {file: consents.csv}\n"
    )
    assert run("toy") == 0
    (project.root / "data/toy" / file).write_text(text)
    capsys.readouterr()
    assert main(["status", "toy"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert reason in lines["alpha"]
    assert reason not in lines["gamma"]


def test_one_chapter_runs_with_what_it_needs_only(project):
    assert run("toy", "--chapter", "beta") == 0
    assert chapters_in(project.reports) == ["alpha", "beta"]
    manifest = json.loads((project.reports / "manifest.json").read_text())
    assert manifest["complete"] is False
    assert manifest["unfinished"] == ["gamma", "delta"]


def test_force_runs_fresh_chapters(project, capsys):
    run("toy")
    capsys.readouterr()
    assert run("toy", "--force", "--chapter", "beta") == 0
    assert "1 chapters run" in capsys.readouterr().out


def test_failure_names_chapter_cell_error_notebook_and_what_was_not_run(project, capsys):
    project.write(2, "beta", needs=["alpha"], body=BROKEN)
    assert run("toy", "--jobs", "1") == 1
    said = capsys.readouterr().err
    assert "FAILED: chapter beta, cell 2" in said or "FAILED: chapter beta, cell 3" in said
    assert "ValueError: no such luck" in said
    kept = project.root / ".crmstudy/toy/failed/02_beta.ipynb"
    assert str(kept) in said
    assert kept.is_file()
    assert "not run: delta (needs beta)" in said
    manifest = json.loads((project.reports / "manifest.json").read_text())
    assert manifest["complete"] is False
    assert "beta" in manifest["unfinished"]


def test_keep_going_runs_what_does_not_need_the_failed_chapter(project):
    project.write(2, "beta", needs=["alpha"], body=BROKEN)
    assert run("toy", "--keep-going", "--jobs", "1") == 1
    assert chapters_in(project.reports) == ["alpha", "gamma"]


def test_a_run_resumes_at_the_chapter_that_failed(project, capsys):
    project.write(2, "beta", needs=["alpha"], body=BROKEN)
    run("toy", "--keep-going")
    project.write(2, "beta", needs=["alpha"])
    capsys.readouterr()
    assert run("toy") == 0
    assert "2 chapters run, 2 fresh" in capsys.readouterr().out


def test_a_dead_kernel_is_a_failure_not_a_hang(project, capsys):
    project.write(1, "alpha", body="import os\nos._exit(9)")
    assert run("toy") == 1
    assert "FAILED: chapter alpha" in capsys.readouterr().err


def test_leftovers_of_an_earlier_run_are_removed(project):
    run("toy")
    stray = project.reports / "tables/alpha/old.csv"
    stray.write_text("value\n1\n")
    run("toy", "--force")
    assert not stray.exists()


def test_reports_are_equal_in_every_byte_over_runs(project):
    run("toy")
    first = {f.name: f.read_bytes() for f in project.reports.rglob("*") if f.is_file()}
    run("toy", "--force")
    assert first == {f.name: f.read_bytes() for f in project.reports.rglob("*") if f.is_file()}


def test_cold_kernels_give_the_same_report(project, monkeypatch):
    run("toy")
    warm = {f.name: f.read_bytes() for f in project.reports.rglob("*") if f.is_file()}
    monkeypatch.setenv("CRMSTUDY_COLD", "1")
    run("toy", "--force")
    assert warm == {f.name: f.read_bytes() for f in project.reports.rglob("*") if f.is_file()}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_run_leaves_no_report_that_looks_finished(project):
    run("toy")
    project.write(
        2, "beta", needs=["alpha"], body=project.changed + "\nimport time; time.sleep(60)"
    )
    command = [sys.executable, "-m", "crmstudy.cli", "run", "toy", "--force"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    stage = project.root / ".crmstudy/toy/stage/beta/tables/beta/values.csv"
    deadline = time.monotonic() + 120
    while not stage.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stderr.close()
    assert stage.exists()
    manifest = json.loads((project.reports / "manifest.json").read_text())
    assert manifest["complete"] is False
    assert "beta" in manifest["unfinished"]
    project.write(2, "beta", needs=["alpha"])
    assert run("toy") == 0
    assert json.loads((project.reports / "manifest.json").read_text())["complete"] is True


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupted_run_says_so_and_ends_its_kernels(project):
    body = (
        "import os, pathlib, time\npathlib.Path(os.environ['CRMSTUDY_OUTPUT'], 'started').touch()"
    )
    project.write(1, "alpha", body=body + "\ntime.sleep(300)")
    command = [sys.executable, "-m", "crmstudy.cli", "run", "toy"]
    # A job in the background of a shell ignores Ctrl-C, and so would its children.
    heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    stage = project.root / ".crmstudy/toy/stage/alpha/started"
    deadline = time.monotonic() + 120
    while not stage.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said


def test_the_database_is_built_in_the_environment_of_this_run(make_study, tmp_path, monkeypatch):
    """The warm process may have been started in another one, with another key file."""
    lines = "customer_id,ordered_at,revenue,basket_id\nanna,2025-01-01,5,b1\n"
    study = make_study(
        {"transactions": {"file": "sales.csv"}},
        {"sales.csv": lines},
        privacy={"pseudonyms": True, "purpose": ""},
    )
    for name in ("first", "second"):
        monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / name / "key"))
        _build_warehouse(SimpleNamespace(study=study))
        assert (tmp_path / name / "key").is_file()
        built = study.paths.warehouse.stat().st_mtime_ns
        ensure_warehouse(study)
        assert study.paths.warehouse.stat().st_mtime_ns == built


def test_a_study_in_another_folder_called_data_is_found(project, tmp_path):
    folder = tmp_path / "thesis" / "data" / "mine"
    folder.mkdir(parents=True)
    for file in (project.root / "data" / "toy").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    assert run(str(folder), "--chapter", "alpha") == 0
    executed = next((project.root / "reports" / "mine").glob("*alpha.ipynb"))
    assert folder.as_posix() in executed.read_text(encoding="utf-8")
