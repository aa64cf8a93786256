"""How much a grouping explains: shares of variance and of dependence, with intervals.

Both shares are Pillai's trace over the number of dimensions that could be explained, so that
a number and a category can stand in one ranking: for a number it is eta squared, for a
category Cramér's V squared.

References
----------
Hays, W. L. (1963). Statistics for Psychologists (omega squared). Holt.
Bergsma, W. (2013). A bias-correction for Cramér's V and Tschuprow's T. J. Korean
Statistical Society, 42(3), 323-328.
Bishop, Y. M. M., Fienberg, S. E., & Holland, P. W. (1975). Discrete Multivariate Analysis
(delta method, chapters 11 and 14). MIT Press.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.statistics.variance import split_variance

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """Share explained, corrected for chance, with its interval.

    Parameters
    ----------
    measure : str
        ``"omega squared"``, ``"epsilon squared"`` (of ranks) or ``"Cramér's V"``.
    share : float
        Share of variance or of dependence explained; 0 where chance explains as much.
    lower, upper : float
        Interval of the share.
    """

    measure: str
    share: float
    lower: float
    upper: float

    @property
    def size(self) -> float:
        """Its root, from 0 to 1 as a correlation; Cramér's V where that is the measure."""
        return float(np.sqrt(self.share))


def measure_means(
    samples: Sequence[Floats], *, measure: str = "omega squared", confidence: float = 0.95
) -> Effect:
    """Measure how much of a number's variance lies between groups (omega squared).

    The interval rests on the delta method with each group's own distribution, neither equal
    variances nor normality; the variance that chance alone gives is added, without which
    it would be too short where nothing is explained.

    Parameters
    ----------
    samples : sequence of arrays
        Values of each group; not all equal.
    """
    split = split_variance(samples)
    n, df = sum(map(len, samples)), split.df_between
    means = np.concatenate([np.full(len(sample), sample.mean()) for sample in samples])
    values = np.concatenate(samples)
    total = values.var()
    apart, around = means - values.mean(), values - means
    influence = apart**2 + 2 * apart * around - (apart**2).mean()
    influence -= split.eta_squared * ((values - values.mean()) ** 2 - total)
    spread = float(((influence / total) ** 2).mean()) / n + 2 * df / n**2
    return _bound(measure, split.omega_squared, np.sqrt(spread), confidence)


def measure_ranks(samples: Sequence[Floats], *, confidence: float = 0.95) -> Effect:
    """Measure how much of the ranks' variance lies between groups, corrected for chance."""
    from scipy.stats import rankdata

    edges = np.cumsum([len(sample) for sample in samples])[:-1]
    ranks = np.split(np.asarray(rankdata(np.concatenate(samples)), dtype=float), edges)
    return measure_means(ranks, measure="epsilon squared", confidence=confidence)


def measure_table(counts: Floats, *, confidence: float = 0.95) -> Effect:
    """Measure the dependence of two categories by Cramér's V with Bergsma's correction.

    Parameters
    ----------
    counts : array of shape (n_rows, n_columns)
        Cases; no row or column is empty.

    Returns
    -------
    Effect
        Its share is V squared, its size V.
    """
    n = float(counts.sum())
    joint = counts / n
    row, column = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    ratio = joint / (row * column)
    df = (len(counts) - 1) * (counts.shape[1] - 1)
    squared = float((joint * ratio).sum()) - 1 - df / (n - 1)
    influence = 2 * ratio - (joint * ratio / row).sum(axis=1, keepdims=True)
    influence = influence - (joint * ratio / column).sum(axis=0, keepdims=True)
    spread = np.sqrt(float((joint * influence**2).sum()) / n + 2 * df / n**2)
    levels = np.array(counts.shape, dtype=float)
    possible = float((levels - (levels - 1) ** 2 / (n - 1)).min()) - 1
    if possible <= 0:  # a case or so for each level: any table would do
        return Effect("Cramér's V", 0.0, 0.0, 1.0)
    return _bound("Cramér's V", squared / possible, spread / possible, confidence)


def _bound(measure: str, share: float, spread: float, confidence: float) -> Effect:
    from scipy.special import ndtri

    reach = float(ndtri(0.5 + confidence / 2)) * spread
    lower, middle, upper = np.clip([share - reach, share, share + reach], 0.0, 1.0)
    return Effect(measure, float(middle), float(lower), float(upper))
