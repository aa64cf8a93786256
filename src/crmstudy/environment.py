"""Write down the environment that pyproject.toml asks for, for conda and as a lock.

``python -m crmstudy.environment`` writes environment.yml;
``python -m crmstudy.environment lock`` has uv solve requirements.lock, where pins that
still hold are kept, and ``lock --upgrade`` takes the newest versions.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crmstudy.errors import CrmStudyError, SettingsError, UsageError
from crmstudy.paths import project_root

# conda-forge's names where they differ; a pip extra is a package of its own there.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework[duckdb]": "ibis-duckdb",
    "matplotlib": "matplotlib-base",  # without Qt, which no chapter needs
}
PIP_ONLY = frozenset({"semopy"})  # not on conda-forge
NOT_LOCKED = frozenset({"spark"})  # 1 GB that only a cluster needs

HEADER = """\
# Generated from pyproject.toml by: python -m crmstudy.environment
#
#   conda env create --file environment.yml
#   conda activate crmstudy
#   crmstudy run
#
# conda chooses versions within these ranges; the exact ones, with which the published
# edition was made, are in requirements.lock, which python study.py installs. No conda
# channel could be reached where this file was made: a test checks names, ranges and
# grammar, but a real solve has not been run.
"""


def conda_environment(project: Mapping[str, Any]) -> str:
    """Return environment.yml for the ``[project]`` table of pyproject.toml.

    Parameters
    ----------
    project : mapping
        ``name``, ``requires-python`` and ``dependencies`` are read.

    Raises
    ------
    SettingsError
        If a dependency has an extra whose conda-forge name is not known, or a marker.
    """
    split = [split_requirement(line) for line in project["dependencies"]]
    conda = [f"{conda_name(name)} {spec}" for name, spec in split if name not in PIP_ONLY]
    with_pip = [f"{name}{spec}" for name, spec in split if name in PIP_ONLY]
    lines = [f"name: {project['name']}", "channels:", "  - conda-forge"]
    lines += ["dependencies:", f"  - python {project['requires-python']}", "  - pip"]
    lines += [f"  - {line.rstrip()}" for line in sorted(conda)]
    lines += ["  - pip:"]
    lines += [f"      - {line}" for line in [*with_pip, "-e .[open-data]"]]
    return HEADER + "\n".join(lines) + "\n"


def split_requirement(line: str) -> tuple[str, str]:
    """Split ``"ibis-framework[duckdb]>=12.0,<13"`` into its name with extras and its range."""
    found = re.fullmatch(r"([A-Za-z0-9._-]+(?:\[[\w,-]+\])?)\s*([<>=!~][^;@]*)?", line.strip())
    if found is None:
        raise SettingsError(f"dependency {line!r} is not of the form name[extra]>=1,<2")
    return found[1], (found[2] or "").replace(" ", "")


def conda_name(name: str) -> str:
    """Return the name that a package has on conda-forge."""
    if "[" in name and name not in CONDA_NAMES:
        raise SettingsError(f"which conda-forge package is {name}? Say so in CONDA_NAMES")
    return CONDA_NAMES.get(name, name)


def lock_command(pyproject: Mapping[str, Any], *, upgrade: bool = False) -> list[str]:
    """Return the command that makes requirements.lock, run in the project's folder.

    One lock serves Linux, macOS and Windows on every supported Python; it holds hashes
    and no address, so that it installs through any mirror.
    """
    project = pyproject["project"]
    extras = sorted(set(project["optional-dependencies"]) - NOT_LOCKED)
    lowest = project["requires-python"].removeprefix(">=")
    command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", lowest]
    command += ["--generate-hashes", "--no-header", "--quiet"]
    for extra in extras:
        command += ["--extra", extra]
    return [*command, "--output-file", "requirements.lock", *(["--upgrade"] if upgrade else [])]


def main(arguments: list[str]) -> int:
    """Write environment.yml or requirements.lock; return the exit status."""
    try:
        root = project_root()
        pyproject = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        if not arguments:
            text = conda_environment(pyproject["project"])
            (root / "environment.yml").write_text(text, "utf-8", newline="\n")
        elif arguments[0] == "lock" and set(arguments[1:]) <= {"--upgrade"}:
            solve(lock_command(pyproject, upgrade="--upgrade" in arguments), root)
        else:
            raise UsageError("usage: python -m crmstudy.environment [lock [--upgrade]]")
    except CrmStudyError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return 0


def solve(command: list[str], root: Path) -> None:
    """Have uv make the lock; what stops it is told by uv itself."""
    uv = shutil.which(command[0])
    if uv is None:
        raise UsageError("uv solves the lock and is not on PATH; get it: python -m pip install uv")
    solved = subprocess.run([uv, *command[1:]], cwd=root, stdout=subprocess.DEVNULL, check=False)
    if solved.returncode != 0:
        raise UsageError("uv could not solve the lock; requirements.lock is as it was")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
