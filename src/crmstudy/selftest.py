"""The project's own checks, as one command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
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
    # The tests of a file stay together: they share what is costly to make.
    workers = str(min(os.cpu_count() or 1, MOST_WORKERS))
    pytest += ["-n", workers, "--dist", "loadfile", "--no-loadscope-reorder"]
    steps = {
        "lint": [sys.executable, "-m", "ruff", "check", "."],
        "format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "."],
        "types": [sys.executable, "-m", "mypy"],
        "tests": [*pytest, "-m", "not slow"] if fast else pytest,
    }
    if not fast:
        steps["published edition (nbval)"] = nbval_command(root)
    failed = [name for name, command in steps.items() if _call(name, command, root)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def nbval_command(root: Path) -> list[str]:
    """Compose the command that reruns the published notebooks and compares their outputs."""
    notebooks = [str(file) for file in sorted((root / "reports" / "open").glob("*.ipynb"))]
    sanitize = str(root / "tests" / "notebooks" / "sanitize.cfg")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    command += [f"--nbval-sanitize-with={sanitize}", "-p", "no:cacheprovider", "-W", "default"]
    return [*command, f"--rootdir={root}", "-c", os.devnull, *notebooks]


def _call(name: str, command: list[str], root: Path) -> int:
    from crmstudy.runner.kernels import KERNEL_ENVIRONMENT

    print(f"-- {name}", file=sys.stderr, flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crmstudy-test-") as scratch:
        environment = {**os.environ, **KERNEL_ENVIRONMENT, "CRMSTUDY_ROOT": str(root)}
        if "--nbval" in command:
            environment["CRMSTUDY_OUTPUT"] = scratch
        status = subprocess.run(command, cwd=root, env=environment, check=False).returncode
    outcome = "passed" if status == 0 else f"FAILED (exit status {status})"
    print(f"-- {name}: {outcome}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return status
