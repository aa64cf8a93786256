"""Setting up, with installers that only pretend: order, failures, two calls at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the pretending installers are sh scripts")

# What the real installers print (uv 0.13, pip 23 to 26, Debian 12), shortened to what tells.
NO_NETWORK_UV = """\
error: Request failed after 3 retries in 4.7s
  cause: Failed to fetch: http://nowhere.invalid/simple/six/
  cause: error sending request for url (http://nowhere.invalid/simple/six/)
  cause: client error (Connect)
  cause: dns error
"""
NO_NETWORK_PIP = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after \
connection broken by 'NewConnectionError('...: [Errno 111] Connection refused')': /simple/six/
ERROR: Could not find a version that satisfies the requirement six==1.17.0 (from versions: none)
ERROR: No matching distribution found for six==1.17.0
"""
CERTIFICATE_UV = """\
error: Failed to fetch: ...
  cause: client error (Connect)
  cause: invalid peer certificate: UnknownIssuer
"""
HASH_UV = """\
error: Failed to download `six==1.17.0`
  cause: Hash mismatch for `six==1.17.0`
"""
HASH_PIP = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated \
the package versions, please update the hashes.
"""
NO_WHEEL_UV = """\
error: No solution found when resolving dependencies
  cause: Because lightfm==1.17 has no usable wheels and you require lightfm==1.17, we can \
conclude that your requirements are unsatisfiable.
"""
NO_WHEEL_PIP = """\
ERROR: Could not find a version that satisfies the requirement lightfm==1.17 (from versions: none)
ERROR: No matching distribution found for lightfm==1.17
"""
NO_ENSUREPIP = """\
The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv
package using the following command.
"""


def test_uv_installs_build_then_lock_then_project(call_study, calls, fake_uv, project) -> None:
    done = call_study("run", "open")
    assert done.returncode == 3  # the status of the verb
    assert done.stdout == "crmstudy run open\n"
    venv, build, lock, own = calls()
    assert venv.startswith("uv venv --allow-existing --python ")
    locked = "--require-hashes --no-deps --no-build-isolation --only-binary :all:"
    for call, requirements in ((build, project / ".venv/build.txt"), (lock, "requirements.lock")):
        assert locked in call
        assert "--compile-bytecode" in call
        assert call.endswith(str(requirements))
    assert own.endswith(f"--no-deps --no-build-isolation --editable {project}")
    assert not any("index" in call or "http" in call for call in calls())


def test_the_build_needs_only_the_locked_setuptools(call_study, fake_uv, project) -> None:
    call_study("run")
    entry = (project / ".venv" / "build.txt").read_text()
    assert entry == "setuptools==84.2.1 \\\n    --hash=sha256:22 \\\n    --hash=sha256:33\n"


def test_progress_is_told_once_on_stderr(call_study, fake_uv) -> None:
    first, second = call_study("run"), call_study("run")
    begin, end = first.stderr.splitlines()
    assert begin == "study.py: setting up .venv with uv, once ..."
    assert end.startswith("study.py: .venv is ready: 1 packages in ")
    assert second.stderr == ""


def test_a_second_call_sets_nothing_up_and_is_quick(call_study, calls, fake_uv) -> None:
    call_study("run")
    before = calls()
    took = []
    for _ in range(3):
        started = time.perf_counter()
        assert call_study("status").stdout == "crmstudy status\n"
        took.append(time.perf_counter() - started)
    assert calls() == before
    assert min(took) < 0.5  # .05 s on an idle machine


def test_without_uv_pip_installs_and_compiles(study, calls, fake_python, monkeypatch) -> None:
    monkeypatch.setattr(study, "BASE_PYTHON", str(fake_python))
    study.set_up(study.venv_folder())
    venv, build, lock, compiled, own = calls()
    assert venv.startswith("python3.11 -m venv ")
    for call in (build, lock):
        assert call.startswith("python -m pip install --no-compile")
        assert "--require-hashes --no-deps --no-build-isolation --only-binary :all:" in call
    assert compiled.startswith("python -m compileall")
    assert "--editable" in own
    assert study.is_fresh(study.venv_folder())


def test_a_uv_that_does_not_run_is_not_used(study, fake_uv) -> None:
    assert study.working_uv() == str(fake_uv)
    fake_uv.write_text("#!/bin/sh\necho 'pyenv: uv: command not found' >&2; exit 127\n")
    assert study.working_uv() is None
    fake_uv.write_text("#!/no/such/interpreter\n")
    assert study.working_uv() is None


def test_where_uv_reaches_nothing_pip_is_tried(study, calls, fake_uv, monkeypatch, capsys) -> None:
    python = fake_uv.with_name("python3.11")
    python.write_text(fake_uv.read_text().replace("$FAIL", "$FAIL_PIP"))
    python.chmod(0o755)
    monkeypatch.setattr(study, "BASE_PYTHON", str(python))
    monkeypatch.setenv("FAIL", NO_NETWORK_UV)
    study.set_up(study.venv_folder())
    assert "uv reached no package index; trying pip" in capsys.readouterr().err
    assert study.is_fresh(study.venv_folder())
    assert [call.split()[0] for call in calls()] == ["uv", "uv", "python3.11", *["python"] * 4]


# --- only what changed ----------------------------------------------------------------


def test_a_changed_project_is_installed_without_its_packages(
    call_study, calls, fake_uv, project
) -> None:
    call_study("run")
    before = len(calls())
    file = project / "pyproject.toml"
    file.write_text(file.read_text().replace("0.1.0", "0.2.0"))
    call_study("run")
    (own,) = calls()[before:]
    assert "--editable" in own


def test_a_changed_lock_makes_the_venv_anew(call_study, calls, fake_uv, project) -> None:
    call_study("run")
    before = len(calls())
    left_over = project / ".venv" / "lib" / "python3" / "site-packages" / "old"
    left_over.mkdir()
    with (project / "requirements.lock").open("a") as lock:
        lock.write("tqdm==4.68.0 --hash=sha256:55\n")
    call_study("run")
    assert len(calls()) - before == 4
    assert not left_over.exists()


def test_a_broken_venv_is_made_anew(call_study, calls, fake_uv, project) -> None:
    call_study("run")
    before = len(calls())
    (project / ".venv" / "bin" / "python").unlink()
    assert call_study("run").returncode == 3
    assert len(calls()) - before == 4


def test_a_venv_by_hand_is_made_anew_but_nothing_else_is_emptied(
    call_study, fake_uv, project, tmp_path
) -> None:
    by_hand = project / ".venv"
    by_hand.mkdir()
    (by_hand / "pyvenv.cfg").touch()
    (by_hand / "mine").touch()
    assert call_study("run").returncode == 3
    assert not (by_hand / "mine").exists()

    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.tex").touch()
    (precious / "pyvenv.cfg").touch()
    for named in (precious, precious / "chapter.tex"):
        refused = call_study("run", CRMSTUDY_VENV=str(named))
        assert refused.returncode == 2
        assert "holds something else than this study's venv; remove it" in refused.stderr
    assert (precious / "chapter.tex").exists()


def test_a_venv_may_stand_elsewhere(call_study, fake_uv, project, tmp_path) -> None:
    elsewhere = tmp_path / "a b" / "venv"
    done = call_study("run", CRMSTUDY_VENV=str(elsewhere), VENV=str(elsewhere))
    assert done.returncode == 3
    assert f"setting up {elsewhere} with uv" in done.stderr
    assert not (project / ".venv").exists()


# --- failures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "remedy"),
    [
        (NO_NETWORK_UV, "no package index could be reached; check the network"),
        (NO_NETWORK_PIP, "no package index could be reached; check the network"),
        (CERTIFICATE_UV, "SSL_CERT_FILE of its certificate"),
        (HASH_UV, "not the one in requirements.lock (hash mismatch)"),
        (HASH_PIP, "not the one in requirements.lock (hash mismatch)"),
        (NO_WHEEL_UV, "made for 64-bit Python 3.11 to 3.13"),
        (NO_WHEEL_PIP, "made for 64-bit Python 3.11 to 3.13"),
        (NO_ENSUREPIP, "apt install python3-venv"),
        ("/usr/bin/python3: No module named venv", "apt install python3-venv"),
        ("OSError: [Errno 28] No space left on device", "the disk is full; free 2 GB"),
        ("error: Permission denied (os error 13)", "a file may not be written"),
    ],
)
def test_a_failure_is_one_line_with_its_remedy(study, project, printed, remedy) -> None:
    (project / ".venv").mkdir()
    line = str(study.failure("installing the packages", project / ".venv", printed))
    assert line.startswith("installing the packages failed: ")
    assert remedy in line
    assert "run the same command again (details: .venv/set-up.log)" in line
    assert "\n" not in line
    assert (project / ".venv" / "set-up.log").read_text() == printed


def test_an_unknown_failure_shows_its_last_line(study, project) -> None:
    line = str(study.failure("installing", project / "no-folder", "first\nerror: odd thing\n\n"))
    assert line == "installing failed: error: odd thing"


def test_a_failed_set_up_is_redone_by_the_next_call(call_study, calls, fake_uv, project) -> None:
    failed = call_study("run", FAIL=HASH_UV)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "hash mismatch" in failed.stderr.splitlines()[-1]
    assert not (project / ".venv" / "crmstudy.json").exists()
    before = len(calls())
    assert call_study("run").returncode == 3
    assert len(calls()) - before == 4


@pytest.mark.parametrize("stood_before", [False, True])
def test_a_project_that_fails_is_redone_without_its_packages(
    call_study, calls, fake_uv, project, stood_before
) -> None:
    if stood_before:
        call_study("run")
        file = project / "pyproject.toml"
        file.write_text(file.read_text().replace("0.1.0", "0.2.0"))
    right = fake_uv.read_text()
    fake_uv.write_text(right.replace("*--editable*)\n", "*--editable*)\n    exit 1\n"))
    assert call_study("run").returncode == 1
    fake_uv.write_text(right)
    before = len(calls())
    assert call_study("run").returncode == 3
    (own,) = calls()[before:]
    assert "--editable" in own


def test_a_lock_without_the_build_backend_is_named(call_study, fake_uv, project) -> None:
    lock = project / "requirements.lock"
    lock.write_text(lock.read_text().replace("setuptools==", "setupfools=="))
    failed = call_study("run")
    assert failed.returncode == 1
    assert (
        "requirements.lock lacks setuptools: python -m crmstudy.environment lock" in failed.stderr
    )


def test_installers_are_not_led_astray(study) -> None:
    yours = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "/mine",
        "PIP_TARGET": "/mine",
        "PIP_USER": "1",
        "HTTPS_PROXY": "proxy",
        "PIP_INDEX_URL": "mirror",
    }
    theirs = study.installer_environment(yours)
    assert not {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PIP_TARGET"} & set(theirs)
    assert (theirs["HTTPS_PROXY"], theirs["PIP_INDEX_URL"]) == ("proxy", "mirror")
    assert theirs["PIP_USER"] == "0"


# --- two at once, and killed ----------------------------------------------------------


# A shell that runs its children in the background has them ignore Ctrl-C.
RUN = (
    "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "sys.argv[1:] = ['run']; runpy.run_path('study.py', run_name='__main__')"
)


def start(project: Path, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=project,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_installing(calls) -> None:
    deadline = time.monotonic() + 20
    while not any("--requirement" in call for call in calls()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_set_up_waits_and_then_has_nothing_to_do(
    call_study, calls, fake_uv, project
) -> None:
    first = start(project, SLOW="0.5")
    wait_until_installing(calls)
    second = call_study("status")
    first.communicate(timeout=20)
    assert "another set-up of .venv is under way; waiting for it" in second.stderr
    assert "is ready" not in second.stderr
    assert (first.returncode, second.returncode) == (3, 3)
    assert len(calls()) == 4


def test_an_installer_whose_study_py_was_killed_is_waited_for(
    study, calls, fake_uv, project
) -> None:
    first = start(project, SLOW="0.8")
    wait_until_installing(calls)
    first.kill()
    first.communicate(timeout=20)
    with (project / ".venv" / study.MARKER).open("a+") as marker:
        assert not study.took_lock(marker)
        deadline = time.monotonic() + 20
        while not study.took_lock(marker):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert not study.is_fresh(project / ".venv")


def test_ctrl_c_is_one_line(calls, fake_uv, project) -> None:
    first = start(project, SLOW="0.5")
    wait_until_installing(calls)
    first.send_signal(signal.SIGINT)
    _, told = first.communicate(timeout=20)
    assert first.returncode == 130
    assert told.splitlines()[-1].startswith("study.py: interrupted; ")
    assert "Traceback" not in told
