"""What a person sees of a run."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping

from crmstudy.runner.notebooks import Chapter
from crmstudy.runner.schedule import Outcome

OUTCOMES = {"run": "done", "fresh": "fresh", "failed": "FAILED", "not run": "not run"}


class Quiet:
    """Watches a run and says nothing."""

    def begin(self, chapters: Mapping[str, Chapter]) -> None:
        """Hear which chapters will be run."""

    def cell(self, chapter: str, index: int) -> None:
        """Hear that a chapter has come to a cell."""

    def done(self, chapter: str, outcome: str, seconds: float) -> None:
        """Hear that a chapter has ended."""


class Bar(Quiet):
    """A progress bar over code cells on a terminal; one line a chapter elsewhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cells: dict[str, int] = {}
        self._at: dict[str, int] = {}
        self._began = time.monotonic()
        self._bar: object | None = None

    def begin(self, chapters: Mapping[str, Chapter]) -> None:
        """Open the bar."""
        from tqdm import tqdm

        self._cells = {name: chapter.n_cells for name, chapter in chapters.items()}
        self._bar = tqdm(
            total=sum(self._cells.values()),
            unit="cell",
            disable=None,
            file=sys.stderr,
            leave=False,
            bar_format="{percentage:3.0f}%|{bar:20}| {elapsed} {desc}",
        )

    def cell(self, chapter: str, index: int) -> None:
        """Move the bar on by a cell."""
        with self._lock:
            self._at[chapter] = self._at.get(chapter, 0) + 1
            at = ", ".join(f"{name} {n}/{self._cells[name]}" for name, n in self._at.items())
            self._bar.set_description_str(at)  # type: ignore[union-attr]
            self._bar.update()  # type: ignore[union-attr]

    def done(self, chapter: str, outcome: str, seconds: float) -> None:
        """Write a line for a chapter that has ended."""
        with self._lock:
            seen = self._at.pop(chapter, 0)
            self._bar.update(self._cells[chapter] - seen)  # type: ignore[union-attr]
            took = f"  {seconds:5.1f} s" if seconds else ""
            self._bar.write(  # type: ignore[union-attr]
                f"  {chapter:<24}{OUTCOMES[outcome]:<8}{took}", file=sys.stderr
            )

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()  # type: ignore[attr-defined]


def describe_outcome(outcome: Outcome) -> str:
    """Say what became of a run; a failure with chapter, cell, error and where to look."""
    lines = []
    for failure in outcome.failed:
        cell = f", cell {failure.cell}" if failure.cell is not None else ""
        lines.append(f"\nFAILED: chapter {failure.chapter}{cell}\n  {failure.error}")
        lines += [f"    {line}" for line in failure.last_lines]
        if failure.notebook is not None:
            lines.append(f"  executed notebook: {failure.notebook}")
    lines += [f"not run: {name} ({reason})" for name, reason in outcome.not_run.items()]
    return "\n".join(lines)
