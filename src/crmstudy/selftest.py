"""The project's own checks, as one command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MOST_WORKERS = 4  # test processes at once; each may run a study of its own


def run_checks(root: Path, *, fast: bool = False, select: str | None = None) -> int:
    """Run lint, types, tests and the published edition; return 0 when all pass.

    Parameters
    ----------
    fast : bool
        Leave out slow tests and nbval.
    select : str, optional
        Run only the tests that match, and nothing else.
    """
    pytest = [sys.executable, "-m", "pytest", "-q"]
    if select:
        return _call("tests", [*pytest, "-k", select], root)
    pytest += _share_by_file()
    steps = {
        "lint": [sys.executable, "-m", "ruff", "check", "."],
        "format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "."],
        "tests": [*pytest, "-m", "not slow"] if fast else pytest,
    }
    if not fast:
        steps["published edition (nbval)"] = nbval_command(root)
    # Types take a minute of one processor: they are checked while the tests run.
    types = [sys.executable, "-m", "mypy"]
    with ThreadPoolExecutor(1) as beside:
        aside = beside.submit(_call, "types", types, root, aside=True)
        failed = [name for name, command in steps.items() if _call(name, command, root)]
    failed += ["types"] if aside.result() else []
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def nbval_command(root: Path) -> list[str]:
    """Compose the command that reruns the published notebooks and compares their outputs."""
    notebooks = sorted((root / "reports" / "open").glob("*.ipynb"), key=_size, reverse=True)
    sanitize = str(root / "tests" / "notebooks" / "sanitize.cfg")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    command += [f"--nbval-sanitize-with={sanitize}", "-p", "no:cacheprovider", "-W", "default"]
    command += [*_share_by_file(), f"--rootdir={root}", "-c", os.devnull]
    return [*command, *map(str, notebooks)]


def _size(file: Path) -> int:
    """The size of a notebook, by which the longest is begun first."""
    return file.stat().st_size


def _share_by_file() -> list[str]:
    """Tell pytest to use all processors; tests of a file share what is costly to make."""
    workers = str(min(os.cpu_count() or 1, MOST_WORKERS))
    return ["-n", workers, "--dist", "loadfile", "--no-loadscope-reorder"]


def _call(name: str, command: list[str], root: Path, *, aside: bool = False) -> int:
    """Run one step; what a step aside of the others prints is shown when it has ended."""
    from crmstudy.runner.kernels import KERNEL_ENVIRONMENT

    if not aside:
        print(f"-- {name}", file=sys.stderr, flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crmstudy-test-") as scratch:
        environment = {**os.environ, **KERNEL_ENVIRONMENT, "CRMSTUDY_ROOT": str(root)}
        if "--nbval" in command:
            environment["CRMSTUDY_OUTPUT"] = scratch
        ended = subprocess.run(
            command, cwd=root, env=environment, check=False, capture_output=aside, text=True
        )
    outcome = "passed" if not ended.returncode else f"FAILED (exit status {ended.returncode})"
    seconds = time.monotonic() - began
    said = f"{ended.stdout}{ended.stderr}" if aside else ""
    print(f"{said}-- {name}: {outcome}, {seconds:.0f} s", file=sys.stderr, flush=True)
    return ended.returncode
