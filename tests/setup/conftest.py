"""A small project with a copy of study.py, and installers that only pretend."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[2]

LOCK = """\
seaborn==0.13.2 \\
    --hash=sha256:11
setuptools==84.2.1 \\
    --hash=sha256:22 \\
    --hash=sha256:33
    # via crmstudy (pyproject.toml)
six==1.17.0 \\
    --hash=sha256:44
"""
PYPROJECT = """\
[build-system]
requires = ["hatchling"]

[project]
name = "crmstudy"
version = "0.1.0"

[tool.ruff]
line-length = 100
"""
# Stands for uv and for python: notes what it was asked in $CALLS, prints $FAIL and fails
# where it should install when that is set, makes what the real one would make.
INSTALLER = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
for last; do :; done
case "$*" in
  --version) exit 0 ;;
  "venv "*|"-m venv "*)
    mkdir -p "$last/bin" "$last/lib/python3/site-packages/six-1.17.0.dist-info"
    echo "home = $(dirname "$0")" > "$last/pyvenv.cfg"
    cp "$0" "$last/bin/python"
    case "$1" in -m) : > "$last/bin/pip" ;; esac ;;
  *--requirement*)
    if [ -n "$FAIL" ]; then echo "$FAIL" >&2; exit 1; fi
    if [ -n "$SLOW" ]; then sleep "$SLOW"; fi ;;
  *--editable*)
    command="${VENV:-$last/.venv}/bin/crmstudy"
    printf '#!/bin/sh\\necho "crmstudy $*"; exit 3\\n' > "$command"
    chmod +x "$command" ;;
esac
"""


def load(path: Path) -> ModuleType:
    """Load a copy of study.py as a module of its own."""
    spec = importlib.util.spec_from_file_location("study_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with study.py, a lock and a pyproject.toml."""
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(PROJECT / "study.py", root)
    (root / "requirements.lock").write_text(LOCK)
    (root / "pyproject.toml").write_text(PYPROJECT)
    return root


@pytest.fixture
def study(project: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """study.py of the small project, as a module."""
    monkeypatch.delenv("CRMSTUDY_VENV", raising=False)
    return load(project / "study.py")


@pytest.fixture
def fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pretending uv as the only one on PATH; returns its file."""
    folder = tmp_path / "tools"
    folder.mkdir()
    uv = folder / "uv"
    uv.write_text(INSTALLER)
    uv.chmod(0o755)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/usr/bin", "/bin"]))
    yours = ("PYTHONHASHSEED", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    for name in ("FAIL", "SLOW", "VENV", "CRMSTUDY_VENV", *yours):
        monkeypatch.delenv(name, raising=False)
    return uv


@pytest.fixture
def fake_python(fake_uv: Path) -> Path:
    """A pretending python, where uv is not on PATH; returns its file."""
    return fake_uv.rename(fake_uv.with_name("python3.11"))


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """What the pretending installers were asked, without the first look for uv."""

    def read() -> list[str]:
        file = tmp_path / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if line != "uv --version"]

    return read


@pytest.fixture
def call_study(project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call ``python study.py ...`` in the small project, as a user does."""

    def call(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "study.py", *arguments],
            cwd=project,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call
