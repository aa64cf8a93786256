"""The command line of study.py: what it takes before anything is set up."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crmstudy.runner.kernels import KERNEL_ENVIRONMENT

PROJECT = Path(__file__).resolve().parents[2]
SOURCE = (PROJECT / "study.py").read_text("utf-8")


def test_help_lists_every_verb_and_sets_nothing_up(call_study, project, study) -> None:
    asked = call_study("--help")
    assert asked.returncode == 0
    for verb, meaning in study.VERBS.items():
        assert re.search(rf"^  {verb} +{re.escape(meaning)}$", asked.stdout, re.MULTILINE)
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["--debug", "-h"]])
def test_help_is_help(study, arguments) -> None:
    assert study.chosen_verb(arguments) == "help"


def test_an_option_may_stand_before_the_verb(study) -> None:
    assert study.chosen_verb(["--debug", "run", "open"]) == "run"
    assert study.chosen_verb(["run", "--help"]) == "run"


@pytest.mark.parametrize(
    ("word", "hint"),
    [("rum", "did you mean 'run'"), ("statsu", "did you mean 'status'"), ("xyz", "known: run, ")],
)
def test_an_unknown_verb_is_refused_with_the_nearest(call_study, project, word, hint) -> None:
    refused = call_study(word)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"study.py: unknown verb '{word}'; {hint}")
    assert refused.stderr.count("\n") == 1
    assert not (project / ".venv").exists()


def test_no_verb_is_refused(call_study) -> None:
    refused = call_study()
    assert refused.returncode == 2
    assert "name a verb: run, test," in refused.stderr


def test_the_command_inside_knows_the_same_verbs(study) -> None:
    command = [sys.executable, "-m", "crmstudy.cli", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = re.findall(r"^    ([a-z]+)(?: {2,}\S|$)", shown.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(study.VERBS)


# --- any Python -----------------------------------------------------------------------


def test_only_the_standard_library_is_imported() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize("version", ["3.6.15", "3.10.13"])
def test_an_older_python_gets_one_line(version) -> None:
    ast.parse(SOURCE, feature_version=(3, 6))  # it can be read there at all
    old = tuple(int(part) for part in version.split("."))
    pretend = (
        f"import runpy, sys; sys.version_info = {old}; sys.version = '{version} (old)';"
        f"runpy.run_path({str(PROJECT / 'study.py')!r}, run_name='__main__')"
    )
    refused = subprocess.run(
        [sys.executable, "-c", pretend], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr == f"study.py: this study needs Python 3.11 or newer, not {version}\n"


def test_python_2_stops_at_the_line_that_says_why() -> None:
    annotations = (ast.AnnAssign, ast.FunctionDef, ast.JoinedStr)
    first = min(
        node.lineno for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, annotations)
    )
    assert "this study needs Python 3.11 or newer" in SOURCE.splitlines()[first - 1]
    assert SOURCE.isascii()


# --- where things are -----------------------------------------------------------------


def test_the_venv_is_in_the_project_unless_named(study, project, monkeypatch, tmp_path) -> None:
    assert study.venv_folder() == project / ".venv"
    monkeypatch.setenv("CRMSTUDY_VENV", str(tmp_path / "elsewhere"))
    assert study.venv_folder() == tmp_path / "elsewhere"


def test_commands_stand_where_the_platform_has_them(study, monkeypatch) -> None:
    venv = Path("venv")
    monkeypatch.setattr(study, "WINDOWS", False)
    assert study.tool(venv, "python") == venv / "bin" / "python"
    monkeypatch.setattr(study, "WINDOWS", True)
    assert study.tool(venv, "python") == venv / "Scripts" / "python.exe"


# --- what the verb finds --------------------------------------------------------------


def test_a_verb_runs_deterministically_unless_the_user_says_otherwise(study) -> None:
    venv = Path("/somewhere/venv")
    environ = study.verb_environment({"OMP_NUM_THREADS": "4", "PYTHONPATH": "/mine"}, venv)
    assert environ["OMP_NUM_THREADS"] == "4"
    assert environ["PYTHONHASHSEED"] == "0"
    assert environ["OPENBLAS_NUM_THREADS"] == environ["MKL_NUM_THREADS"] == "1"
    assert "PYTHONPATH" not in environ


def test_what_the_user_set_is_told(call_study, fake_uv) -> None:
    call_study("run")
    told = call_study("run", OMP_NUM_THREADS="4").stderr
    assert told.startswith("study.py: OMP_NUM_THREADS=4 is kept as you set it; chapters and tests")
    assert told.count("\n") == 1


def test_chapters_and_tests_are_deterministic_all_the_same(study) -> None:
    assert study.DETERMINISTIC.items() <= KERNEL_ENVIRONMENT.items()


def test_a_verb_finds_the_tools_of_the_venv_first(study) -> None:
    venv = Path("/somewhere/venv")
    environ = study.verb_environment({"PATH": "/usr/bin", "JUPYTER_PATH": "/mine"}, venv)
    assert environ["PATH"].split(os.pathsep) == [str(study.tool(venv, "x").parent), "/usr/bin"]
    kernels = [str(venv / "share" / "jupyter"), "/mine"]
    assert environ["JUPYTER_PATH"].split(os.pathsep) == kernels
    assert environ["VIRTUAL_ENV"] == str(venv)


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="runs in no virtual environment")
def test_the_kernel_is_the_venvs_even_beside_a_users_own(study, tmp_path) -> None:
    foreign = tmp_path / "home" / ".local" / "share" / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text('{"argv": ["/no/python"], "display_name": "mine"}')
    ask = (
        "from jupyter_client.kernelspec import KernelSpecManager;"
        "print(KernelSpecManager().get_kernel_spec('python3').resource_dir)"
    )
    environ = {
        **{name: value for name, value in os.environ.items() if "JUPYTER" not in name},
        "HOME": str(tmp_path / "home"),
        "JUPYTER_PREFER_ENV_PATH": "0",  # as for a venv that another user owns
    }

    def found(environ: dict[str, str]) -> Path:
        command = [sys.executable, "-c", ask]
        asked = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return Path(asked.stdout.strip())

    assert found(environ) == foreign  # the trap is set
    inside = Path(sys.prefix) / "share" / "jupyter" / "kernels" / "python3"
    assert found(study.verb_environment(environ, Path(sys.prefix))) == inside


# --- Windows, where no process can become another -------------------------------------


def test_on_windows_the_exit_status_is_passed_on(study, tmp_path, monkeypatch) -> None:
    scripts = tmp_path / "venv" / "Scripts"
    scripts.mkdir(parents=True)
    command = scripts / "crmstudy.exe"
    command.write_text("#!/bin/sh\nexit $#\n")
    command.chmod(0o755)
    monkeypatch.setattr(study, "WINDOWS", True)
    assert study.hand_on(tmp_path / "venv", ["run", "open", "--force"]) == 3


def test_a_command_that_cannot_start_says_what_to_do(study, tmp_path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "crmstudy").write_text("#!/no/such/python\n")
    (venv / "bin" / "crmstudy").chmod(0o755)
    with pytest.raises(study.SetupError, match=r"cannot be started \(.*\); remove .* and run"):
        study.hand_on(venv, ["run"])
