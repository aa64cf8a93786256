"""What follows from a matrix of transition shares, and whether it is one chain of first order."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, NotAvailable

Floats = NDArray[np.float64]


def divide_rows(counts: Floats) -> Floats:
    """Divide counts by the sum of their row; a row without any stays 0."""
    totals = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts, dtype=float), where=totals > 0)


def mean_stay(shares: Floats) -> Floats:
    """Give the expected periods in a state, the first one counted; infinite if none leaves."""
    staying = np.diagonal(shares, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore"):
        return 1 / (1 - staying)


def reach_states(shares: Floats) -> NDArray[np.bool_]:
    """Say which state can be reached from which, in any number of steps and none."""
    size = len(shares)
    reach = (shares > 0) | np.eye(size, dtype=bool)
    for _ in range(size.bit_length()):
        reach = (reach.astype(float) @ reach.astype(float)) > 0
    return reach


def pass_to(shares: Floats, target: int) -> Floats:
    """Give the expected periods until a state is reached for the first time.

    From the state itself 0; infinite from where a customer may never reach it. With
    :math:`Q` the transition shares among the other states these are the row sums of the
    fundamental matrix :math:`(I - Q)^{-1}`.

    References
    ----------
    Kemeny, J. G., & Snell, J. L. (1976). Finite Markov chains. Springer (chapter 3).
    """
    absorbed = shares.copy()
    absorbed[target] = 0.0
    absorbed[target, target] = 1.0
    reach = reach_states(absorbed)
    sure = np.array([reach[row][:, target].all() for row in reach])
    expected = np.full(len(shares), np.inf)
    expected[target] = 0.0
    rest = np.flatnonzero(sure & (np.arange(len(shares)) != target))
    if rest.size:
        among = shares[np.ix_(rest, rest)]
        expected[rest] = np.linalg.solve(np.eye(rest.size) - among, np.ones(rest.size))
    return expected


def settle(shares: Floats, names: list[str]) -> pd.Series | NotAvailable:
    """Find the shares of states that the chain would settle to.

    Not available where the chain may end in different groups of states.
    """
    reach = reach_states(shares)
    closed = [i for i in range(len(shares)) if reach[reach[i], i].all()]
    groups = {tuple(np.flatnonzero(reach[i])) for i in closed}
    if len(groups) != 1:
        said = "; ".join(" and ".join(names[i] for i in group) for group in sorted(groups))
        return NotAvailable(f"the chain may end in different groups of stages ({said})")
    (group,) = groups
    among = shares[np.ix_(group, group)]
    equations = np.vstack([among.T - np.eye(len(group)), np.ones(len(group))])
    right = np.append(np.zeros(len(group)), 1.0)
    found = np.zeros(len(shares))
    found[list(group)] = np.linalg.lstsq(equations, right, rcond=None)[0]
    return pd.Series(found, index=names)


def compare_tables(tables: Floats, null: str) -> Hypothesis:
    """Test the independence of rows and columns in several tables at once.

    The likelihood ratio, summed over the tables; empty rows and columns of each table
    take their degrees of freedom with them.

    Raises
    ------
    ModelError
        If no table has two rows and two columns.
    """
    from scipy.stats import chi2

    statistic, freedom = 0.0, 0
    for table in tables:
        full = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
        if full.size:
            expected = full.sum(axis=1, keepdims=True) * full.sum(axis=0) / full.sum()
            seen = full > 0
            statistic += 2 * float((full[seen] * np.log(full[seen] / expected[seen])).sum())
            freedom += (full.shape[0] - 1) * (full.shape[1] - 1)
    if not freedom:
        raise ModelError("no stage has two origins and two destinations: nothing can be tested")
    statistic = max(statistic, 0.0)
    return Hypothesis(null, statistic, float(chi2.sf(statistic, freedom)), f"chi2({freedom})")


def share_sparse(tables: Floats, least: float = 5.0) -> float:
    """Give the share of cells that expect fewer than five transitions."""
    sparse, cells = 0, 0
    for table in tables:
        full = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
        if min(full.shape) > 1:
            expected = full.sum(axis=1, keepdims=True) * full.sum(axis=0) / full.sum()
            sparse += int((expected < least).sum())
            cells += expected.size
    return sparse / cells if cells else 0.0
