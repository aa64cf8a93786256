"""Everything that leaves a chapter, with an address: tables, figures, texts and numbers."""

from __future__ import annotations

import json
import math
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmstudy.chapters import ChapterSettings
from crmstudy.collection.inputs import hash_inputs, source_hash
from crmstudy.collection.study import SIMULATED, StudyData
from crmstudy.errors import CrmStudyError, NotAvailable
from crmstudy.files import write_atomically, write_json
from crmstudy.report.sentences.words import compose
from crmstudy.report.tables import to_csv, to_latex, to_markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRIC = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+){2}")
NAME = re.compile(r"[a-z][a-z0-9_]*")
#: A number may move by this share of itself before `verify` calls it another one.
RELATIVE_TOLERANCE = 1e-6
PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "semopy", "duckdb")


class Record:
    """The recorder of one chapter.

    Exhibits are numbered in the order they are recorded (Table 3.1, Figure 3.1),
    shown in the notebook and written below the chapter's output folder: the runner's,
    or ``.crmstudy/<study>/drafts`` when the notebook is run by hand.

    Parameters
    ----------
    settings : ChapterSettings
        The chapter's checked parameters.
    data : StudyData
        The opened study; says what stands under each exhibit.
    """

    def __init__(self, settings: ChapterSettings, data: StudyData) -> None:
        self.settings = settings
        self.data = data
        self.chapter = settings.chapter
        draft = data.study.paths.work / "drafts" / self.chapter
        self.folder = Path(os.environ.get("CRMSTUDY_OUTPUT", draft))
        self.results: dict[str, dict[str, Any]] = {}
        self._counts = {"Table": 0, "Figure": 0}
        self._names: set[str] = set()
        self._said: set[str] = set()

    def table(
        self,
        frame: pd.DataFrame | NotAvailable,
        name: str,
        *,
        caption: str,
        source: str | Iterable[str] = (),
        n: int | NotAvailable | None = None,
        unit: str = "",
        decimals: int = 3,
        most: int | None = None,
        show: Sequence[str] | None = None,
    ) -> None:
        """Show a table and keep it as CSV, LaTeX and Markdown.

        Parameters
        ----------
        frame : DataFrame
            Tidy; full precision, rounded here. An index without a name is not printed.
        name : str
            Its address in snake case: ``tables/<chapter>/<name>.csv``.
        caption : str
            What it shows, in a sentence without a number of the result.
        source : str or several
            Canonical tables it was made from; their notes stand under it.
        n, unit
            Number of cases, and the unit of the numbers, for the note.
        decimals : int
            Decimals of a number that is not whole.
        most : int, optional
            Rows shown; the CSV has all of them and the note says so.
        show : sequence of str, optional
            Columns shown; the CSV has all of them.
        """
        label = self._label("Table", name)
        if isinstance(frame, NotAvailable):
            self._show(f"**{label}.** {caption} *{frame}.*")
            return
        shown = frame if show is None else frame[list(show)]
        shown = shown if most is None else shown.head(most)
        note = self._note(source, n, unit)
        if len(shown) < len(frame):
            note = f"*First {len(shown)} of {len(frame)} rows; all are in the CSV file.* {note}"
        body = "*Nothing to show.*" if frame.empty else to_markdown(shown, decimals)
        markdown = f"**{label}.** {caption}\n\n{body}\n\n{note}".rstrip()
        latex = to_latex(shown, caption=caption, label=f"tab:{name}", decimals=decimals)
        place = self.folder / "tables" / self.chapter
        write_atomically(place / f"{name}.csv", to_csv(frame).encode())
        write_atomically(place / f"{name}.tex", f"{latex}% {note}\n".encode())
        write_atomically(place / f"{name}.md", f"{markdown}\n".encode())
        self._show(markdown)

    def figure(
        self,
        figure: Figure | NotAvailable,
        name: str,
        *,
        caption: str,
        source: str | Iterable[str] = (),
        n: int | NotAvailable | None = None,
    ) -> None:
        """Show a figure and keep it as PNG and SVG, with the same bytes on every run."""
        from IPython.display import Image, display

        from crmstudy.report.theme import save_bytes

        label = self._label("Figure", name)
        if isinstance(figure, NotAvailable):
            self._show(f"**{label}.** {caption} *{figure}.*")
            return
        place = self.folder / "figures" / self.chapter
        images = {kind: save_bytes(figure, kind) for kind in ("png", "svg")}
        for kind, content in images.items():
            write_atomically(place / f"{name}.{kind}", content)
        display(Image(images["png"], width=round(figure.get_figwidth() * 100), alt=caption))
        self._show(f"**{label}.** {caption} {self._note(source, n, '')}".rstrip())

    def text(self, text: str | NotAvailable, name: str) -> None:
        """Show a passage made from results and keep it as Markdown."""
        self._claim(name)
        passage = compose(text)
        write_atomically(
            self.folder / "text" / self.chapter / f"{name}.md", f"{passage}\n".encode()
        )
        self._show(passage)

    def metric(
        self,
        name: str,
        value: float | NotAvailable,
        *,
        unit: str = "",
        n: int | None = None,
        tolerance: float | None = None,
    ) -> None:
        """Keep one number of the study.

        Parameters
        ----------
        name : str
            ``<data>.<model>.<quantity>`` in snake case; the chapter's name is put before it.
        value : float
            Full precision.
        unit : str
            Of the value; empty when it has none.
        n : int, optional
            Cases it rests on.
        tolerance : float, optional
            Absolute difference within which another run or machine has the same
            number; a millionth of the value when not given, 0 for counts.

        Raises
        ------
        CrmStudyError
            If the name is malformed or taken, or the value is not finite.
        """
        address = f"{self.chapter}.{name}"
        if not METRIC.fullmatch(name):
            raise CrmStudyError(
                f"metric {name!r} must read <data>.<model>.<quantity> in snake case"
            )
        if address in self.results:
            raise CrmStudyError(f"metric {address!r} is recorded twice")
        if isinstance(value, NotAvailable):
            self.results[address] = {"value": None, "reason": value.reason, "unit": unit, "n": n}
            return
        number = int(value) if isinstance(value, Integral) else float(value)
        if not math.isfinite(number):
            raise CrmStudyError(
                f"metric {address!r} is {number}: record NotAvailable(reason) instead"
            )
        if tolerance is None:
            whole = isinstance(number, int)
            tolerance = 0 if whole else float(f"{max(abs(number) * RELATIVE_TOLERANCE, 1e-9):.1e}")
        self.results[address] = {"value": number, "unit": unit, "n": n, "tolerance": tolerance}

    def metrics(
        self,
        values: Mapping[str, float] | NotAvailable,
        prefix: str = "",
        *,
        units: Mapping[str, str] | None = None,
        n: int | NotAvailable | None = None,
        tolerance: float | None = None,
    ) -> None:
        """Keep several numbers of one model under ``<prefix>.<quantity>``.

        Without a prefix the quantities carry their whole names. A result that is not
        available is kept as the one address ``<prefix>.available`` with its reason.
        """
        if isinstance(values, NotAvailable):
            self.metric(f"{prefix or 'study.result'}.available", values)
            return
        cases = None if isinstance(n, NotAvailable) else n
        for quantity, value in values.items():
            unit = (units or {}).get(quantity, "")
            name = f"{prefix}.{quantity}" if prefix else quantity
            self.metric(name, value, unit=unit, n=cases, tolerance=tolerance)

    def close(self) -> None:
        """Write the chapter's numbers and show the colophon."""
        write_json(self.folder / "results" / f"{self.chapter}.json", self.results)
        self._show(self._colophon())

    def _colophon(self) -> str:
        parameters = self.settings.model_dump()
        inputs = {name: digest[:12] for name, digest in hash_inputs(self.data.study).items()}
        packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        lines = {
            "Recorded": f"{len(self.results)} numbers, {self._counts['Table']} tables, "
            f"{self._counts['Figure']} figures",
            "Parameters": ", ".join(f"{key} = {value!r}" for key, value in parameters.items()),
            "Inputs (hash)": ", ".join(f"{key} {value}" for key, value in inputs.items()),
            "Code": f"crmstudy {version('crmstudy')}, source {source_hash()[:12]}",
            "Versions": f"Python {platform.python_version()}, {packages}",
        }
        return "### Colophon\n\n" + "\n".join(f"- {key}: {value}" for key, value in lines.items())

    def _claim(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise CrmStudyError(f"exhibit {name!r} must be named in snake case")
        if name in self._names:
            raise CrmStudyError(f"exhibit {name!r} is recorded twice in chapter {self.chapter}")
        self._names.add(name)

    def _label(self, kind: str, name: str) -> str:
        self._claim(name)
        self._counts[kind] += 1
        return f"{kind} {self.settings.number}.{self._counts[kind]}"

    def _note(self, source: str | Iterable[str], n: int | NotAvailable | None, unit: str) -> str:
        tables = [source] if isinstance(source, str) else list(source)
        notes = list(dict.fromkeys(filter(None, map(self._origin, tables))))
        parts = [f"n = {n:,}." if isinstance(n, Integral) else "", f"Unit: {unit}." if unit else ""]
        parts.append("Source: " + " ".join(notes) if notes else self._simulated())
        words = " ".join(" ".join(filter(None, parts)).split())
        return f"*{words}*" if words else ""

    def _simulated(self) -> str:
        """Say of an exhibit made from no table that its study is simulated, where it is."""
        specs = self.data.study.table_sources().values()
        simulated = any(spec.simulated is not None for spec in specs)
        return SIMULATED if simulated else ""

    def _origin(self, table: str) -> str:
        """Name a table's origin; what there is to say beside it, once a chapter.

        A table of another data set than the chapter's is named with it, as ``cdnow.transactions``.
        """
        dataset, _, name = table.rpartition(".")
        data = self.data.of(dataset) if dataset else self.data
        origin, remark = data.origin(name), data.remark(name)
        if remark and remark not in self._said:
            self._said.add(remark)
            return f"{origin} {remark}"
        return origin

    def _show(self, markdown: str) -> None:
        from IPython.display import Markdown, display

        display(Markdown(markdown))


def read_results(reports: Path, *, without: str = "") -> dict[str, dict[str, Any]]:
    """Read the recorded numbers of a study's report; none when it has no report yet.

    ``without`` leaves out one chapter: what it recorded last time is no input to it.
    """
    file = reports / "results.json"
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {name: entry for name, entry in content.items() if name.split(".")[0] != without}


def read_recorded_table(reports: Path, chapter: str, name: str) -> pd.DataFrame | NotAvailable:
    """Read a table that an earlier chapter recorded."""
    file = reports / "tables" / chapter / f"{name}.csv"
    if not file.is_file():
        return NotAvailable(f"chapter {chapter} recorded no table {name}")
    return pd.read_csv(file)


def read_recorded_tables(reports: Path, *, without: str = "") -> dict[str, pd.DataFrame]:
    """Read every table that the chapters recorded, by ``<chapter>/<name>``.

    ``without`` leaves out one chapter, as in :func:`read_results`.
    """
    return {
        f"{file.parent.name}/{file.stem}": pd.read_csv(file)
        for file in sorted(reports.glob("tables/*/*.csv"))
        if file.parent.name != without
    }


def collect_checks(reports: Path) -> pd.DataFrame | NotAvailable:
    """Collect from all chapters the recorded checks that do not hold.

    Returns
    -------
    DataFrame
        Columns chapter, table, assumption, statistic, rule, if it fails; in the order of
        the chapters' folders.
    """
    found = []
    for file in sorted(reports.glob("tables/*/*.csv")):
        table = pd.read_csv(file)
        if {"assumption", "holds", "if it fails"} <= set(table):
            broken = table[table["holds"] == "no"]
            kept = broken[["assumption", "statistic", "rule", "if it fails"]].reset_index(drop=True)
            kept.insert(0, "chapter", file.parent.name)
            kept.insert(1, "table", file.stem)
            found.append(kept)
    failures = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    return NotAvailable("no check failed") if failures.empty else failures
