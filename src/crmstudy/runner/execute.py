"""One chapter through papermill, into a staging folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmstudy.errors import RunError
from crmstudy.paths import StudyPaths
from crmstudy.runner.kernels import KERNEL_ENVIRONMENT, kernel_manager
from crmstudy.runner.notebooks import Chapter
from crmstudy.settings import Scalar

OnCell = Callable[[int], None]
#: Lines of a failed cell's traceback that the report repeats.
LAST_LINES = 6


@dataclass(frozen=True)
class Failure:
    """Why a chapter did not come to its end, and where to look."""

    chapter: str
    cell: int | None
    error: str
    last_lines: tuple[str, ...]
    notebook: Path | None


class ChapterError(RunError):
    """A chapter's notebook raised an error."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error)
        self.failure = failure


def kernel_environment(paths: StudyPaths, root: Path, stage: Path) -> dict[str, str]:
    """Compose a kernel's environment: the user's, the fixed part, and where to write."""
    return {
        **os.environ,
        **KERNEL_ENVIRONMENT,
        "CRMSTUDY_ROOT": str(root),
        "CRMSTUDY_OUTPUT": str(stage),
        "CRMSTUDY_REPORTS": str(paths.reports),
        "CRMSTUDY_WORK": str(paths.work.parent),
        "CRMSTUDY_KERNEL_LOG": str(stage.with_suffix(".log")),
    }


def execute_chapter(
    chapter: Chapter,
    parameters: Mapping[str, Scalar],
    *,
    paths: StudyPaths,
    root: Path,
    on_cell: OnCell,
) -> Path:
    """Run a chapter's notebook and return the staging folder with all it wrote.

    Raises
    ------
    ChapterError
        If a cell raises, or the kernel dies. The notebook, executed so far, is kept.
    """
    stage = paths.work / "stage" / chapter.name
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    target = stage / chapter.report_name
    environment = kernel_environment(paths, root, stage)
    try:
        with _event_loop():
            _papermill(chapter, parameters, target, environment, root, on_cell)
    except Exception as error:
        raise ChapterError(_explain(chapter, error, target, paths)) from error
    _tidy(target)
    stage.with_suffix(".log").unlink(missing_ok=True)
    return stage


@contextmanager
def _event_loop() -> Iterator[None]:
    """Close the event loop that Jupyter opens in a thread and leaves open."""
    from jupyter_core.utils import ensure_event_loop

    loop = ensure_event_loop()
    try:
        yield
    finally:
        loop.close()


def _papermill(
    chapter: Chapter,
    parameters: Mapping[str, Scalar],
    target: Path,
    environment: dict[str, str],
    root: Path,
    on_cell: OnCell,
) -> None:
    import papermill as pm

    _register_engine()
    pm.execute_notebook(
        str(chapter.file),
        str(target),
        parameters=dict(parameters),
        engine_name="crmstudy",
        kernel_name="python3",
        language="python",
        progress_bar=False,
        request_save_on_cell_execute=False,
        environment=environment,
        folder=str(root),
        on_cell=on_cell,
    )


def _register_engine() -> None:
    """Teach papermill to use our kernels and to say which cell it is at."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class ChapterEngine(NBClientEngine):
        """Papermill's own engine with another kernel manager, environment and progress."""

        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            environment: dict[str, str],
            folder: str,
            on_cell: OnCell,
            **_: Any,
        ) -> Any:
            """Execute the notebook's cells in a kernel of ours."""
            start = nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **options: Any) -> None:
                if cell.cell_type == "code":
                    on_cell(cell_index or 0)
                start(cell, cell_index, **options)

            nb_man.cell_start = cell_start
            client = PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                kernel_manager_class=kernel_manager(),
                shutdown_kernel="immediate",
                record_timing=False,
            )
            return client.execute(env=environment, cwd=folder)

    papermill_engines.register("crmstudy", ChapterEngine)


def _explain(chapter: Chapter, error: Exception, target: Path, paths: StudyPaths) -> Failure:
    kept = None
    if target.is_file():
        kept = paths.work / "failed" / chapter.report_name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, kept)
    name = type(error).__name__
    if name == "PapermillExecutionError":
        lines = _plain("\n".join(error.traceback)).strip().splitlines()  # type: ignore[attr-defined]
        text = f"{error.ename}: {error.evalue}"  # type: ignore[attr-defined]
        cell = error.cell_index  # type: ignore[attr-defined]
        return Failure(chapter.name, cell, text, tuple(lines[-LAST_LINES:]), kept)
    if name == "NoSuchKernel":
        remedy = f"{sys.executable} -m ipykernel install --sys-prefix"
        text = f"no Jupyter kernel named python3; install it: {remedy}"
        return Failure(chapter.name, None, text, (), kept)
    if name == "DeadKernelError":
        log = target.parent.with_suffix(".log")
        tail = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.is_file() else []
        return Failure(chapter.name, None, "the kernel died (out of memory?)", tuple(tail), kept)
    return Failure(chapter.name, None, f"{name}: {error}", (), kept)


def _plain(text: str) -> str:
    """Strip terminal colours."""
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _tidy(file: Path) -> None:
    """Take out of an executed notebook what differs between two runs of the same study."""
    import nbformat

    notebook = nbformat.read(file, as_version=4)
    notebook.metadata.pop("papermill", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
            cell["source"] = cell["source"].replace("# Parameters\n", "# Parameters of this run\n")
    nbformat.write(notebook, file)
