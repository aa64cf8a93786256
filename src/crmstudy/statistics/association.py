"""Do two categories depend on each other? Chi-square, or exact and drawn tables when small.

References
----------
Cochran, W. G. (1954). Some methods for strengthening the common chi-square tests.
Biometrics, 10(4), 417-451.
Hope, A. C. A. (1968). A simplified Monte Carlo significance test procedure. J. Royal
Statistical Society B, 30(3), 582-598.
Patefield, W. M. (1981). Algorithm AS 159. Applied Statistics, 30(1), 91-97.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError
from crmstudy.statistics.effects import Effect, Floats, measure_table

SMALL_EXPECTED, FEWEST_EXPECTED, SMALL_SHARE = 5.0, 1.0, 0.2  # Cochran (1954)
UNRELATED = "the two variables are independent"


@dataclass(frozen=True)
class Association:
    """Two categories side by side.

    Parameters
    ----------
    counts : DataFrame
        Cases by level of the first (rows) and of the second (columns).
    test : Hypothesis
        Of independence; its distribution says by which method.
    method : str
        ``"chi-square"``, ``"Fisher's exact test"`` or ``"Monte Carlo chi-square"``.
    effect : Effect
        Cramér's V, corrected for chance.
    smallest_expected, share_small : float
        Smallest expected count; share of the cells that expect fewer than 5.
    n : int
        Cases.
    """

    counts: pd.DataFrame
    test: Hypothesis
    method: str
    effect: Effect
    smallest_expected: float
    share_small: float
    n: int


def associate(
    first: pd.Series,
    second: pd.Series,
    *,
    seed: int,
    n_tables: int = 9_999,
    confidence: float = 0.95,
) -> Association:
    """Test whether two categories are independent and measure how strongly they depend.

    The chi-square distribution is used where Cochran's rule allows it: no expected count
    below 1, at most a fifth of them below 5. Otherwise a table of two by two is tested by
    Fisher's exact test, a larger one by tables drawn with the same margins.

    Parameters
    ----------
    first, second : Series
        Levels of the same cases, none missing.
    seed : int
        Seed of the tables drawn.
    n_tables : int
        Tables drawn, where they are.
    confidence : float
        Coverage of the effect's interval.

    Raises
    ------
    ModelError
        If one of the two has a single level.
    """
    counts = pd.crosstab(first, second)
    if min(counts.shape) < 2:
        raise ModelError("an association needs two levels of each variable")
    observed = counts.to_numpy(dtype=float)
    expected = expect_independence(observed)
    test, method = _choose_test(observed, expected, seed=seed, n_tables=n_tables)
    return Association(
        counts=counts,
        test=test,
        method=method,
        effect=measure_table(observed, confidence=confidence),
        smallest_expected=float(expected.min()),
        share_small=float((expected < SMALL_EXPECTED).mean()),
        n=int(observed.sum()),
    )


def expect_independence(counts: Floats) -> Floats:
    """Give the counts that independence would lead one to expect."""
    return np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()


def allows_chi_square(expected: Floats) -> bool:
    """Judge by Cochran's rule whether expected counts are large enough."""
    few = (expected < SMALL_EXPECTED).mean() <= SMALL_SHARE
    return bool(expected.min() >= FEWEST_EXPECTED and few)


def _choose_test(
    observed: Floats, expected: Floats, *, seed: int, n_tables: int
) -> tuple[Hypothesis, str]:
    statistic = float(((observed - expected) ** 2 / expected).sum())
    if allows_chi_square(expected):
        return _by_distribution(statistic, observed.shape), "chi-square"
    if observed.shape == (2, 2):
        return _by_fisher(observed), "Fisher's exact test"
    return _by_tables(observed, expected, statistic, seed, n_tables), "Monte Carlo chi-square"


def _by_distribution(statistic: float, shape: tuple[int, ...]) -> Hypothesis:
    from scipy.special import chdtrc

    df = (shape[0] - 1) * (shape[1] - 1)
    return Hypothesis(UNRELATED, statistic, float(chdtrc(df, statistic)), f"chi2({df})")


def _by_fisher(observed: Floats) -> Hypothesis:
    from scipy.stats import fisher_exact

    found = fisher_exact(observed.astype(int))
    (a, b), (c, d) = observed
    odds = a * d / (b * c) if b * c else np.inf
    return Hypothesis(UNRELATED, float(odds), float(found.pvalue), "hypergeometric; odds ratio")


def _by_tables(
    observed: Floats, expected: Floats, statistic: float, seed: int, n_tables: int
) -> Hypothesis:
    from scipy.stats import random_table

    rows, columns = observed.sum(axis=1).astype(int), observed.sum(axis=0).astype(int)
    drawn = random_table.rvs(rows, columns, size=n_tables, random_state=np.random.default_rng(seed))
    reached = ((drawn - expected) ** 2 / expected).sum(axis=(1, 2))
    # Equal tables must count as equal although their sums are rounded.
    beyond = int((reached >= statistic * (1 - 1e-10)).sum())
    p_value = (1 + beyond) / (1 + n_tables)
    return Hypothesis(UNRELATED, statistic, p_value, f"Monte Carlo, {n_tables} tables")
