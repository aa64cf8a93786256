"""Who imports whom, and whether ARCHITECTURE.md still tells the truth."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "crmstudy"
METHODS = {
    "design",
    "analysis",
    "segmentation",
    "value",
    "loyalty",
    "evaluation",
    "case",
    "conclusions",
}
BELOW = {
    "errors": set(),
    "lazy": set(),
    "shares": set(),
    "checks": {"errors"},
    "files": {"errors"},
    "paths": {"errors"},
    "chapters": {"errors"},
    "strict_yaml": {"errors"},
}
BELOW["environment"] = {"errors", "paths", "files"}
BELOW["statistics"] = {"errors", "checks", "shares", "lazy"}
BELOW["instrument"] = {"errors", "strict_yaml"}
BELOW["appraisal"] = {"errors", "strict_yaml", "instrument"}
BELOW["improvement"] = {"errors", "strict_yaml"}
BELOW["bibliography"] = {"errors", "strict_yaml"}
TOLD = {"instrument", "appraisal", "improvement", "bibliography"}
BELOW["settings"] = {"errors", "paths", "strict_yaml"} | TOLD
BASE = {
    "errors",
    "lazy",
    "shares",
    "checks",
    "files",
    "paths",
    "chapters",
    "settings",
    *TOLD,
}
BELOW["collection"] = BASE
BELOW["indicators"] = BASE | {"statistics"}
BELOW |= {name: BASE | {"collection", "statistics", "indicators"} for name in METHODS}
BELOW["report"] = BASE | METHODS | {"collection", "statistics", "indicators"}
BELOW["runner"] = BELOW["report"] | {"report"}
BELOW["selftest"] = BELOW["runner"] | {"runner", "environment"}
BELOW["verbs"] = BELOW["runner"] | {"runner", "selftest", "cli"}
BELOW["cli"] = {"errors", "verbs"}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def room(file):
    part = file.relative_to(PACKAGE).parts[0]
    return part.removesuffix(".py")


def imported(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def rooms_used(file):
    parts = (name.split(".") for name in imported(file) if name.startswith("crmstudy."))
    known = {room(other) for other in SOURCES}
    return {part[1] for part in parts if part[1] in known} - {room(file)}


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_imports_point_to_the_right_only(file):
    if room(file) == "__init__":
        return
    assert rooms_used(file) <= BELOW[room(file)]


def test_only_figures_and_their_theme_know_matplotlib():
    knowing = {
        file.relative_to(PACKAGE).as_posix()
        for file in SOURCES
        if any(name.split(".")[0] in ("matplotlib", "seaborn") for name in imported(file))
    }
    assert knowing <= {"report/theme.py", "report/figures.py", "report/record.py", "runner/warm.py"}


def test_architecture_names_every_module_and_no_other():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("## Rooms")[1].split("Inside `collection`")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.M))
    there = {room(file) for file in SOURCES} - {"__init__", "py"}
    assert named == there


@pytest.mark.parametrize(
    "package",
    ["collection", "design", "segmentation", "value", "loyalty", "evaluation", "case"],
)
def test_architecture_names_every_room_inside_a_package_and_no_other(package):
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = re.split(r"^(?:Inside|##) ", text.split(f"Inside `{package}`")[1], flags=re.M)[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.M))
    assert named == {file.parent.name for file in (PACKAGE / package).glob("*/__init__.py")}


def test_importing_the_package_of_a_chapter_starts_no_heavy_library():
    code = "import sys, crmstudy.loyalty, crmstudy.segmentation; print('semopy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_references_are_known_and_used():
    bib = (ROOT / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{(\w+),", bib, flags=re.M)
    assert len(keys) == len(set(keys))
    for study in ("open", "simulated", "template"):
        text = (ROOT / "data" / study / "study.yml").read_text(encoding="utf-8")
        assert set(re.findall(r"^\s*reference: (\w+)", text, flags=re.M)) <= set(keys)
