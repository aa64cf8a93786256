"""Whether the words of a report agree with its own tables: numbers, and directions.

A number printed in a recorded text must be found, rounded as it is printed, among what the
same chapter recorded. ``Sources`` lists what counts as found, in this order:

1. **recorded**: a number of ``results.json``, a cell of a table, a number inside a cell's
   words (a rule, a reason), a parameter of the chapter;
2. **counted**: the rows of a table, the rows of a column that say the same thing, the
   different things that a column says, the numbers of one sign in a column;
3. **derived**: the difference, the ratio, the sum or the percentage of two numbers in one
   row or in one column of a table, or the complement of a share.

What is none of these is foreign. A number that is not about results is left out before:
the target of a link, code, the number of a line or chapter, the name of a hypothesis, a
date, a name with digits in it, the level of an interval as told by its own word.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

#: What is taken out of a text before its numbers are read.
NO_RESULT = re.compile(
    r"\]\([^)]*\)"  # the target of a link
    r"|`[^`]*`"  # code
    r"|^\s*\d+\.\s"  # the number of a line
    r"|\bH\d+[a-z]?\b"  # a hypothesis
    r"|\b[Cc]hapters? \d+"
    r"|\b\d{4}-\d{2}(?:-\d{2})?\b"  # a date
    r"|\b\d{4}Q\d\b"
    r"|\([A-Z][^()]*,? \d{4}[a-z]?\)"  # a citation
    r"|\b\d+(?:\.\d+)?% (?:interval|confidence|level|prediction)"
    r"|\b(?:interval|level|confidence)s? of \d+%",
    re.M,
)
NUMBER = re.compile(
    r"(?<![\w.,'’])([−-]?)((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(e-?\d+)?(%?)"
    r"(?![\w]|\.\d)"
)
IN_WORDS = re.compile(
    r"(?<![\w.])[−-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:e-?\d+)?(?![\w])"
)
#: Rows beyond which the pairs of a column are not derived: by chance one of them would fit.
MOST_ROWS = 12


@dataclass(frozen=True)
class Printed:
    """A number as it is printed: its size, half a unit of its last digit, its sign."""

    text: str
    value: float
    half: float
    negative: bool
    percent: bool
    around: str


def read_numbers(text: str) -> list[Printed]:
    """Read the numbers of a passage that are about results."""
    kept = NO_RESULT.sub(lambda found: " " * len(found.group()), text)
    return [_read(found, kept) for found in NUMBER.finditer(kept)]


def _read(found: re.Match[str], text: str) -> Printed:
    sign, digits, power, percent = found.groups()
    decimals = len(digits.partition(".")[2]) - (int(power[1:]) if power else 0)
    scale = 0.01 if percent else 1.0
    value = float(digits.replace(",", "") + (power or "")) * scale
    around = " ".join(text[max(0, found.start() - 40) : found.end() + 25].split())
    # Integers are exact unless they are rounded thousands: half a unit either way.
    return Printed(
        found.group(), value, 0.5 * 10.0**-decimals * scale, bool(sign), bool(percent), around
    )


class Sources:
    """The numbers that a chapter's text may tell.

    Parameters
    ----------
    tables : dict of str to DataFrame
        The chapter's recorded tables.
    numbers : iterable of float
        Its recorded numbers and parameters.
    """

    def __init__(self, tables: dict[str, pd.DataFrame], numbers: Iterable[float]) -> None:
        self.tables = tables
        self.numbers = list(numbers)

    def explain(self, number: Printed) -> str:
        """Say how a printed number is found: recorded, counted, derived, or not at all."""
        if _holds(self.recorded, number):
            return "recorded"
        if float(number.value).is_integer() and _holds(self.counted, number):
            return "counted"
        return "derived" if _holds(self.derived, number) else ""

    @cached_property
    def recorded(self) -> list[float]:
        """Numbers that were recorded as they are."""
        found = list(self.numbers)
        for table in self.tables.values():
            for name in table.columns:
                found += _read_column(table[name])
                found += _read_words(str(name))
        return _order(found)

    @cached_property
    def counted(self) -> list[float]:
        """Numbers that follow by counting rows."""
        found: list[float] = []
        for table in self.tables.values():
            found += [len(table), table.shape[1]]
            for name in table.columns:
                column = table[name]
                counts = pd.Series([str(v).split(":")[0] for v in column]).value_counts()
                found += [*counts.tolist(), column.nunique(), int(column.notna().sum())]
                found += [int(column.isna().sum())]
                values = pd.to_numeric(column, errors="coerce").dropna()
                found += [int((values > 0).sum()), int((values < 0).sum())]
        return _order(found)

    @cached_property
    def derived(self) -> list[float]:
        """Numbers that follow from two of a row or of a column."""
        found = [1 - value for value in self.recorded if 0 <= value <= 1]
        for table in self.tables.values():
            values = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
            lines = [*values, *values.T] if len(table) <= MOST_ROWS else [*values[:MOST_ROWS]]
            found += np.nansum(values, axis=0).tolist()
            for line in lines:
                found += _pair(line[np.isfinite(line)])
        return _order(found)


def _pair(line: np.ndarray) -> list[float]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratios = (line[:, None] / line[None, :]).ravel()
    sums = [(line[:, None] - line[None, :]).ravel(), (line[:, None] + line[None, :]).ravel()]
    every = np.concatenate([*sums, ratios, ratios - 1, [line.sum()] if len(line) else []])
    return every[np.isfinite(every)].tolist()


def _read_column(column: pd.Series) -> list[float]:
    values = pd.to_numeric(column, errors="coerce")
    words = column[values.isna() & column.notna()]
    return [*values.dropna().tolist(), *(n for text in words for n in _read_words(str(text)))]


def _read_words(text: str) -> list[float]:
    found = []
    for match in IN_WORDS.finditer(text):
        value = float(match.group().replace(",", "").replace("−", "-"))
        found.append(value)
        if text[match.end() : match.end() + 1] == "%":
            found.append(value / 100)
    return found


def _order(values: Iterable[float]) -> list[float]:
    return sorted({float(v) for v in values if np.isfinite(v)})


def _holds(values: list[float], number: Printed) -> bool:
    """Tell whether one of the values is printed like the number, sign included.

    A number without a minus may tell the size of a negative one ("fell by 3").
    """
    reach = number.half * (1 + 1e-9) + 1e-12
    wanted = (-number.value,) if number.negative else (number.value, -number.value)
    for each in wanted:
        place = bisect_left(values, each - reach)
        if place < len(values) and values[place] <= each + reach:
            return True
    return False


def read_sources(report: Path, chapter: str) -> Sources:
    """Read what a chapter of a report recorded."""
    tables = {
        file.stem: pd.read_csv(file)
        for file in sorted((report / "tables" / chapter).glob("*.csv"))
        if file.stat().st_size > 1
    }
    results = json.loads((report / "results.json").read_text(encoding="utf-8"))
    numbers = [
        number
        for name, entry in results.items()
        if name.split(".")[0] == chapter
        for number in (entry["value"], entry["n"])
        if number is not None
    ]
    reasons = [str(e.get("reason", "")) for n, e in results.items() if n.startswith(f"{chapter}.")]
    numbers += [number for reason in reasons for number in _read_words(reason)]
    return Sources(tables, [*numbers, *_read_parameters(report, chapter)])


def _read_parameters(report: Path, chapter: str) -> list[float]:
    [notebook] = report.glob(f"*_{chapter}.ipynb")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    told = [
        "".join(cell["source"])
        for cell in cells
        if {"parameters", "injected-parameters"} & set(cell["metadata"].get("tags", []))
    ]
    found = [float(n) for text in told for n in re.findall(r"= (-?\d+(?:\.\d+)?)", text)]
    return [*found, *(1 - n for n in found if 0 < n < 1)]


def find_foreign(report: Path) -> Iterator[tuple[str, str, Printed]]:
    """Find the numbers in a report's texts that nothing recorded explains."""
    for chapter, text, number, how in explain_report(report):
        if not how:
            yield chapter, text, number


def explain_report(report: Path) -> Iterator[tuple[str, str, Printed, str]]:
    """Explain every number in a report's texts: chapter, text, number, and how it is found."""
    for folder in sorted((report / "text").glob("*")):
        sources = read_sources(report, folder.name)
        for file in sorted(folder.glob("*.md")):
            for number in read_numbers(file.read_text(encoding="utf-8")):
                yield folder.name, file.stem, number, sources.explain(number)


#: Words that tell a direction and the sign of the number told right after them.
DIRECTIONS = {
    "up": r"rose|rises|grew|grows|gained|increased|higher|more",
    "down": r"fell|falls|shrank|shrinks|lost|decreased|lower|less|fewer",
}
TURNED = re.compile(
    rf"\b(?P<down>{DIRECTIONS['down']})\b(?P<between> by | of |: | \()(?P<sign>−)?(?P<n>\d[\d,.]*)"
    rf"|\b(?P<up>{DIRECTIONS['up']})\b(?: by | of |: | \()(?P<minus>−)(?P<m>\d[\d,.]*)"
)


def find_contradictions(text: str) -> list[str]:
    """Find words of a direction beside a number of the other sign.

    ``rose by −3``, ``fell by −3`` (two signs for one fall), and a verdict beside an interval
    that says otherwise: *undecided* needs an interval that holds zero, *supported* and
    *contradicted* one that does not.
    """
    signs = [found.group() for found in TURNED.finditer(text) if found["minus"] or found["sign"]]
    return signs + [line for line in text.splitlines() if _contradicts(line)]


BOUNDS = re.compile(r"95% interval (−?[\d.,]+) to (−?[\d.,]+?)(?=[,)\s])")
WORD = re.compile(r"[Tt]his is (supported|contradicted|undecided)")


def _contradicts(line: str) -> bool:
    bounds, word = BOUNDS.search(line), WORD.search(line)
    if not bounds or not word:
        return False
    lower, upper = (float(b.replace("−", "-").replace(",", "")) for b in bounds.groups())
    holds = lower <= 0 <= upper
    # An end that is printed as 0 may lie on either side.
    return holds != (word[1] == "undecided") and 0 not in (lower, upper)
