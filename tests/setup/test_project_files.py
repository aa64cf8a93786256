"""CITATION.cff, the CI files and the guide agree with pyproject.toml and with each other."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
TABLE = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = yaml.safe_load((PROJECT / "CITATION.cff").read_text("utf-8"))
WORKFLOW = yaml.safe_load((PROJECT / ".github/workflows/ci.yml").read_text("utf-8"))

# The keys of the Citation File Format 1.2.0: needed, and further ones that it knows.
NEEDED = {"cff-version", "message", "title", "authors"}
KNOWN = NEEDED | {
    *("abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords"),
    *("license", "license-url", "preferred-citation", "references", "repository"),
    *("repository-artifact", "repository-code", "type", "url", "version"),
}
ENTITY = {
    *("name", "address", "alias", "city", "country", "date-end", "date-start", "email", "fax"),
    *("location", "orcid", "post-code", "region", "tel", "website"),
}


def test_the_citation_has_the_keys_of_its_format() -> None:
    assert set(CITATION) >= NEEDED
    assert set(CITATION) <= KNOWN
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] in {"software", "dataset"}
    for author in CITATION["authors"]:
        assert "name" in author
        assert set(author) <= ENTITY
    assert len(set(CITATION["keywords"])) == len(CITATION["keywords"])


def test_the_citation_agrees_with_the_package() -> None:
    assert CITATION["version"] == TABLE["version"]
    assert CITATION["license"] == TABLE["license"]
    assert [author["name"] for author in CITATION["authors"]] == [
        author["name"] for author in TABLE["authors"]
    ]
    assert isinstance(CITATION["date-released"], datetime.date)


def test_ci_tests_every_python_that_the_package_names() -> None:
    named = {
        line.rpartition(" ")[2] for line in TABLE["classifiers"] if re.search(r":: 3\.\d+$", line)
    }
    job = WORKFLOW["jobs"]["test"]
    assert set(job["strategy"]["matrix"]["python"]) == named
    assert (
        f">={min(named, key=lambda version: int(version.split('.')[1]))}"
        == TABLE["requires-python"]
    )
    assert job["steps"][-1] == {"run": "bash .ci/run"}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A project whose study.py only says how it was called, and a PATH with no apt-get."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci" / "run", tmp_path / ".ci")
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.11.7 || exit "$STATUS"\n')
    python.chmod(0o755)
    for name in ("bash", "dirname", "cmp"):
        (python.parent / name).symlink_to(shutil.which(name) or name)
    # Spark stands there already, as locked.
    lock = PROJECT / "requirements-spark.lock"
    for place in (tmp_path, tmp_path / ".crmstudy" / ".spark"):
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(lock, place)
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not there")
@pytest.mark.parametrize(("status", "outcome"), [(0, "passed"), (5, "failed with exit status 5")])
def test_ci_ends_with_one_clear_line_and_the_status(machine, status, outcome) -> None:
    environ = {"PATH": str(machine / "bin"), "STATUS": str(status)}
    command = ["bash", str(machine / ".ci" / "run")]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == status
    assert re.fullmatch(
        rf"ci: python study\.py test {outcome} after \d+ s \(Python 3\.11\.7\)\n", ended.stdout
    )


APT = """\
#!/bin/sh
echo "apt-get $*" >> "$CALLS"
exit "$APT_STATUS"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not there")
@pytest.mark.parametrize("has_fonts", [True, False])
@pytest.mark.parametrize("apt_status", [0, 100])
def test_ci_installs_what_is_missing_and_only_that(machine, has_fonts, apt_status) -> None:
    tools = {
        "apt-get": APT,
        "dpkg": f"#!/bin/sh\nexit {0 if has_fonts else 1}\n",
        "git": "#!/bin/sh\n",
        "java": "#!/bin/sh\n",
        "sudo": '#!/bin/sh\nexec "$@"\n',
        "env": '#!/bin/sh\nshift\nexec "$@"\n',
    }
    for name, script in tools.items():
        (machine / "bin" / name).write_text(script)
        (machine / "bin" / name).chmod(0o755)
    calls = machine / "calls"
    environ = {"STATUS": "0", "APT_STATUS": str(apt_status), "CALLS": str(calls)}
    ended = subprocess.run(
        ["bash", str(machine / ".ci" / "run")],
        env={"PATH": str(machine / "bin"), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "ci: python study.py test passed" in ended.stdout
    asked = calls.read_text() if calls.exists() else ""
    if has_fonts:
        assert asked == ""
    elif apt_status:
        assert asked == "apt-get -qq update\n"
        assert "ci: could not install fonts-noto-cjk; going on" in ended.stdout
    else:
        assert asked.splitlines()[0] == "apt-get -qq update"
        assert asked.splitlines()[1].endswith("fonts-noto-cjk")


def test_the_guide_tells_every_verb(study) -> None:
    guide = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    for verb in study.VERBS:
        assert re.search(rf"^\| `{verb}\b", guide, re.MULTILINE), verb
