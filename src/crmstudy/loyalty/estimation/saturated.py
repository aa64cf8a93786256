"""The two models every fit is compared with: nothing restricted, and nothing related.

References
----------
Dempster, A. P., Laird, N. M., & Rubin, D. B. (1977). Maximum likelihood from incomplete
data via the EM algorithm. Journal of the Royal Statistical Society, Series B, 39(1), 1-38.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crmstudy.errors import ModelError
from crmstudy.loyalty.estimation.likelihood import Likelihood
from crmstudy.loyalty.estimation.patterns import Patterns, group_answers
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import StructuralModel

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SETTLED = 1e-12  # largest step of a mean or covariance, in standard deviations
MOST_STEPS = 20_000


def estimate_saturated(patterns: Patterns) -> Likelihood:
    """Estimate mean and covariance without a model, from answers with gaps, by EM.

    Parameters
    ----------
    patterns : Patterns
        Answers of about mean 0 and standard deviation 1.

    Returns
    -------
    Likelihood
        At the maximum, with ``mean`` and ``implied`` the estimates (divisor n).

    Raises
    ------
    ModelError
        If the steps do not settle: too little was answered together.
    """
    p = patterns.answers.shape[1]
    point = Likelihood(patterns, np.zeros(p), np.eye(p))
    for _ in range(MOST_STEPS):
        # The step of EM in the likelihood's own slopes: E[y y'] given what was answered.
        shift = point.implied @ point.pull()
        covariance = point.implied - point.implied @ point.slope() @ point.implied
        covariance = (covariance + covariance.T) / 2.0 - np.outer(shift, shift)
        moved = max(np.abs(shift).max(), np.abs(covariance - point.implied).max())
        point = Likelihood(patterns, point.mean + shift, covariance)
        if moved < SETTLED:
            return point
    raise ModelError(
        f"the items' covariances did not settle in {MOST_STEPS:,} steps of EM: too few "
        "respondents answered the same items; use listwise deletion or fewer items"
    )


def fill_gaps(point: Likelihood) -> Array:
    """Fill missing answers with their expectation, given the others and the moments."""
    expected = point.mean + point.residual_rows() @ point.implied
    answers = point.patterns.answers
    return np.where(np.isnan(answers), expected, answers)


@dataclass(frozen=True)
class Baseline:
    """The model of uncorrelated items; observed covariates keep their covariances.

    Attributes
    ----------
    n_items : int
    joint : tuple of int
        Places of the covariates, free to covary.
    """

    n_items: int
    joint: tuple[int, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Cells that are free: every variance, then the covariates' covariances."""
        beside = [(a, b) for a in self.joint for b in self.joint if a > b]
        return (*((k, k) for k in range(self.n_items)), *beside)

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.n_items * (self.n_items + 1) // 2 - len(self.pairs)

    def implied(self, theta: Array) -> Array:
        """Return the covariance matrix."""
        return np.tensordot(theta, self.jacobian(theta), axes=1)

    def jacobian(self, theta: Array) -> Array:
        """Return its derivatives, which are constant."""
        cells = np.zeros((len(self.pairs), self.n_items, self.n_items), dtype=theta.dtype)
        for k, (a, b) in enumerate(self.pairs):
            cells[k, a, b] = cells[k, b, a] = 1.0
        return cells

    def read(self, covariance: Array) -> Array:
        """Return the free cells of a covariance matrix."""
        return np.array([covariance[a, b] for a, b in self.pairs])

    def restrict(self, covariance: Array) -> Array:
        """Put zeros where the model has them."""
        return self.implied(self.read(covariance))


def lay_baseline(model: StructuralModel) -> Baseline:
    """Build the baseline of a model.

    Observed covariates, single-item constructs without incoming paths, keep their
    covariances, which the model takes as given too (lavaan's ``fixed.x``).
    """
    places = {item: k for k, item in enumerate(model.items)}
    alone = [
        places[c.items[0]]
        for c in model.constructs
        if len(c.items) == 1 and c.name not in model.endogenous
    ]
    return Baseline(len(model.items), tuple(alone))


def estimate_baseline(baseline: Baseline, patterns: Patterns) -> Likelihood:
    """Estimate the baseline from answers with gaps: each item by itself, covariates together."""
    answers, joint = patterns.answers, list(baseline.joint)
    mean, covariance = np.nanmean(answers, axis=0), np.diag(np.nanvar(answers, axis=0))
    if joint:
        part = answers[:, joint]
        found = estimate_saturated(group_answers(part[~np.isnan(part).all(axis=1)]))
        mean[joint] = found.mean
        covariance[np.ix_(joint, joint)] = found.implied
    return Likelihood(patterns, mean, covariance)


def saturated_cells(n_items: int) -> csr_array:
    """Derivatives of a covariance matrix by its own distinct cells, one a row, sparse."""
    from scipy.sparse import csr_array  # seldom needed, and slow to import

    rows, columns = np.tril_indices(n_items)
    number = np.arange(len(rows))
    places = np.concatenate([rows * n_items + columns, columns * n_items + rows])
    ones = np.ones(2 * len(rows))
    ones[np.tile(rows == columns, 2)] = 0.5  # a variance stands once
    return csr_array((ones, (np.tile(number, 2), places)), (len(rows), n_items**2))


def saturated_scores(point: Likelihood) -> Array:
    """Return every respondent's slope by the means and the distinct covariances."""
    p = len(point.mean)
    rows, columns = np.tril_indices(p)
    pulls = point.residual_rows()
    inverse = point.inverse[:, rows, columns]
    scores = pulls[:, rows] * pulls[:, columns] - inverse[point.patterns.member]
    scores[:, rows == columns] /= 2.0
    return np.hstack([pulls, scores])
