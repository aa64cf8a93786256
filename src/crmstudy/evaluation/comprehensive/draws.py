"""Memberships as they could have come out: other respondents, other values within intervals.

Respondents are drawn whole, with all their answers, as counts of the distinct answer
patterns; so a draw costs what the patterns cost, however many respondents there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.comprehensive.grading import GradedAnswers, GradedValue, Grading
from crmstudy.evaluation.comprehensive.membership import decode
from crmstudy.evaluation.comprehensive.shapes import grade_values
from crmstudy.indicators.intervals import Interval
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]
#: Cells that are in memory at a time: few enough for a processor's cache.
CELLS_AT_A_TIME = 500_000
#: Respondents for each pattern up to which drawing persons costs less than drawing counts.
PERSONS_FOR_A_PATTERN = 12


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct answers to all graded items, and how many respondents gave each.

    Parameters
    ----------
    indicators : tuple of str
        Graded by answers, in alphabetical order: nothing depends on another.
    counts : ndarray of shape (n_patterns,)
        Respondents by pattern, patterns in ascending order.
    marks : ndarray of shape (n_patterns, n_indicators * n_grades)
        What one respondent with the pattern adds to each grade of each indicator: whole
        and half answers, so that sums are exact in any order.
    """

    indicators: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    marks: Floats

    @property
    def n(self) -> int:
        """Respondents."""
        return int(self.counts.sum())

    @property
    def by_person(self) -> bool:
        """Whether drawing persons one by one costs less than drawing counts of patterns."""
        return self.n <= PERSONS_FOR_A_PATTERN * len(self.counts)

    @property
    def width(self) -> int:
        """Cells that one draw takes."""
        return max(self.n if self.by_person else len(self.counts), self.marks.shape[1], 64)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw as many respondents as there are, with replacement: counts of the patterns."""
        if not self.by_person:
            return rng.multinomial(self.n, self.counts / self.n, size=size).astype(float)
        patterns = np.repeat(np.arange(len(self.counts)), self.counts)
        # Of 32 bits, so that the stream does not depend on where a block ends.
        persons = rng.integers(self.n, size=(size, self.n), dtype=np.uint32)
        cells = patterns[persons] + len(self.counts) * np.arange(size)[:, None]
        counts = np.bincount(cells.ravel(), minlength=size * len(self.counts))
        return counts.reshape(size, -1).astype(float)


def find_patterns(grading: Grading) -> Patterns | None:
    """Count the distinct answer patterns; None where no indicator is graded by answers."""
    asked = {
        name: one
        for name, one in sorted(grading.evidence.items())
        if isinstance(one, GradedAnswers)
    }
    if not asked:
        return None
    patterns, counts = np.unique(
        np.hstack([one.codes for one in asked.values()]), axis=0, return_counts=True
    )
    edges = np.cumsum([0, *(len(one.items) for one in asked.values())])
    adds = decode(len(grading.grades))
    marks = [adds[patterns[:, a:b]].sum(axis=1) for a, b in pairwise(edges)]
    return Patterns(tuple(asked), counts.astype(np.int64), np.hstack(marks))


def draw_memberships(
    grading: Grading,
    *,
    n_draws: int,
    seed: int,
    respondents: bool = True,
    values: bool = True,
    n_cells: int = CELLS_AT_A_TIME,
) -> Iterator[tuple[slice, dict[str, Floats]]]:
    """Draw the membership rows, block by block of draws.

    Parameters
    ----------
    grading : Grading
        What the memberships rest on.
    n_draws : int
        How many draws.
    seed : int
        The study's seed.
    respondents : bool
        Whether respondents are drawn anew, with replacement.
    values : bool
        Whether measured values are drawn from their intervals.
    n_cells : int
        Bounds the memory; the draws do not depend on it.

    Yields
    ------
    (slice, dict of str to ndarray of shape (n_block, n_grades))
        Which draws, and the row of each indicator in them; one row where it does not vary.
    """
    patterns = find_patterns(grading) if respondents else None
    asking, measuring = (np.random.default_rng(one) for one in draw_seeds(seed, stage=350, n=2))
    step = max(n_cells // (patterns.width if patterns else 64), 1)
    for start in range(0, n_draws, step):
        block = slice(start, min(start + step, n_draws))
        size = block.stop - block.start
        rows = {
            name: one.row[None]
            for name, one in grading.evidence.items()
            if not isinstance(one, NotAvailable)
        }
        if patterns is not None:
            rows |= _draw_answers(patterns, rows, asking, size)
        if values:
            rows |= _draw_values(grading, measuring, size)
        yield block, rows


def _draw_answers(
    patterns: Patterns, observed: dict[str, Floats], rng: np.random.Generator, size: int
) -> dict[str, Floats]:
    """Draw respondents; in a draw without any answer to an item the observed row stands."""
    sums = (patterns.draw(rng, size) @ patterns.marks).reshape(size, len(patterns.indicators), -1)
    totals = sums.sum(axis=-1, keepdims=True)
    shares = sums / np.where(totals > 0, totals, 1.0)
    return {
        name: np.where(totals[:, place] > 0, shares[:, place], observed[name])
        for place, name in enumerate(patterns.indicators)
    }


def _draw_values(grading: Grading, rng: np.random.Generator, size: int) -> dict[str, Floats]:
    """Draw measured values; one normal number each, so that draws do not shift in blocks."""
    names = [
        name for name in sorted(grading.evidence) if isinstance(grading.evidence[name], GradedValue)
    ]
    errors = rng.standard_normal((size, len(names)))
    rows = {}
    for place, name in enumerate(names):
        one = grading.evidence[name]
        if isinstance(one, GradedValue) and isinstance(one.measurement.interval, Interval):
            values = spread_value(one.measurement.value, one.measurement.interval, errors[:, place])
            rows[name] = grade_values(values, one.typical, shape=one.shape)
    return rows


def spread_value(value: float, interval: Interval, errors: Floats) -> Floats:
    """Draw a value from its interval by standard normal errors.

    Half of the draws lie on each side of the value, normal on each, and the interval's
    ends are their quantiles at its level: so an interval need not be symmetric.
    """
    from scipy.special import ndtri

    z = ndtri((1 + interval.level) / 2)
    down, up = (value - interval.low) / z, (interval.high - value) / z
    return np.asarray(value + errors * np.where(errors < 0, down, up))


def order_rows(rows: dict[str, Floats], names: Sequence[str], size: int) -> Floats:
    """Stack rows in the order of the names, shape (size, n_indicators, n_grades)."""
    return np.stack([np.broadcast_to(rows[n], (size, rows[n].shape[-1])) for n in names], axis=1)
