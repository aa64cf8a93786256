"""When study.py takes a set-up as done, and what makes it stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def venv(study, project: Path, tmp_path: Path) -> Path:
    """A finished set-up."""
    folder = project / ".venv"
    base = tmp_path / "base"
    base.mkdir()
    study.tool(folder, "python").parent.mkdir(parents=True)
    for name in ("python", "crmstudy"):
        study.tool(folder, name).touch()
    (folder / "pyvenv.cfg").write_text(f"home = {base}\nversion = 3.11.7\n")
    study.write_stamp(folder, study.wanted_stamp(folder))
    return folder


def test_a_finished_set_up_is_fresh(study, venv) -> None:
    assert study.is_fresh(venv)


def test_a_changed_lock_makes_the_packages_stale(study, venv, project) -> None:
    before = study.read_stamp(venv)
    with (project / "requirements.lock").open("a") as lock:
        lock.write("tqdm==4.68.0 --hash=sha256:55\n")
    assert not study.is_fresh(venv)
    assert study.wanted_stamp(venv)["packages"] != before["packages"]


@pytest.mark.parametrize(
    ("was", "becomes", "stale"),
    [
        ('version = "0.1.0"', 'version = "0.2.0"', True),
        ('requires = ["hatchling"]', 'requires = ["setuptools"]', True),
        ("line-length = 100", "line-length = 88", False),
    ],
)
def test_only_what_an_install_writes_down_counts(study, venv, project, was, becomes, stale) -> None:
    before = study.read_stamp(venv)
    file = project / "pyproject.toml"
    assert was in file.read_text()
    file.write_text(file.read_text().replace(was, becomes))
    assert study.is_fresh(venv) is not stale
    assert study.wanted_stamp(venv)["packages"] == before["packages"]


def test_another_python_makes_it_stale(study, venv, monkeypatch) -> None:
    changed = type(study.sys.implementation)(
        **{**vars(study.sys.implementation), "cache_tag": "cpython-399"}
    )
    monkeypatch.setattr(study.sys, "implementation", changed)
    assert not study.is_fresh(venv)


def test_a_newer_set_up_makes_it_stale(study, venv, monkeypatch) -> None:
    monkeypatch.setattr(study, "SETUP_VERSION", study.SETUP_VERSION + 1)
    assert not study.is_fresh(venv)


def test_a_moved_venv_is_stale(study, venv) -> None:
    moved = venv.rename(venv.with_name("moved"))
    assert study.works(moved)
    assert not study.is_fresh(moved)


def test_a_venv_whose_python_went_is_broken(study, venv, tmp_path) -> None:
    (tmp_path / "base").rename(tmp_path / "upgraded")
    assert not study.works(venv)


def test_a_venv_with_a_dangling_python_is_broken(study, venv, tmp_path) -> None:
    python = study.tool(venv, "python")
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert not study.works(venv)


def test_a_venv_without_the_command_is_stale(study, venv) -> None:
    study.tool(venv, "crmstudy").unlink()
    assert not study.is_fresh(venv)


@pytest.mark.parametrize("content", ["", "{", "[1]", '"text"', json.dumps({"packages": "x"})])
def test_a_stamp_that_cannot_be_read_is_no_stamp(study, venv, content) -> None:
    (venv / study.STAMP).write_text(content)
    assert not study.is_fresh(venv)


def test_the_stamp_is_written_whole(study, venv, monkeypatch) -> None:
    before = (venv / study.STAMP).read_bytes()

    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study.write_stamp(venv, {"packages": "half"})
    assert (venv / study.STAMP).read_bytes() == before


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_missing_file_is_named_with_its_remedy(study, venv, project, name) -> None:
    (project / name).unlink()
    with pytest.raises(study.SetupError, match=f"{name} is missing; restore it: git checkout"):
        study.is_fresh(venv)


def test_a_broken_pyproject_is_named(study, venv, project) -> None:
    (project / "pyproject.toml").write_text("[project\n")
    with pytest.raises(study.SetupError, match=r"pyproject\.toml cannot be read"):
        study.is_fresh(venv)
