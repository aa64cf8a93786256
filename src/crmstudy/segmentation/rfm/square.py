"""Tests of square tables: the same customers in the same states, before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.errors import NotAvailable


def compare_directions(counts: pd.DataFrame) -> Hypothesis | NotAvailable:
    """Test whether as many moved from each state to each other as came back (Bowker).

    Pairs of states between which nobody moved say nothing and cost no degree of
    freedom.

    Parameters
    ----------
    counts : DataFrame of shape (k, k)
        Customers by state before (rows) and after (columns), in the same order.

    References
    ----------
    Bowker, A. H. (1948). A test for symmetry in contingency tables. J. American
    Statistical Association, 43(244), 572-574.
    """
    from scipy.stats import chi2

    table = counts.to_numpy(dtype=float)
    above = np.triu_indices(len(table), k=1)
    there, back = table[above], table.T[above]
    moved = there + back > 0
    if not moved.any():
        return NotAvailable("nobody moved between two segments")
    there, back = there[moved], back[moved]
    statistic, freedom = float(((there - back) ** 2 / (there + back)).sum()), int(moved.sum())
    return Hypothesis(
        null="as many customers move from each segment to each other as back",
        statistic=statistic,
        p_value=float(chi2.sf(statistic, freedom)),
        distribution=f"chi2({freedom})",
    )


def compare_margins(counts: pd.DataFrame) -> Hypothesis | NotAvailable:
    """Test whether the segments kept their sizes, given that customers moved (Stuart, Maxwell).

    States that nobody left or entered cannot have changed and are dropped; the degrees of
    freedom are the rank of the covariance of the remaining changes.

    Parameters
    ----------
    counts : DataFrame of shape (k, k)
        Customers by state before (rows) and after (columns), in the same order.

    References
    ----------
    Stuart, A. (1955). A test for homogeneity of the marginal distributions in a two-way
    classification. Biometrika, 42(3/4), 412-416.
    Maxwell, A. E. (1970). Comparing the classification of subjects by two independent
    judges. British J. of Psychiatry, 116(535), 651-655.
    """
    from scipy.stats import chi2

    table = counts.to_numpy(dtype=float)
    table = table - np.diag(np.diag(table))
    change = table.sum(axis=1) - table.sum(axis=0)
    covariance = np.diag(table.sum(axis=1) + table.sum(axis=0)) - table - table.T
    moved = np.diag(covariance) > 0
    if not moved.any():
        return NotAvailable("nobody moved between two segments")
    change, covariance = change[moved], covariance[np.ix_(moved, moved)]
    freedom = int(np.linalg.matrix_rank(covariance, hermitian=True))
    statistic = float(change @ np.linalg.pinv(covariance, hermitian=True) @ change)
    return Hypothesis(
        null="each segment is as large after as before, among customers who bought in both",
        statistic=statistic,
        p_value=float(chi2.sf(statistic, freedom)),
        distribution=f"chi2({freedom})",
    )


def compare_origins(counts: pd.DataFrame) -> Hypothesis | NotAvailable:
    """Test whether the state after depends on the state before at all (Pearson).

    Parameters
    ----------
    counts : DataFrame
        Customers by state before (rows) and after (columns); empty ones are dropped.
    """
    from scipy.stats import chi2_contingency

    table = counts.loc[counts.sum(axis=1) > 0, counts.sum() > 0]
    if min(table.shape) < 2:
        return NotAvailable("customers stand in one segment only, before or after")
    statistic, p_value, freedom, _ = chi2_contingency(table.to_numpy(), correction=False)
    return Hypothesis(
        null="where customers are after does not depend on where they were before",
        statistic=float(statistic),
        p_value=float(p_value),
        distribution=f"chi2({int(freedom)})",
    )


def cramers_v(counts: pd.DataFrame) -> float | None:
    """Measure how strongly the state after depends on the state before: 0 not at all, 1 fully."""
    test = compare_origins(counts)
    if isinstance(test, NotAvailable):
        return None
    rows, columns = int((counts.sum(axis=1) > 0).sum()), int((counts.sum() > 0).sum())
    return float(np.sqrt(test.statistic / counts.to_numpy().sum() / (min(rows, columns) - 1)))
