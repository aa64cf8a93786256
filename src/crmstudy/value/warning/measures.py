"""Measures and curves of several models on the same customers, whatever each one's weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.value.warning.scores import (
    Cuts,
    measure_auc,
    measure_brier,
    measure_calibration,
    measure_lift,
    measure_log_loss,
    measure_precision,
    rank_scores,
)

Floats = npt.NDArray[np.float64]
Trace = Callable[[str, Floats], Floats]

LIMITS = (0.025, 0.975)
#: Share of the customers warned of whose lift is measured.
DEPTH = 0.1
GRID = np.linspace(0.0, 1.0, 101)
#: Measure -> whether more of it is better; ``None`` where neither is.
MEASURES: dict[str, bool | None] = {
    "average precision": True,
    "ROC AUC": True,
    "Brier score": False,
    "Brier skill": True,
    "log loss": False,
    "calibration intercept": None,
    "calibration slope": None,
    "top-decile lift": True,
}


def draw_samples(events: Floats, *, seed: int, n_replicates: int) -> Iterator[Floats]:
    """Draw bootstrap samples as counts; one without events, or with nothing else, is passed."""
    generator, n = np.random.default_rng(seed), len(events)
    for _ in range(n_replicates):
        weights = np.bincount(generator.integers(n, size=n), minlength=n).astype(np.float64)
        if 0 < weights @ events < n:
            yield weights


class Measure:
    """The test's customers, ranked once by every model; called with their weights."""

    def __init__(self, events: Floats, chances: Mapping[str, Floats]) -> None:
        self.events = events
        self.chances = chances
        self.cuts: dict[str, Cuts] = {name: rank_scores(c) for name, c in self.chances.items()}

    def __call__(self, weights: Floats) -> Floats:
        """Measure every model: an array of shape (n_models, n_measures)."""
        return np.array([self._measure(name, weights) for name in self.chances])

    def _measure(self, name: str, weights: Floats) -> list[float]:
        chances = self.chances[name]
        rows, hits = self.cuts[name].count(self.events, weights)
        base = hits[-1] / rows[-1]
        brier = measure_brier(self.events, chances, weights)
        intercept, slope = measure_calibration(self.events, chances, weights)
        return [
            measure_precision(rows, hits),
            measure_auc(rows, hits),
            brier,
            1 - brier / float(base * (1 - base)),
            measure_log_loss(self.events, chances, weights),
            intercept,
            slope if len(self.cuts[name].starts) > 1 else np.nan,
            measure_lift(rows, hits, depth=DEPTH),
        ]


def trace_recall(measure: Measure, chosen: str, samples: list[Floats]) -> pd.DataFrame:
    """Trace precision at a hundred levels of recall, of the chosen model with a band."""

    def trace(name: str, weights: Floats) -> Floats:
        rows, hits = measure.cuts[name].count(measure.events, weights)
        place = np.searchsorted(hits / hits[-1], GRID[1:] - 1e-12, side="left")
        return hits[place] / rows[place]

    return _arrange(
        measure, trace, chosen, samples, GRID[1:], columns=("model", "recall", "precision")
    )


def trace_gains(measure: Measure, chosen: str, samples: list[Floats]) -> pd.DataFrame:
    """Trace the share of events found over the share of customers warned of."""

    def trace(name: str, weights: Floats) -> Floats:
        rows, hits = measure.cuts[name].count(measure.events, weights)
        return np.interp(GRID, rows / rows[-1], hits / hits[-1])

    return _arrange(measure, trace, chosen, samples, GRID, columns=("method", "targeted", "gained"))


def _arrange(
    measure: Measure,
    trace: Trace,
    chosen: str,
    samples: list[Floats],
    grid: Floats,
    *,
    columns: tuple[str, str, str],
) -> pd.DataFrame:
    every = np.ones(len(measure.events))
    frames = []
    for name, cuts in measure.cuts.items():
        if len(cuts.starts) == 1 and name != chosen:  # all alike: the line of chance
            continue
        values = trace(name, every)
        limits = np.full((2, len(grid)), np.nan)
        if name == chosen:
            drawn = [trace(name, weights) for weights in samples]
            limits = np.quantile(np.array(drawn), LIMITS, axis=0)
        made = dict(zip(columns, (name, grid, values), strict=True))
        frames.append(pd.DataFrame({**made, "lower": limits[0], "upper": limits[1]}))
    return pd.concat(frames, ignore_index=True)
