"""What the draws of the weights say: intervals, ranks, and how firm the order is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws
from crmstudy.evaluation.tabulate import name_metrics, rank_weights

Floats = npt.NDArray[np.float64]

#: Weights that differ by less are equal but for rounding.
SAME_WEIGHT = 1e-9

#: Numbers compared at a time: about 30 megabytes.
CELLS_AT_A_TIME = 4_000_000

LEVELS = ("criterion", "indicator")


@dataclass(frozen=True, eq=False)
class WeightIntervals:
    """Weights with their intervals, and how firm their order is.

    Parameters
    ----------
    frame : DataFrame
        One row a criterion, then one an indicator (weight in the goal): level, criterion,
        name, weight, lower, upper, rank, best rank, worst rank, probability first.
    ranks : mapping of str to DataFrame
        By level: names in rows, ranks from 1 in columns, probabilities in cells.
    behind : DataFrame
        One row a name beside the heaviest of its level: level, name, probability that the
        heaviest outweighs it, firm (whether that is the confidence or more).
    confidence : float
        Share of the draws inside an interval.
    n_draws, n_experts, n_resamples, enumerated, noise
        As of the draws.
    """

    frame: pd.DataFrame
    ranks: Mapping[str, pd.DataFrame]
    behind: pd.DataFrame
    confidence: float
    n_draws: int
    n_experts: int
    n_resamples: int
    enumerated: bool
    noise: float

    def table(self) -> pd.DataFrame:
        """One row a criterion and one an indicator: weight, interval, ranks."""
        return self.frame

    def of(self, level: str) -> pd.DataFrame:
        """Rows of one level (criterion or indicator), the heaviest first."""
        rows = self.frame[self.frame["level"] == level]
        return rows.sort_values(["weight", "name"], ascending=[False, True], ignore_index=True)

    def tied(self, level: str) -> tuple[str, ...]:
        """Names of a level that are not firmly behind its heaviest."""
        rows = self.behind[(self.behind["level"] == level) & ~self.behind["firm"]]
        return tuple(rows["name"])

    def to_metrics(self) -> dict[str, float]:
        """Draws, intervals and the probability of being first, by name."""
        metrics: dict[str, float] = {
            "n_draws": self.n_draws,
            "n_resamples": self.n_resamples,
            "noise": self.noise,
            "confidence": self.confidence,
        }
        for level, stem in zip(LEVELS, ("criterion_weight", "weight"), strict=True):
            rows = self.frame[self.frame["level"] == level].set_index("name")
            metrics |= name_metrics(f"{stem}_lower", rows["lower"])
            metrics |= name_metrics(f"{stem}_upper", rows["upper"])
            metrics |= name_metrics(f"{level}_first", rows["probability first"])
        return metrics


@passes_absence
def bound_weights(draws: WeightDraws, *, confidence: float = 0.95) -> WeightIntervals:
    """Bound each weight by percentiles of its draws, and count its ranks.

    Parameters
    ----------
    draws : WeightDraws
        Result of ``draw_weights``, whole or reweighed.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ModelError
        If nothing varies: one expert, and judgements without noise.
    """
    if not 0 < confidence < 1:
        raise SettingsError(f"confidence {confidence:g}; allowed: above 0 and below 1")
    if not draws.varies:
        raise ModelError(
            "with one expert and no noise in the judgements nothing varies, so weights have no "
            "interval"
        )
    above = dict.fromkeys(draws.criterion_names, "")
    below = {
        str(name): criterion
        for criterion in draws.criterion_names
        for name in draws.weights.local[criterion].index
    }
    parts = [
        _bound_level("criterion", draws.weights.criteria, draws.criteria, above, confidence),
        _bound_level("indicator", draws.weights.overall, draws.overall, below, confidence),
    ]
    frames, ranks, behind = zip(*parts, strict=True)
    return WeightIntervals(
        frame=pd.concat(frames, ignore_index=True),
        ranks=dict(zip(LEVELS, ranks, strict=True)),
        behind=pd.concat(behind, ignore_index=True),
        confidence=confidence,
        n_draws=draws.n_draws,
        n_experts=draws.n_experts,
        n_resamples=draws.n_resamples,
        enumerated=draws.enumerated,
        noise=draws.noise,
    )


def _bound_level(
    level: str, weights: pd.Series, drawn: Floats, parents: Mapping[str, str], confidence: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Intervals, rank probabilities and distances from the heaviest of one level."""
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0)
    names = [str(name) for name in weights.index]
    ranks = count_ranks(drawn)
    reached = np.cumsum(ranks, axis=1)
    frame = pd.DataFrame(
        {
            "level": level,
            "criterion": [parents[name] for name in names],
            "name": names,
            "weight": weights.to_numpy(),
            "lower": lower,
            "upper": upper,
            "rank": rank_weights(weights.round(9)).to_numpy(),
            "best rank": 1 + (reached < tail - SAME_WEIGHT).sum(axis=1),
            "worst rank": 1 + (reached < 1 - tail - SAME_WEIGHT).sum(axis=1),
            "probability first": ranks[:, 0],
        }
    )
    columns = range(1, len(names) + 1)
    return frame, pd.DataFrame(ranks, names, columns), _compare(level, weights, drawn, confidence)


def count_ranks(drawn: Floats) -> Floats:
    """Share of the draws in which each name has each rank; equal weights share their ranks.

    Parameters
    ----------
    drawn : ndarray of shape (n_draws, n_names)

    Returns
    -------
    ndarray of shape (n_names, n_names)
        Names in rows, ranks in columns; rows and columns sum to 1.
    """
    n = drawn.shape[1]
    counts = np.zeros((n, n))
    step = max(CELLS_AT_A_TIME // n**2, 1)
    for start in range(0, len(drawn), step):
        block = drawn[start : start + step]
        above = (block[:, None, :] > block[:, :, None] + SAME_WEIGHT).sum(axis=2)
        equal = n - above - (block[:, None, :] < block[:, :, None] - SAME_WEIGHT).sum(axis=2)
        for place in range(int(equal.max())):
            shared = equal > place
            at = (np.nonzero(shared)[1], (above + place)[shared])
            np.add.at(counts, at, 1 / equal[shared])
    return counts / len(drawn)


def _compare(level: str, weights: pd.Series, drawn: Floats, confidence: float) -> pd.DataFrame:
    """How often the heaviest outweighs each other name; a tie counts half."""
    order = sorted(
        range(len(weights)), key=lambda i: (-round(weights.iloc[i], 9), weights.index[i])
    )
    first, others = order[0], order[1:]
    ahead = drawn[:, [first]] - drawn[:, others]
    share = (ahead > SAME_WEIGHT).mean(axis=0) + (np.abs(ahead) <= SAME_WEIGHT).mean(axis=0) / 2
    return pd.DataFrame(
        {
            "level": level,
            "name": [str(weights.index[i]) for i in others],
            "probability": share,
            "firm": share >= confidence,
        }
    )
