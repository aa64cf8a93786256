"""requirements.lock: complete, hashed, without addresses, in step with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crmstudy.environment import NOT_LOCKED, lock_command, main

PROJECT = Path(__file__).resolve().parents[2]
LOCK = (PROJECT / "requirements.lock").read_text("utf-8")
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
ENTRY = re.compile(r"(?P<pin>[^#\s].*?)(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def locked_pins() -> dict[str, list[Requirement]]:
    """The lock's pins by name; a package may have one for each of several Pythons."""
    pins: dict[str, list[Requirement]] = {}
    for entry in ENTRY.finditer(LOCK):
        pin = Requirement(entry["pin"])
        pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    return pins


PINS = locked_pins()


def asked_for() -> list[tuple[str, str]]:
    """All that pyproject.toml asks for and the lock must hold, with where it says so."""
    asked = [("dependencies", line) for line in PYPROJECT["project"]["dependencies"]]
    asked += [("build-system", line) for line in PYPROJECT["build-system"]["requires"]]
    for extra in sorted(set(EXTRAS) - NOT_LOCKED):
        asked += [(extra, line) for line in EXTRAS[extra]]
    return asked


def test_every_requirement_is_pinned_and_has_hashes() -> None:
    rest = ENTRY.sub("", LOCK)
    assert re.sub(r"^ *#.*\n", "", rest, flags=re.MULTILINE).strip() == ""
    assert len(PINS) > 100
    for pins in PINS.values():
        for pin in pins:
            assert re.fullmatch(r"==[^,*]+", str(pin.specifier))


def test_there_is_no_address_and_no_option() -> None:
    assert "://" not in LOCK
    options = set(re.findall(r"(?<!\S)-{1,2}[a-z][\w-]*", re.sub(r"#.*", "", LOCK)))
    assert options == {"--hash"}


@pytest.mark.parametrize(("where", "line"), asked_for())
def test_what_pyproject_asks_for_is_locked_within_its_range(where, line) -> None:
    asked = Requirement(line)
    pins = PINS.get(canonicalize_name(asked.name))
    assert pins, f"{line} of {where} is not locked: python -m crmstudy.environment lock"
    for pin in pins:
        version = str(pin.specifier).removeprefix("==")
        assert asked.specifier.contains(version, prereleases=True)


def test_what_is_left_out_is_an_extra() -> None:
    assert set(EXTRAS) >= NOT_LOCKED
    for extra in NOT_LOCKED:
        for line in EXTRAS[extra]:
            assert canonicalize_name(Requirement(line).name) not in PINS


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_platform_has_at_most_one_pin_of_a_package(python, system) -> None:
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": system,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "os_name": "nt" if system == "win32" else "posix",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    for name, pins in PINS.items():
        fitting = [pin for pin in pins if not pin.marker or pin.marker.evaluate(environment)]
        assert len(fitting) <= 1, name


def test_the_command_that_refreshes_it_serves_all_platforms_and_names_no_index() -> None:
    command = lock_command(PYPROJECT)
    assert command[:4] == ["uv", "pip", "compile", "pyproject.toml"]
    assert {"--universal", "--generate-hashes", "--no-header"} <= set(command)
    assert command[command.index("--python-version") + 1] == "3.11"
    extras = {command[i + 1] for i, word in enumerate(command) if word == "--extra"}
    assert extras == set(EXTRAS) - NOT_LOCKED
    assert not any("index" in word or "find-links" in word for word in command)
    assert lock_command(PYPROJECT, upgrade=True) == [*command, "--upgrade"]


def test_contributing_tells_that_command() -> None:
    told = " ".join((PROJECT / "CONTRIBUTING.md").read_text("utf-8").replace("\\\n", " ").split())
    assert "python -m crmstudy.environment lock" in told
    assert " ".join(lock_command(PYPROJECT)) in told


def test_without_uv_it_says_how_to_get_it(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["lock"]) == 2
    assert "python -m pip install uv" in capsys.readouterr().err
    assert main(["lokc"]) == 2
    assert capsys.readouterr().err.startswith("usage: python -m crmstudy.environment")
