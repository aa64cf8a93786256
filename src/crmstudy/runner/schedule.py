"""The run itself: what is stale, in which order, in parallel, resumable."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from crmstudy.errors import CrmStudyError, RunError
from crmstudy.runner import cache as memory
from crmstudy.runner.execute import ChapterError, Failure, execute_chapter
from crmstudy.runner.kernels import KERNEL_ENVIRONMENT, start_process, warm_up
from crmstudy.runner.notebooks import Chapter, in_order
from crmstudy.runner.publish import (
    is_marked_complete,
    prepare_reports,
    publish_chapter,
    write_manifest,
)
from crmstudy.settings import Scalar, Study


class Progress(Protocol):
    """Whoever watches a run; the command line's progress bar, or nobody in tests."""

    def begin(self, chapters: Mapping[str, Chapter]) -> None:
        """Hear which chapters will be run."""

    def cell(self, chapter: str, index: int) -> None:
        """Hear that a chapter has come to a cell."""

    def done(self, chapter: str, outcome: str, seconds: float) -> None:
        """Hear that a chapter has ended."""


@dataclass(frozen=True)
class Plan:
    """One run, settled before anything is executed.

    Parameters
    ----------
    study : Study
        The study.
    root : Path
        The project's folder.
    chapters : mapping
        All chapters by name.
    parameters : mapping
        Every chapter's settled parameters.
    order : list of str
        Chapters to bring up to date, upstream first.
    force : frozenset of str
        Chapters to run even when they are fresh.
    jobs : int
        Chapters executed at once.
    keep_going : bool
        After a failure go on with what does not depend on it.
    """

    study: Study
    root: Path
    chapters: Mapping[str, Chapter]
    parameters: Mapping[str, Mapping[str, Scalar]]
    order: list[str]
    force: frozenset[str] = frozenset()
    jobs: int = 1
    keep_going: bool = False


@dataclass
class Outcome:
    """What became of each chapter of a run."""

    run: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)


def find_stale(plan: Plan) -> dict[str, list[str]]:
    """Say for each chapter of a plan why it is stale; an empty list means fresh.

    A chapter that reads a stale one is said to be stale for that reason; a run may
    still find it fresh when the upstream chapter comes out the same.
    """
    around = memory.survey_surroundings(plan.study, plan.root)
    remembered = memory.read_cache(plan.study)
    stale: dict[str, list[str]] = {}
    for name in in_order(plan.chapters, list(plan.chapters)):
        chapter = plan.chapters[name]
        now = memory.fingerprint(chapter, plan.parameters[name], around, remembered)
        reasons = memory.explain_staleness(now, remembered.get(name), plan.study.paths.reports)
        reasons += [f"{need} is stale" for need in chapter.needs if stale[need]]
        stale[name] = reasons
    return {name: stale[name] for name in plan.order}


def run_plan(plan: Plan, progress: Progress) -> Outcome:
    """Bring the chapters of a plan up to date.

    Raises
    ------
    DataError
        If the inputs break their contract: no chapter is run then.
    RunError
        If the report cannot be written.
    """
    outcome = Outcome()
    stale = find_stale(plan)
    if not plan.force and not any(stale.values()):
        outcome.fresh = list(plan.order)
        if not is_marked_complete(plan.study):
            _Run(plan, progress, outcome).mark()
        return outcome
    prepare_reports(plan.study)
    warm_up()
    progress.begin({name: plan.chapters[name] for name in plan.order})
    _build_warehouse(plan)
    _Run(plan, progress, outcome).to_the_end()
    return outcome


def _build_warehouse(plan: Plan) -> None:
    """Load and check the inputs in a process that has its libraries imported already."""
    import multiprocessing

    receiver, sender = multiprocessing.Pipe(duplex=False)
    paths = plan.study.paths
    # The warm process keeps the environment it was started with: the key file, for one.
    process = start_process(_warehouse_process, plan.study, dict(os.environ), sender)
    sender.close()
    try:
        problem = receiver.recv()
    except EOFError:
        problem = RunError("the process that loads the inputs died (out of memory?)")
    finally:
        receiver.close()
    process.join()
    if problem is not None:
        raise problem
    if not paths.warehouse.is_file():
        raise RunError(f"the customer database {paths.warehouse} was not written")


def _warehouse_process(study: Study, environment: dict[str, str], sender: Any) -> None:
    os.environ.clear()
    os.environ.update({**environment, **KERNEL_ENVIRONMENT})
    from crmstudy.collection.warehouse import ensure_warehouse

    try:
        ensure_warehouse(study)
    except CrmStudyError as error:
        sender.send(error)
    except Exception as error:
        sender.send(RunError(f"cannot build the customer database: {error}"))
    else:
        sender.send(None)
    finally:
        sender.close()


class _Run:
    """The state of one run."""

    def __init__(self, plan: Plan, progress: Progress, outcome: Outcome) -> None:
        self.plan = plan
        self.progress = progress
        self.outcome = outcome
        self.around = memory.survey_surroundings(plan.study, plan.root)
        self.cache = memory.read_cache(plan.study)
        self.waiting = list(plan.order)
        self.started: dict[Future[Path], tuple[str, float, dict[str, str]]] = {}
        self.stopping = False

    def to_the_end(self) -> None:
        """Start what can be started, settle what has ended, until nothing is left."""
        self._write_manifest()
        with ThreadPoolExecutor(max_workers=self.plan.jobs) as pool:
            try:
                self._start_ready(pool)
                while self.started:
                    ended, _ = wait(self.started, return_when=FIRST_COMPLETED)
                    for future in ended:
                        self._settle(future)
                    self._start_ready(pool)
            except BaseException:
                end_kernels()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        self._write_manifest()

    def _start_ready(self, pool: ThreadPoolExecutor) -> None:
        for name in list(self.waiting):
            if len(self.started) >= self.plan.jobs and not self._is_fresh_now(name):
                continue
            self._consider(name, pool)

    def _blocked(self, name: str) -> bool:
        busy = {name for name, *_ in self.started.values()}
        return any(need in self.waiting or need in busy for need in self.plan.chapters[name].needs)

    def _is_fresh_now(self, name: str) -> bool:
        return not self._blocked(name) and not self._reasons(name)

    def _fingerprint(self, name: str) -> dict[str, str]:
        chapter, values = self.plan.chapters[name], self.plan.parameters[name]
        return memory.fingerprint(chapter, values, self.around, self.cache)

    def _reasons(self, name: str) -> list[str]:
        if name in self.plan.force:
            return ["forced"]
        reports = self.plan.study.paths.reports
        return memory.explain_staleness(self._fingerprint(name), self.cache.get(name), reports)

    def _consider(self, name: str, pool: ThreadPoolExecutor) -> None:
        missing = [n for n in self.plan.chapters[name].needs if self._is_lost(n)]
        if missing:
            self._give_up(name, f"needs {missing[0]}")
        elif self.stopping:
            self._give_up(name, "stopped after the first failure (--keep-going goes on)")
        elif not self._blocked(name):
            self.waiting.remove(name)
            if not self._reasons(name):
                self.outcome.fresh.append(name)
                self.progress.done(name, "fresh", 0.0)
            else:
                self._start(name, pool)

    def _is_lost(self, name: str) -> bool:
        failed = {failure.chapter for failure in self.outcome.failed}
        return name in failed or name in self.outcome.not_run

    def _give_up(self, name: str, reason: str) -> None:
        self.waiting.remove(name)
        self.outcome.not_run[name] = reason
        self.progress.done(name, "not run", 0.0)

    def _start(self, name: str, pool: ThreadPoolExecutor) -> None:
        plan = self.plan
        future = pool.submit(
            execute_chapter,
            plan.chapters[name],
            plan.parameters[name],
            paths=plan.study.paths,
            root=plan.root,
            on_cell=lambda index: self.progress.cell(name, index),
        )
        self.started[future] = (name, time.monotonic(), self._fingerprint(name))

    def _settle(self, future: Future[Path]) -> None:
        name, began, fingerprint = self.started.pop(future)
        seconds = time.monotonic() - began
        try:
            stage = future.result()
            outputs, results = publish_chapter(self.plan.study, self.plan.chapters[name], stage)
        except ChapterError as error:
            self.outcome.failed.append(error.failure)
            self.stopping = not self.plan.keep_going
            self.progress.done(name, "failed", seconds)
            return
        self.cache[name] = memory.Remembered(fingerprint, outputs, results, seconds)
        memory.write_cache(self.plan.study, self.cache)
        self.outcome.run.append(name)
        self.progress.done(name, "run", seconds)

    def mark(self) -> None:
        """Write the manifest of a report in which nothing is left to do."""
        self.waiting = []
        self._write_manifest()

    def _write_manifest(self) -> None:
        plan = self.plan
        known = {n: c for n, c in self.cache.items() if n in plan.chapters}
        unfinished = [
            name
            for name in plan.chapters
            if name not in known or name in self.waiting or self._is_lost(name)
        ]
        write_manifest(plan.study, self.around, plan.parameters, known, unfinished)


def end_kernels() -> None:
    """End every kernel that this process has started."""
    import multiprocessing

    for process in multiprocessing.active_children():
        process.kill()


def at_another_place(study: Study, folder: Path) -> Study:
    """Return the same study with its report and its working files below another folder."""
    paths = dataclasses.replace(
        study.paths, reports=folder / "reports" / study.name, work=folder / "work" / study.name
    )
    return dataclasses.replace(study, paths=paths)
