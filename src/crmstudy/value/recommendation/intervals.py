"""Intervals of mean measures and of leads over a baseline, by drawing customers again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Numbers held at once by the weights of the bootstrap.
MOST_WEIGHTS = 5_000_000


def bootstrap_means(values: Floats, *, seed: int, n_replicates: int) -> Floats:
    """Draw customers with replacement and average every column.

    Parameters
    ----------
    values : array of shape (n_customers, n_columns)
        Measures of the same customers; all columns are drawn together, so that their
        differences are paired.

    Returns
    -------
    array of shape (n_replicates, n_columns)
    """
    rng = np.random.default_rng(seed)
    n = len(values)
    step = max(MOST_WEIGHTS // n, 1)
    means = []
    for start in range(0, n_replicates, step):
        size = min(step, n_replicates - start)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=size)
        means.append(weights.astype(float) @ values / n)
    return np.concatenate(means)


def bound_means(draws: Floats, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Bound every column's mean by percentiles of its draws."""
    tail = (1 - confidence) / 2
    return np.quantile(draws, tail, axis=0), np.quantile(draws, 1 - tail, axis=0)


def bound_leads(leads: Floats, draws: Floats, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Bound several leads at once: all intervals hold together with this confidence.

    The largest of the studentised deviations over the columns, draw by draw, says how wide
    the intervals must be.

    Parameters
    ----------
    leads : array of shape (n_columns,)
        Mean differences.
    draws : array of shape (n_replicates, n_columns)
        Their bootstrap draws.

    References
    ----------
    Davison, A. C., & Hinkley, D. V. (1997). Bootstrap Methods and Their Application, section
    4.2. Cambridge University Press.
    Westfall, P. H., & Young, S. S. (1993). Resampling-Based Multiple Testing. Wiley.
    """
    errors = draws.std(axis=0, ddof=1) if len(draws) > 1 else np.zeros(len(leads))
    away = np.abs(draws - leads) / np.where(errors > 0, errors, np.inf)
    reach = float(np.quantile(away.max(axis=1), confidence)) * errors
    return leads - reach, leads + reach
