"""Do measures rank alike, and what makes them vary: the criteria or the method?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable


def measure_concordance(ranks: pd.DataFrame) -> float | NotAvailable:
    """Compute Kendall's W, corrected for ties.

    Parameters
    ----------
    ranks : DataFrame of shape (n_objects, n_judges)
        Ranks given by each judge; equal ones share their mean.

    References
    ----------
    Kendall, M. G., & Babington Smith, B. (1939). The problem of m rankings. Annals of
    Mathematical Statistics, 10(3), 275-287.
    """
    n, m = ranks.shape
    if n < 2 or m < 2:
        return NotAvailable("agreement needs two measures of two cells")
    sums = ranks.sum(axis=1)
    ties = sum(
        float((sizes**3 - sizes).sum())
        for sizes in (ranks[name].value_counts().to_numpy(dtype=float) for name in ranks)
    )
    most = (m**2 * (n**3 - n) - m * ties) / 12
    if most <= 0:
        return NotAvailable("every measure ranks all cells alike")
    return float(((sums - sums.mean()) ** 2).sum() / most)


def split_sources(
    values: np.ndarray, blocks: list[str], methods: list[str]
) -> tuple[float, float] | None:
    """Share of the sum of squares that the blocks, and the methods, explain beyond the others.

    Nothing where fewer than three values are given or all are equal.
    """
    if len(values) < 3 or np.ptp(values) == 0:
        return None
    one = np.ones((len(values), 1))
    block = pd.get_dummies(pd.Series(blocks)).to_numpy(dtype=float)
    method = pd.get_dummies(pd.Series(methods)).to_numpy(dtype=float)
    total = _residual(one, values)
    both = _residual(np.hstack([one, block, method]), values)
    by_block = _residual(np.hstack([one, method]), values) - both
    by_method = _residual(np.hstack([one, block]), values) - both
    return by_block / total, by_method / total


def _residual(design: np.ndarray, values: np.ndarray) -> float:
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(((values - fitted) ** 2).sum())
