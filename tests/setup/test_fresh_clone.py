"""What the README promises, walked in a fresh clone with nothing but Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
INSIDE = "CRMSTUDY_INSIDE_CLONE"  # set for the clone's own tests, which do not clone again

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(INSIDE in os.environ, reason="runs in the clone of another run"),
    pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="there is nothing to clone"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not there"),
]

# Seconds; about three times what two cores take.
CLONE, SET_UP_AND_RUN, FRESH, FAST_TESTS = 120, 1200, 30, 900


def bare_environment() -> dict[str, str]:
    """The variables of a shell in which nothing of this project is active."""
    ours = ("CRMSTUDY_", "PYTHON", "PYTEST", "JUPYTER", "VIRTUAL_ENV", "COVERAGE")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    inside = str(Path(sys.executable).parent)
    path = environ.get("PATH", "").split(os.pathsep)
    return {**environ, "PATH": os.pathsep.join(entry for entry in path if entry != inside)}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the last commit, as anyone gets it."""
    folder = tmp_path_factory.mktemp("fresh") / "crm study"  # a space, as in many a home folder
    command = ["git", "clone", "--quiet", str(PROJECT), str(folder)]
    subprocess.run(command, check=True, timeout=CLONE)
    return folder


def call_study(clone: Path, *arguments: str, limit: int, **environ: str) -> str:
    """Call study.py with the Python that this venv was made from; return what it printed."""
    python = getattr(sys, "_base_executable", None) or sys.executable
    called = subprocess.run(
        [python, "study.py", *arguments],
        cwd=clone,
        env={**bare_environment(), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
        check=False,
    )
    assert called.returncode == 0, called.stdout[-4000:]
    return called.stdout


def test_the_readme_has_these_two_commands(clone) -> None:
    readme = (clone / "README.md").read_text("utf-8")
    assert "python study.py run" in readme
    assert "python study.py test" in readme


def test_the_first_command_sets_up_and_runs_the_study(clone) -> None:
    told = call_study(clone, "run", limit=SET_UP_AND_RUN)
    assert "study.py: setting up .venv with" in told
    assert (clone / "reports" / "open" / "results.json").is_file()
    assert "stale" not in call_study(clone, "status", limit=FRESH)
    again = call_study(clone, "run", limit=FRESH)
    assert "setting up" not in again
    assert "0 chapters run" in again


def test_a_run_leaves_only_the_report_changed(clone) -> None:
    listed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    changed = [line[3:].strip('"') for line in listed.stdout.splitlines()]
    assert [path for path in changed if not path.startswith("reports/")] == []


def test_the_second_command_tests_it(clone) -> None:
    # The whole suite runs where this test does; here a part shows that the command works.
    part = "architecture or notebook_rules or published or settings"
    told = call_study(clone, "test", "--fast", "-k", part, limit=FAST_TESTS, **{INSIDE: "1"})
    assert "-- tests: passed" in told
