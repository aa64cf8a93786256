"""Weights and preferences as they could have come out: other experts, other raters, other days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import NotAvailable, SettingsError
from crmstudy.evaluation.hierarchy.resampling import draw_resamples
from crmstudy.evaluation.hierarchy.uncertainty import draw_weights
from crmstudy.evaluation.selection.performance import SystemPerformance
from crmstudy.evaluation.selection.shares import scale_to_best
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]

STAGE = 360
#: Cells of drawn matrices that are in memory at a time: about 16 megabytes.
CELLS_AT_A_TIME = 2_000_000


@dataclass(frozen=True, eq=False)
class PerformanceDraws:
    """Weights of the criteria, and the values that vary, one row a draw.

    Parameters
    ----------
    performance : SystemPerformance
        What was observed.
    weights : ndarray of shape (n_draws, n_criteria)
        Each row sums to 1.
    values : mapping of str to ndarray of shape (n_draws, n_systems)
        By criterion; those that are not here stay as observed.
    varying, fixed : tuple of str
        What differs between draws, and what does not although it may be uncertain.
    """

    performance: SystemPerformance
    weights: Floats
    values: Mapping[str, Floats]
    varying: tuple[str, ...]
    fixed: tuple[str, ...]

    def score(self, criteria: Sequence[str]) -> Floats:
        """Score the systems in ideal mode on some criteria, their weights brought to 1.

        Returns
        -------
        ndarray of shape (n_draws, n_systems)
        """
        names = list(self.performance.criteria)
        chosen = [names.index(name) for name in criteria]
        weights = self.weights[:, chosen]
        weights = weights / weights.sum(axis=1, keepdims=True)
        scores = np.empty((len(weights), len(self.performance.systems)))
        for block, preferences in self._blocks(criteria):
            scores[block] = np.einsum("dsk,dk->ds", preferences, weights[block])
        return scores

    def _blocks(self, criteria: Sequence[str]) -> Iterator[tuple[slice, Floats]]:
        """Preferences of shape (draws, systems, criteria), some draws at a time."""
        observed = self.performance.values[list(criteria)].to_numpy(dtype=float)
        larger = np.array([self.performance.directions[name] == "larger" for name in criteria])
        step = max(CELLS_AT_A_TIME // observed.size, 1)
        for start in range(0, len(self.weights), step):
            block = slice(start, min(start + step, len(self.weights)))
            values = np.repeat(observed[None], block.stop - block.start, axis=0)
            for column, name in enumerate(criteria):
                if name in self.values:
                    values[:, :, column] = self.values[name][block]
            yield block, scale_to_best(values, larger)


def draw_performance(
    performance: SystemPerformance, *, n_draws: int, seed: int, noise: float = 0.2
) -> PerformanceDraws:
    """Draw experts, their judgements and raters anew.

    Experts and their judgements as in ``draw_weights``, raters as experts: whole, with all
    their ratings, and one less than there are. A rating that no drawn rater gave is the mean
    of all who gave it. Where nobody weighed the criteria, weights are drawn uniformly from
    all that are possible (Lahdelma & Salminen, 2001). Measured figures stay as they are.

    Parameters
    ----------
    performance : SystemPerformance
        Result of ``gather_performance``.
    n_draws, seed
        How many draws; the study's seed.
    noise : float
        Standard deviation of the logarithm of a judgement.

    Raises
    ------
    SettingsError
        If there is no draw, or the noise is negative.

    References
    ----------
    Lahdelma, R., & Salminen, P. (2001). SMAA-2: Stochastic multicriteria acceptability
    analysis for group decision making. Operations Research, 49(3), 444-454.
    """
    if n_draws < 1 or not noise >= 0 or not np.isfinite(noise):
        raise SettingsError(
            f"n_draws {n_draws} and noise {noise:g}; allowed: 1 draw or more, noise 0 or more"
        )
    for_weights, for_raters = draw_seeds(seed, stage=STAGE, n=2)
    weights = np.repeat(performance.weights.to_numpy()[None], n_draws, axis=0)
    values: dict[str, Floats] = {}
    varying, fixed = [], []
    panel = performance.panel
    if not isinstance(panel, NotAvailable):
        drawn = draw_weights(panel, n_draws=n_draws, seed=seed, noise=noise)
        values |= {name: drawn.local[name] for name in performance.judged}
        if performance.criteria_judged:
            kept = [drawn.criterion_names.index(name) for name in performance.criteria]
            weights = drawn.criteria[:, kept] / drawn.criteria[:, kept].sum(axis=1, keepdims=True)
        if drawn.n_experts > 1:
            varying.append("the experts")
        if noise > 0:
            varying.append("their judgements")
        if drawn.n_experts == 1:
            fixed.append("who judged, as there is one expert")
    if not performance.criteria_judged:
        weights = _draw_any(len(performance.criteria), n_draws, for_weights)
        varying.insert(0, "all possible weights")
    raters = _list_raters(performance.ratings)
    if len(raters) > 1:
        values |= _draw_ratings(performance, raters, n_draws, for_raters)
        varying.append("the raters")
    elif raters:
        fixed.append("ratings, as there is one rater")
    if any("measured" in set(performance.origins[name]) for name in performance.criteria):
        fixed.append("measured figures")
    return PerformanceDraws(performance, weights, values, tuple(varying), tuple(fixed))


def _draw_any(n_criteria: int, n_draws: int, seed: int) -> Floats:
    """Draw weights uniformly among all that sum to 1."""
    return np.random.default_rng(seed).dirichlet(np.ones(n_criteria), size=n_draws)


def _list_raters(ratings: Mapping[str, pd.DataFrame]) -> list[str]:
    return sorted({str(rater) for frame in ratings.values() for rater in frame.index})


def _draw_ratings(
    performance: SystemPerformance, raters: Sequence[str], n_draws: int, seed: int
) -> dict[str, Floats]:
    """Mean ratings of the drawn raters, by criterion; the same raters on every criterion."""
    rng = np.random.default_rng(seed)
    counts = draw_resamples(len(raters), n_draws=n_draws, rng=rng).astype(float)
    drawn = {}
    for criterion, frame in performance.ratings.items():
        ratings = frame.reindex(index=list(raters)).to_numpy(dtype=float)
        given = ~np.isnan(ratings)
        total, number = counts @ np.where(given, ratings, 0.0), counts @ given
        observed = performance.values[criterion].to_numpy(dtype=float)
        mean = total / np.where(number > 0, number, 1.0)
        drawn[criterion] = np.where(number > 0, mean, observed)
    return drawn
