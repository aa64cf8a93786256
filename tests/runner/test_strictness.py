"""What is refused before anything runs."""

import pytest

from crmstudy.cli import main


def run(*arguments):
    return main(["run", *arguments])


def refused(capsys, *arguments, status):
    assert run(*arguments) == status
    said = capsys.readouterr().err.strip()
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("alpha.LEVLE=3", "has no parameter 'LEVLE'; did you mean 'LEVEL'?"),
        ("alpah.LEVEL=3", "unknown chapter 'alpah'; did you mean 'alpha'?"),
        ("alpha.LEVEL=2.5", "LEVEL must be of type int; found 2.5 (float)"),
        ("alpha.LEVEL=true", "LEVEL must be of type int; found True (bool)"),
        ("alpha.LEVEL=many", "LEVEL must be of type int; found 'many' (str)"),
        ("alpha.LEVEL", "write CHAPTER.NAME=value"),
    ],
)
def test_wrong_assignments(project, capsys, assignment, message):
    said = refused(capsys, "toy", "--set", assignment, status=2)
    assert message in said
    assert not project.reports.exists()


def test_wrong_parameter_in_study_yml(project, capsys):
    project.settings(
        "title: T\nseed: 1\ntables: {survey: {file: survey.csv}}\nchapters: {beta: {LEVEL: x}}\n"
    )
    assert "study.yml, beta: LEVEL must be of type int" in refused(capsys, "toy", status=2)


def test_a_notebook_without_parameters_cell(project, capsys):
    project.write(2, "beta", tags=())
    assert "02_beta.ipynb needs exactly one cell tagged 'parameters'" in refused(
        capsys, "toy", status=2
    )


@pytest.mark.parametrize(
    "line", ["LEVEL = 2", "LEVEL: int = 1 + 1", "LEVEL: list = [1]", "import os"]
)
def test_parameters_must_be_typed_literals(project, capsys, line):
    project.write(2, "beta", parameters=line)
    assert "write NAME: type = literal" in refused(capsys, "toy", status=2)


def test_a_file_that_is_no_notebook(project, capsys):
    (project.root / "notebooks/05_x.ipynb").write_text("{}")
    assert "05_x.ipynb is not a Jupyter notebook" in refused(capsys, "toy", status=2)


def test_chapters_in_a_circle(project, capsys):
    project.write(1, "alpha", needs=["delta"])
    assert "circle" in refused(capsys, "toy", status=2)


def test_an_unknown_need(project, capsys):
    project.write(4, "delta", needs=["betta"])
    assert "needs an unknown chapter 'betta'; did you mean 'beta'?" in refused(
        capsys, "toy", status=2
    )


def test_unknown_chapter_on_the_command_line(project, capsys):
    assert "did you mean 'gamma'?" in refused(capsys, "toy", "--chapter", "gama", status=2)


def test_unknown_study(project, capsys):
    assert "no study 'tot'" in refused(capsys, "tot", status=2)


def test_missing_study_yml(project, capsys):
    (project.root / "data/toy/study.yml").unlink()
    assert "has no study.yml" in refused(capsys, "toy", status=2)


def test_bad_data_stop_the_run_before_any_chapter(project, capsys):
    (project.root / "data/toy/survey.csv").write_text("respondent_id\n1\n1\n")
    said = refused(capsys, "toy", status=1)
    assert "survey.csv, row 3, column 'respondent_id': found '1' a second time" in said
    assert not list(project.reports.glob("*.ipynb"))


def test_a_report_folder_that_cannot_be_written(project, capsys):
    (project.root / "reports").write_text("a file where a folder should be")
    assert "cannot write the report to" in refused(capsys, "toy", status=1)


def test_a_full_disk_is_said_in_one_line(project, capsys, monkeypatch):
    import errno

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device", "results.json")

    monkeypatch.setattr("crmstudy.runner.publish.write_json", full)
    said = refused(capsys, "toy", status=1)
    assert said.splitlines()[-1] == (
        "crmstudy: the disk is full while writing results.json: free some space and run again"
    )


def test_a_missing_kernel_is_said_with_its_remedy(project, capsys, monkeypatch):
    monkeypatch.setenv("CRMSTUDY_COLD", "1")
    monkeypatch.setattr(
        "jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", _no_such_kernel
    )
    said = refused(capsys, "toy", status=1)
    assert "no Jupyter kernel named python3; install it:" in said


def _no_such_kernel(_manager, name):
    from jupyter_client.kernelspec import NoSuchKernel

    raise NoSuchKernel(name)


def test_debug_shows_the_traceback(project):
    from crmstudy.errors import UsageError

    with pytest.raises(UsageError):
        main(["run", "tot", "--debug"])
