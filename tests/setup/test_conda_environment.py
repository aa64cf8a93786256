"""environment.yml: generated, in step with pyproject.toml, right in its grammar."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from crmstudy.environment import (
    CONDA_NAMES,
    PIP_ONLY,
    conda_environment,
    conda_name,
    main,
    split_requirement,
)
from crmstudy.errors import SettingsError

PROJECT = Path(__file__).resolve().parents[2]
FILE = PROJECT / "environment.yml"
TABLE = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
CONTENT = yaml.safe_load(FILE.read_text("utf-8"))
CONDA = [line for line in CONTENT["dependencies"] if isinstance(line, str)]
PIP = CONTENT["dependencies"][-1]["pip"]
# https://docs.conda.io: a name, a space, comparisons joined by "," and "|".
MATCH_SPEC = re.compile(
    r"[a-z0-9_][a-z0-9_.-]*( (==|>=|<=|!=|~=|<|>)[0-9][\w.]*(,[<>=!~]+[\w.]+)*)?"
)


def test_it_is_what_the_generator_writes() -> None:
    assert FILE.read_bytes() == conda_environment(TABLE).encode()


def test_the_generator_writes_these_bytes(tmp_path, monkeypatch) -> None:
    for folder in ("notebooks", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").write_bytes((PROJECT / "pyproject.toml").read_bytes())
    monkeypatch.setenv("CRMSTUDY_ROOT", str(tmp_path))
    assert main([]) == 0
    assert (tmp_path / "environment.yml").read_bytes() == FILE.read_bytes()


def test_its_parts_are_those_that_conda_knows() -> None:
    assert list(CONTENT) == ["name", "channels", "dependencies"]
    assert CONTENT["name"] == "crmstudy"
    assert CONTENT["channels"] == ["conda-forge"]
    assert [line for line in CONTENT["dependencies"] if isinstance(line, dict)] == [{"pip": PIP}]
    assert "pip" in CONDA


@pytest.mark.parametrize("line", CONDA)
def test_every_line_is_a_match_spec(line) -> None:
    assert MATCH_SPEC.fullmatch(line)


@pytest.mark.parametrize("line", TABLE["dependencies"])
def test_every_dependency_is_there_with_its_range(line) -> None:
    asked = Requirement(line)
    extras = f"[{','.join(sorted(asked.extras))}]" if asked.extras else ""
    name = asked.name + extras
    if name in PIP_ONLY:
        assert Requirement(next(other for other in PIP if other.startswith(name))) == asked
        return
    (found,) = [other for other in CONDA if other.split()[0] == CONDA_NAMES.get(name, name)]
    assert Requirement(f"{asked.name}{extras}{found.partition(' ')[2]}") == asked


def test_nothing_else_is_there() -> None:
    names = {line.split()[0] for line in CONDA}
    assert len(names) == len(CONDA)
    assert len(CONDA) + len(PIP) == len(TABLE["dependencies"]) + len(["python", "pip", "-e ."])
    assert f"python {TABLE['requires-python']}" in CONDA


def test_the_package_itself_is_installed_with_its_open_data() -> None:
    assert PIP[-1] == "-e .[open-data]"
    assert "open-data" in TABLE["optional-dependencies"]


def test_the_header_says_where_it_comes_from_and_what_is_unproven() -> None:
    header = FILE.read_text("utf-8").partition("name:")[0]
    assert "python -m crmstudy.environment" in header
    assert "a real solve has not been run" in " ".join(header.replace("#", "").split())


def test_names_and_ranges_are_split() -> None:
    assert split_requirement("ibis-framework[duckdb]>=12, <13") == (
        "ibis-framework[duckdb]",
        ">=12,<13",
    )
    assert split_requirement("tqdm") == ("tqdm", "")
    assert split_requirement("lifelines==0.30.0") == ("lifelines", "==0.30.0")


@pytest.mark.parametrize("line", ["tomli>=2; python_version<'3.11'", "x @ file.whl", "a b"])
def test_what_conda_has_no_words_for_is_refused(line) -> None:
    with pytest.raises(SettingsError, match="not of the form"):
        split_requirement(line)


def test_an_extra_without_a_known_conda_name_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"which conda-forge package is duckdb\[all\]"):
        conda_name("duckdb[all]")
