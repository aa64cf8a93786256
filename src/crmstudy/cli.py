"""The command ``crmstudy``: one function a verb."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crmstudy.errors import CrmStudyError, UsageError, nearest

if TYPE_CHECKING:
    from crmstudy.runner.schedule import Plan

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit status: 0 well, 1 data or a result, 2 usage."""
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown and options.verb is not open_notebooks:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    options.unknown = [word for word in unknown if word != "--"]
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        status: int = options.verb(options)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return INTERRUPTED
    except CrmStudyError as error:
        if options.debug:
            raise
        print(f"crmstudy: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        if options.debug:
            raise
        print(f"crmstudy: {_explain_disk(error)}", file=sys.stderr)
        return 1
    return status


def _explain_disk(error: OSError) -> str:
    import errno

    place = f" {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"the disk is full while writing{place}: free some space and run again"
    return f"{error.strerror or error}:{place}" if place else str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crmstudy",
        description="The reproducible study of customer relationship management.",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(
        name: str, function: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks"
        )
        sub.set_defaults(verb=function)
        return sub

    def with_study(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "study", nargs="?", default="open", help="folder below data/ (default: open)"
        )
        sub.add_argument(
            "--chapter",
            action="append",
            default=[],
            metavar="C",
            help="only this chapter and what it needs; repeatable",
        )
        sub.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="C.NAME=VALUE",
            help="a chapter's parameter; repeatable",
        )

    run = verb("run", run_study, "run a study's stale chapters into reports/<study>/")
    with_study(run)
    run.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="chapters at once (default: all cores)",
    )
    run.add_argument(
        "--force", action="store_true", help="run the chapters even when they are fresh"
    )
    run.add_argument(
        "--keep-going", action="store_true", help="after a failure go on with what does not need it"
    )
    test = verb("test", run_tests, "run lint, types, tests and nbval on the published edition")
    test.add_argument("--fast", action="store_true", help="leave out slow tests and nbval")
    test.add_argument("-k", metavar="EXPR", help="only tests that match (pytest -k)")
    verify = verb("verify", verify_study, "rerun a study elsewhere and compare every number")
    with_study(verify)
    verify.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="chapters at once")
    check = verb("check", check_study, "check a study's inputs and list all problems")
    check.add_argument(
        "study", nargs="?", default="open", help="folder below data/ (default: open)"
    )
    new = verb("new", new_study, "start a study of your own from data/template")
    new.add_argument("study", help="name of the new folder below data/")
    status = verb("status", show_status, "say which chapters are fresh or stale, and why")
    with_study(status)
    notebooks = verb("notebooks", open_notebooks, "open a study's chapters in JupyterLab")
    with_study(notebooks)
    notebooks.add_argument(
        "--source", action="store_true", help="open the sources in notebooks/ instead of copies"
    )
    bench = verb("bench", run_benchmarks, "measure speed against named peers")
    bench.add_argument("name", nargs="?", help="one benchmark (default: all)")
    verb("site", build_site, "build the web edition (comes with a later version)")
    clean = verb("clean", clean_study, "delete generated working files, never inputs or reports")
    clean.add_argument("study", nargs="?", help="one study (default: all)")
    return parser


def _plan(options: argparse.Namespace, *, force: bool = False) -> Plan:
    from crmstudy.paths import project_root
    from crmstudy.runner.notebooks import (
        in_order,
        parse_assignments,
        read_chapters,
        resolve_parameters,
    )
    from crmstudy.runner.schedule import Plan
    from crmstudy.settings import read_study

    root = project_root()
    study = read_study(options.study, root)
    chapters = read_chapters(root / "notebooks")
    parameters = resolve_parameters(study, chapters, parse_assignments(options.set))
    wanted = options.chapter or list(chapters)
    return Plan(
        study=study,
        root=root,
        chapters=chapters,
        parameters=parameters,
        order=in_order(chapters, wanted),
        force=frozenset(wanted) if force else frozenset(),
        jobs=max(1, getattr(options, "jobs", 1)),
        keep_going=getattr(options, "keep_going", False),
    )


def run_study(options: argparse.Namespace) -> int:
    """Bring a study's report up to date."""
    from crmstudy.runner.progress import Bar, describe_outcome
    from crmstudy.runner.schedule import run_plan

    began = time.monotonic()
    plan = _plan(options, force=options.force)
    bar = Bar()
    try:
        outcome = run_plan(plan, bar)
    finally:
        bar.close()
    if outcome.failed:
        print(describe_outcome(outcome), file=sys.stderr)
        return 1
    if plan.study.paths.reports == plan.root / "reports" / "open" and outcome.run:
        _tell_findings(plan.root)
    seconds = time.monotonic() - began
    print(
        f"{plan.study.name}: {len(outcome.run)} chapters run, {len(outcome.fresh)} fresh, "
        f"{seconds:.1f} s; report in {_shown(plan.study.paths.reports)}"
    )
    return 0


def _tell_findings(root: Path) -> None:
    """Keep the README's findings in step with the published edition."""
    from crmstudy.report.readme import update_readme

    if (root / "README.md").is_file() and (root / "reports/open/text/conclusions").is_dir():
        update_readme(root)


def _shown(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def show_status(options: argparse.Namespace) -> int:
    """Print each chapter's state and the reasons."""
    from crmstudy.runner.schedule import find_stale

    plan = _plan(options)
    stale = find_stale(plan)
    for name, reasons in stale.items():
        why = "; ".join(reasons[:3]) + (
            f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
        )
        print(f"{name:<24}{'stale: ' + why if reasons else 'fresh'}")
    return 0


def verify_study(options: argparse.Namespace) -> int:
    """Rerun a study in a temporary place and compare every number with its report."""
    import dataclasses

    from crmstudy.runner.progress import Bar, describe_outcome
    from crmstudy.runner.schedule import at_another_place, run_plan
    from crmstudy.runner.verify import compare_reports

    plan = _plan(options)
    published = plan.study.paths.reports
    if not (published / "results.json").is_file():
        raise UsageError(f"{_shown(published)} holds no results.json: run the study first")
    with tempfile.TemporaryDirectory(prefix="crmstudy-verify-") as folder:
        elsewhere = at_another_place(plan.study, Path(folder))
        bar = Bar()
        try:
            outcome = run_plan(dataclasses.replace(plan, study=elsewhere), bar)
        finally:
            bar.close()
        if outcome.failed:
            print(describe_outcome(outcome), file=sys.stderr)
            return 1
        wanted = plan.order if options.chapter else None
        compared, differences = compare_reports(published, elsewhere.paths.reports, wanted)
    for difference in differences:
        print(
            f"{difference.address}: published {difference.published}, "
            f"now {difference.rerun}, allowed {difference.allowed}"
        )
    verdict = f"{len(differences)} differ" if differences else "all within tolerance"
    print(f"{plan.study.name}: {compared} numbers compared, {verdict}")
    return 1 if differences else 0


def check_study(options: argparse.Namespace) -> int:
    """Validate all inputs of a study and print every problem."""
    from crmstudy.collection.warehouse import check_inputs
    from crmstudy.paths import project_root
    from crmstudy.runner.meaning import check_meaning
    from crmstudy.runner.notebooks import read_chapters, resolve_parameters
    from crmstudy.settings import read_study

    study = read_study(options.study)
    parameters = resolve_parameters(study, read_chapters(project_root() / "notebooks"), {})
    loaded, problems = check_inputs(study)
    problems += check_meaning(study, loaded, parameters)
    for one in loaded:
        dropped = "".join(f"; {count} left out: {reason}" for reason, count in one.dropped.items())
        print(f"{one.dataset}.{one.table:<16} {one.rows_read:>10,} rows  {one.source}{dropped}")
    for problem in problems:
        print(problem, file=sys.stderr)
    found = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    print(f"{study.name}: {found if problems else 'no problem'}")
    return 1 if problems else 0


def new_study(options: argparse.Namespace) -> int:
    """Copy the template into a new folder."""
    import re

    from crmstudy.paths import project_root

    if not re.fullmatch(r"[a-z][a-z0-9_]*", options.study):
        raise UsageError(f"{options.study!r}: name a study with small letters, digits and _")
    target = project_root() / "data" / options.study
    if target.exists():
        raise UsageError(f"data/{options.study} exists already; choose another name")
    shutil.copytree(project_root() / "data" / "template", target)
    print(
        f"data/{options.study} is a copy of data/template. Put your files in place of the "
        f"examples, then: python study.py check {options.study}, "
        f"python study.py run {options.study}"
    )
    return 0


def open_notebooks(options: argparse.Namespace) -> int:
    """Start JupyterLab on copies of the chapters that hold the study's parameters.

    Options that are not ours, such as ``--no-browser``, are handed on.
    """
    import subprocess

    from crmstudy.runner.copies import copy_chapters

    plan = _plan(options)
    folder = plan.root / "notebooks"
    if not options.source:
        folder = copy_chapters(plan.study, plan.chapters, plan.parameters)
        print(
            f"copies of the chapters with the parameters of {plan.study.name}: {_shown(folder)}",
            file=sys.stderr,
        )
    command = [sys.executable, "-m", "jupyterlab", "--notebook-dir", str(folder)]
    return subprocess.run([*command, *options.unknown], cwd=folder, check=False).returncode


def run_tests(options: argparse.Namespace) -> int:
    """Run every check of the project, in the order in which they fail fastest."""
    from crmstudy.paths import project_root
    from crmstudy.selftest import run_checks

    return run_checks(project_root(), fast=options.fast, select=options.k)


def run_benchmarks(options: argparse.Namespace) -> int:
    """Run one or all files of ``benchmarks/``."""
    import subprocess

    from crmstudy.paths import project_root

    folder = project_root() / "benchmarks"
    known = sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    if options.name and options.name not in known:
        raise UsageError(
            f"no benchmark {options.name!r}{nearest(options.name, known)}; "
            f"known: {', '.join(known)}"
        )
    chosen = [options.name] if options.name else known
    states = [
        subprocess.run([sys.executable, str(folder / f"{name}.py")], check=False).returncode
        for name in chosen
    ]
    return max(states)


def build_site(options: argparse.Namespace) -> int:
    """Say that the web edition does not exist yet."""
    raise UsageError(
        "the web edition is not built by this version; "
        "read the executed notebooks in reports/<study>/"
    )


def clean_study(options: argparse.Namespace) -> int:
    """Delete the generated working files of one study or of all."""
    from crmstudy.paths import find_study, project_root

    root = project_root()
    work = find_study(options.study, root).work if options.study else root / ".crmstudy"
    if not work.is_dir():
        print(f"nothing to delete: {_shown(work)} does not exist")
        return 0
    shutil.rmtree(work)
    print(f"deleted {_shown(work)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
