"""What each verb of the command ``crmstudy`` does; every function returns an exit status."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from crmstudy.errors import UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from crmstudy.runner.schedule import Plan


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
    from crmstudy.collection.contracts.problems import problems_table, write_problems
    from crmstudy.collection.warehouse import check_inputs
    from crmstudy.files import write_atomically
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
    language = study.settings.language
    for line in write_problems(problems, language):
        print(line, file=sys.stderr)
    if options.csv:
        table = problems_table(problems, language).to_csv(index=False)
        write_atomically(Path(options.csv), table.encode("utf-8-sig"))
    print(f"{study.name}: {_count_problems(len(problems), language)}")
    return 1 if problems else 0


def _count_problems(count: int, language: str) -> str:
    if language == "zh":
        return f"{count} 个问题" if count else "没有问题"
    return "no problem" if not count else f"{count} problem{'s' if count > 1 else ''}"


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


def write_form(options: argparse.Namespace) -> int:
    """Put the experts' questionnaire beside study.yml, sparing one that somebody filled in."""
    from crmstudy.evaluation.judgements.questionnaire import write_study_forms
    from crmstudy.files import write_atomically
    from crmstudy.settings import read_study

    study = read_study(options.study)
    forms = {study.paths.inputs / name: text for name, text in write_study_forms(study).items()}
    changed = [file for file, text in forms.items() if file.exists() and file.read_bytes() != text]
    if changed and not options.force:
        raise UsageError(
            f"{changed[0]} exists and is another form, perhaps a filled-in one: move it away, or "
            "say --force to write over it"
        )
    for file, text in forms.items():
        write_atomically(file, text)
        print(file)
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


def audit_study(options: argparse.Namespace) -> int:
    """Search a report for raw identifiers, e-mail addresses, phone numbers and names."""
    from crmstudy.collection.privacy import audit_reports
    from crmstudy.settings import read_study

    audit = audit_reports(read_study(options.study))
    print(_lines(audit.searched))
    if audit.passed:
        print(f"{options.study}: nothing found that points to a single person")
        return 0
    print(_lines(audit.table()), file=sys.stderr)
    print(f"{options.study}: the report points to single persons, see above")
    return 1


def erase_person(options: argparse.Namespace) -> int:
    """Erase one customer from all derived files, prove it, and run the study again."""
    from crmstudy.collection.privacy import erase_customer
    from crmstudy.settings import read_study

    study = read_study(options.study)
    erasure = erase_customer(
        study, options.customer, dataset=options.dataset, unseen=options.unseen
    )
    proof = erasure.proof
    print(f"searched {proof['place'].nunique()} places for what names the person")
    if (proof["found"] > 0).any():
        print(_lines(proof[proof["found"] > 0]))
    if len(erasure.inputs):
        print("\nYour own files still hold the person; they are yours to change:")
        print(_lines(erasure.inputs))
    if not erasure.passed:
        print(f"{options.study}: the proof failed, see what was found above", file=sys.stderr)
        return 1
    print(f"\n{options.study}: nothing of the person is left in what was made from the inputs")
    if options.no_run:
        print(f"run it again: python study.py run {options.study}")
        return 0
    from crmstudy.cli import main

    return main(["run", options.study])


def _lines(frame: pd.DataFrame) -> str:
    return frame.to_string(index=False, justify="left", max_colwidth=80)
