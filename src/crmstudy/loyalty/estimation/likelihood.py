"""The normal likelihood of answers with gaps, its slope and its curvature.

A respondent counts by what was answered (full information): with ``y_o`` the answers
given, and ``mu_o`` and ``Sigma_oo`` the model's moments of these items,

    -2 log L = sum over respondents of
        p_o log 2 pi + log|Sigma_oo| + (y_o - mu_o)' Sigma_oo^-1 (y_o - mu_o).

Everything here is per respondent and without the constant, so that ``F`` of complete
answers is the usual discrepancy up to a constant. Inverses are written into full
matrices with zeros for what was not asked or not answered; all patterns go at once.

References
----------
Arbuckle, J. L. (1996). Full information estimation in the presence of incomplete data.
In G. A. Marcoulides & R. E. Schumacker (Eds.), Advanced Structural Equation Modeling
(pp. 243-277). Erlbaum.
Savalei, V. (2010). Expected versus observed information in SEM with incomplete normal and
nonnormal data. Psychological Methods, 15(4), 352-367.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from crmstudy.loyalty.estimation.patterns import Patterns
from crmstudy.loyalty.model.moments import Array, differentiate

FEW_PATTERNS = 8  # up to here a loop over patterns costs less than one large product


class Structure(Protocol):
    """A covariance matrix as a function of parameters."""

    def implied(self, theta: Array) -> Array:
        """Return the covariance matrix."""

    def jacobian(self, theta: Array) -> Array:
        """Return its derivatives; shape (n_parameters, n_items, n_items)."""


@dataclass(frozen=True)
class Likelihood:
    """The likelihood at one mean vector and one covariance matrix.

    Attributes
    ----------
    patterns : Patterns
    mean, implied : arrays of shape (n_items,) and (n_items, n_items)
    """

    patterns: Patterns
    mean: Array
    implied: Array

    @cached_property
    def _padded(self) -> Array:
        """Covariance of the items seen; unit variances elsewhere, uncorrelated."""
        seen = self.patterns.seen
        both = seen[:, :, None] & seen[:, None, :]
        return np.where(both, self.implied, 0.0) + np.eye(len(self.mean)) * ~seen[:, :, None]

    @cached_property
    def inverse(self) -> Array:
        """Inverse covariance of each pattern's items; zero elsewhere."""
        seen = self.patterns.seen
        both = seen[:, :, None] & seen[:, None, :]
        return np.where(both, np.linalg.inv(self._padded), 0.0)

    @cached_property
    def gap(self) -> Array:
        """Mean of each pattern less the model's."""
        return np.where(self.patterns.seen, self.patterns.means - self.mean, 0.0)

    @cached_property
    def _scatter(self) -> Array:
        """Scatter about the model's mean."""
        return self.patterns.scatter + self.gap[:, :, None] * self.gap[:, None, :]

    @cached_property
    def _weighed(self) -> Array:
        """Scatter between two inverses."""
        return self.inverse @ self._scatter @ self.inverse

    @property
    def proper(self) -> bool:
        """Whether the covariance matrix is positive definite."""
        return bool(np.linalg.eigvalsh(self.implied)[0] > 0.0)

    def discrepancy(self) -> float:
        """Return F: minus twice the log-likelihood per respondent, without its constant."""
        log_determinant = np.linalg.slogdet(self._padded)[1]
        trace = np.einsum("gij,gij->g", self.inverse, self._scatter)
        return float(self.patterns.weights @ (log_determinant + trace))

    def log_likelihood(self) -> float:
        """Return the log-likelihood of all answers."""
        constant = self.patterns.n_values * np.log(2.0 * np.pi)
        return float(-0.5 * (constant + self.patterns.n * self.discrepancy()))

    def pull(self) -> Array:
        """Average of ``Sigma^-1 (y - mu)``: half the negative slope of F in the mean."""
        return self._average(np.einsum("gij,gj->gi", self.inverse, self.gap))

    def slope(self) -> Array:
        """Differentiate F by the cells of the covariance matrix."""
        return self._average(self.inverse - self._weighed)

    def information_of_mean(self) -> Array:
        """Return the second derivative of F by the mean."""
        return 2.0 * self._average(self.inverse)

    def expected(self, flat: Any) -> Array:
        """Return the expected second derivative of F by parameters of the covariance.

        ``flat`` holds a parameter's derivative of the covariance matrix in each row,
        shape (n_parameters, n_items ** 2); dense or sparse.
        """
        return self._pair(self.inverse, self.inverse, flat)

    def observed(self, flat: Any) -> Array:
        """Return the second derivative of F by the mean and parameters of a linear structure.

        Shape (n_items + n_parameters,) squared, the mean first.
        """
        crossed = self._pair(self.inverse, self._weighed, flat)
        block = crossed + crossed.T - self.expected(flat)
        towards = np.einsum("gij,gj->gi", self.inverse, self.gap)
        weighed = (self.inverse * self.patterns.weights[:, None, None]).reshape(len(towards), -1)
        mixed = (weighed.T @ towards).reshape(3 * (len(self.mean),))
        beside = 2.0 * (flat @ mixed.transpose(1, 2, 0).reshape(-1, len(self.mean)))
        return np.block([[self.information_of_mean(), beside.T], [beside, block]])

    def residual_rows(self) -> Array:
        """Return ``Sigma^-1 (y - mu)`` of every respondent; shape (n, n_items)."""
        gaps = np.nan_to_num(self.patterns.answers - self.mean, nan=0.0)
        rows = np.empty_like(gaps)
        for pattern, places in self.patterns.rows():
            rows[places] = gaps[places] @ self.inverse[pattern]
        return rows

    def _average(self, values: Array) -> Array:
        return np.tensordot(self.patterns.weights, values, axes=1)

    def _pair(self, left: Array, right: Array, flat: Any) -> Array:
        """Average ``tr(J_k X J_l Y)`` over the patterns, for all pairs of parameters."""
        p, weights = len(self.mean), self.patterns.weights
        if len(weights) <= FEW_PATTERNS and isinstance(flat, np.ndarray):
            whole = flat.reshape(-1, p, p)
            parts = zip(weights, left, right, strict=True)
            return sum(
                w
                * (whole @ x).reshape(-1, p * p)
                @ (whole @ y).transpose(0, 2, 1).reshape(-1, p * p).T
                for w, x, y in parts
            )
        crossed = (left.reshape(-1, p * p) * weights[:, None]).T @ right.reshape(-1, p * p)
        ordered = crossed.reshape(p, p, p, p).transpose(3, 0, 1, 2).reshape(p * p, p * p)
        return (flat @ (flat @ ordered).T).T


def flatten(jacobian: Array) -> Array:
    """Write each parameter's derivative as one row."""
    return jacobian.reshape(len(jacobian), -1)


def bend(structure: Structure, theta: Array, slope: Array) -> Array:
    """Return what the structure's own curvature adds to the second derivative of F."""

    def along(moved: Array) -> Array:
        return np.einsum("kij,ij->k", structure.jacobian(moved), slope)

    return differentiate(along, theta)


def score_rows(point: Likelihood, jacobian: Array) -> Array:
    """Return every respondent's slope of the log-likelihood, by the mean and the parameters.

    Shape (n, n_items + n_parameters).
    """
    pulls = point.residual_rows()
    expected = point.inverse.reshape(len(point.inverse), -1) @ flatten(jacobian).T
    scores = np.empty((len(pulls), pulls.shape[1] + len(jacobian)))
    scores[:, : pulls.shape[1]] = pulls
    for k, direction in enumerate(jacobian, start=pulls.shape[1]):
        scores[:, k] = np.einsum("ni,ni->n", pulls @ direction, pulls)
    scores[:, pulls.shape[1] :] -= expected[point.patterns.member]
    scores[:, pulls.shape[1] :] /= 2.0
    return scores
