"""The models at many parameter points: what customers are worth if the parameters were others.

Customers with equal histories are valued once, and what depends on fewer numbers than the
whole history is computed for those alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.purchasing.btyd import BLOCK, PurchaseResult
from crmstudy.value.purchasing.likelihood import Estimates
from crmstudy.value.purchasing.numerics import pool_rows

Floats = NDArray[np.float64]

STEP = 1e-4  # of a log parameter, for derivatives by central differences


@dataclass(frozen=True, eq=False)
class Pool:
    """Distinct histories in an order of their own, whatever the order of the customers.

    Parameters
    ----------
    x, t_x, T : arrays of shape (n_histories,)
        Repeat purchases, time of the last one, age.
    counts, totals : arrays of shape (n_histories,)
        Repeat purchases of known amount, and what they add up to; zeros without amounts.
    weight : array of shape (n_histories,)
        Customers with that history.
    kind : array of shape (n_customers,)
        History of each customer.
    """

    x: Floats
    t_x: Floats
    T: Floats
    counts: Floats
    totals: Floats
    weight: Floats
    kind: NDArray[np.intp]

    def rows(self, block: slice) -> Pool:
        """Keep some of the histories (no customer is told hers any more)."""
        return Pool(
            self.x[block],
            self.t_x[block],
            self.T[block],
            self.counts[block],
            self.totals[block],
            self.weight[block],
            self.kind[:0],
        )


def pool_histories(summary: PurchaseSummary, *, priced: bool) -> Pool:
    """Pool customers who look alike: the same purchases and, if told apart, amounts."""
    frame, none = summary.customers, np.zeros(summary.x.size)
    counts = frame["priced_purchases"].to_numpy(np.float64) if priced else none
    means = frame["mean_spend"].to_numpy(np.float64)
    totals = np.where(counts > 0, counts * means, 0.0) if priced else none
    columns = summary.x, summary.t_x, summary.T, counts, totals
    first, weight, kind = pool_rows(*columns)
    distinct = [column[first] for column in columns]
    order = np.lexsort(distinct)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    x, t_x, T, counts, totals = (column[order] for column in distinct)
    return Pool(x, t_x, T, counts, totals, weight[order].astype(np.float64), place[kind])


def draw_points(estimates: Estimates, n: int, rng: np.random.Generator) -> Floats:
    """Draw parameters from their asymptotic distribution, normal in the logarithm.

    The draws are moved and scaled to have exactly the mean and the covariance they should:
    limits from a few hundred draws then hardly depend on the seed.

    Returns
    -------
    array of shape (n, n_parameters)
    """
    drawn = rng.standard_normal((n, estimates.values.size))
    drawn -= drawn.mean(axis=0)
    drawn = drawn @ np.linalg.inv(np.linalg.cholesky(drawn.T @ drawn / n)).T
    return np.exp(np.log(estimates.values) + drawn @ _root(estimates).T)


def step_points(estimates: Estimates) -> Floats:
    """The estimates, and a small step along each log parameter either way, for derivatives.

    Returns
    -------
    array of shape (1 + 2 n_parameters, n_parameters)
    """
    steps = STEP * np.eye(estimates.values.size)
    return estimates.values * np.exp(np.vstack([np.zeros((1, len(steps))), steps, -steps]))


def log_covariance(estimates: Estimates) -> Floats:
    """Covariance of the logarithms of the estimates."""
    return estimates.covariance / np.outer(estimates.values, estimates.values)


def alive_at(result: PurchaseResult, points: Floats, pool: Pool) -> Floats:
    """Probability of being active, (n_points, n_histories)."""
    alive, names = result.formulas.probability_alive, result.estimates.names
    return np.stack(
        [
            alive(pool.x, pool.t_x, pool.T, **dict(zip(names, point, strict=True)))
            for point in points.tolist()
        ]
    )


def ahead_at(
    result: PurchaseResult,
    points: Floats,
    x: Floats,
    T: Floats,
    *,
    horizon: float,
    discount: float,
) -> Floats:
    """Expected purchases of customers known to be active, (n_points, n_histories)."""
    ahead, names = result.formulas.purchases_while_alive, result.estimates.names
    found = np.empty((len(points), x.size))
    until = np.full(x.size, float(horizon))
    for row, point in enumerate(points.tolist()):
        values = dict(zip(names, point, strict=True))
        for begin in range(0, x.size, BLOCK):
            part = slice(begin, begin + BLOCK)
            found[row, part] = ahead(x[part], T[part], until[part], discount=discount, **values)
    return found


def _root(estimates: Estimates) -> Floats:
    return np.asarray(np.linalg.cholesky(log_covariance(estimates)))
