"""Standard errors and tests that do not ask for normal answers.

With ``s_i`` the slope of respondent ``i``'s log-likelihood, ``B`` the mean of ``s s'`` and
``A`` the information per respondent, the covariance of the estimates is ``A^-1 B A^-1 / n``
whatever the distribution of the answers. ``A`` is the expected information in
Satorra & Bentler's form (lavaan's MLM, complete answers only) and the observed one in
Huber & White's (MLR, also with gaps). The scaling factors of chi2 come from the same
matrices: the mean of the quadratic form that chi2 really is, over its degrees of freedom.

References
----------
Huber, P. J. (1967). The behavior of maximum likelihood estimates under nonstandard
conditions. Proceedings of the Fifth Berkeley Symposium, 1, 221-233.
Satorra, A., & Bentler, P. M. (1994). Corrections to test statistics and standard errors in
covariance structure analysis. In A. von Eye & C. C. Clogg (Eds.), Latent Variables
Analysis (pp. 399-419). Sage.
Yuan, K.-H., & Bentler, P. M. (2000). Three likelihood-based methods for mean and covariance
structure analysis with nonnormal missing data. Sociological Methodology, 30(1), 165-200.
Zhang, X., & Savalei, V. (2023). New computations for RMSEA and CFI following FIML and TS
estimation with missing data. Psychological Methods, 28(2), 263-283.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from crmstudy.loyalty.estimation.incomplete import survey_optimum
from crmstudy.loyalty.estimation.likelihood import Likelihood, Structure, flatten, score_rows
from crmstudy.loyalty.estimation.patterns import Patterns
from crmstudy.loyalty.estimation.saturated import saturated_cells, saturated_scores
from crmstudy.loyalty.model.moments import Array

Errors = Literal["normal", "satorra-bentler", "huber-white"]


@dataclass(frozen=True)
class Evidence:
    """What the answers say about a model at its estimates, respondent by respondent.

    Attributes
    ----------
    structure : Structure
    theta : array of shape (n_parameters,)
    point : Likelihood
        At the model's means and covariances.
    """

    structure: Structure
    theta: Array
    point: Likelihood

    @property
    def n_items(self) -> int:
        """Items, hence also free means."""
        return len(self.point.mean)

    @cached_property
    def jacobian(self) -> Array:
        """Derivatives of the covariance matrix."""
        return self.structure.jacobian(self.theta)

    @cached_property
    def observed(self) -> Array:
        """Observed information per respondent, of means and parameters."""
        return survey_optimum(self.structure, self.theta, self.point).curvature / 2.0

    @cached_property
    def expected(self) -> Array:
        """Expected information per respondent, of the parameters."""
        return self.point.expected(flatten(self.jacobian)) / 2.0

    @cached_property
    def meat(self) -> Array:
        """Mean outer product of the respondents' slopes, of means and parameters."""
        scores = score_rows(self.point, self.jacobian)
        return scores.T @ scores / len(scores)

    @cached_property
    def spread(self) -> Array:
        """Covariance of the respondents' slopes by the parameters.

        At the estimates their mean is zero and this is a block of :attr:`meat`.
        """
        scores = score_rows(self.point, self.jacobian)[:, self.n_items :]
        return np.atleast_2d(np.cov(scores, rowvar=False, ddof=0))

    def huber_white(self) -> Array:
        """Covariance of the parameters, times the respondents: observed information."""
        bread = np.linalg.inv(self.observed)
        return (bread @ self.meat @ bread)[self.n_items :, self.n_items :]

    def satorra_bentler(self) -> Array:
        """Covariance of the parameters, times the respondents: expected information."""
        bread = np.linalg.inv(self.expected)
        return bread @ self.spread @ bread


def satorra_bentler_factor(evidence: Evidence, df: int) -> float:
    """Scale chi2 as Satorra & Bentler (1994) do, from complete answers.

    ``tr(U Gamma) / df`` with the weights at the model's covariances.
    """
    point = evidence.point
    [inverse], [scatter] = point.inverse, point.patterns.scatter
    weighed = inverse @ scatter
    distances = np.einsum("ni,ni->n", point.residual_rows(), point.patterns.answers - point.mean)
    whole = (np.mean(distances**2) - np.sum(weighed * weighed.T)) / 2.0
    restricted = np.sum(np.linalg.inv(evidence.expected) * evidence.spread)
    return float((whole - restricted) / df)


def yuan_bentler_factor(evidence: Evidence, saturated: Saturation, df: int) -> float:
    """Scale chi2 as Yuan & Bentler (2000) do, in the variant of Mplus (lavaan's MLR).

    The trace of the sandwich of the saturated model less that of the model, over the
    degrees of freedom; means are part of both.
    """
    ours = float(np.sum(np.linalg.inv(evidence.observed) * evidence.meat))
    return (saturated.trace - ours) / df


@dataclass(frozen=True)
class Saturation:
    """The model that restricts nothing, at its estimates.

    Attributes
    ----------
    point : Likelihood
    """

    point: Likelihood

    @cached_property
    def information(self) -> Array:
        """Observed information per respondent, of means and distinct covariances."""
        return self.point.observed(saturated_cells(len(self.point.mean))) / 2.0

    @cached_property
    def meat(self) -> Array:
        """Mean outer product of the respondents' slopes."""
        scores = saturated_scores(self.point)
        return scores.T @ scores / len(scores)

    @cached_property
    def complete_information(self) -> Array:
        """Information per respondent had everybody answered everything."""
        p = len(self.point.mean)
        inverse = np.linalg.inv(self.point.implied)
        cells = saturated_cells(p)
        of_cells = cells @ (cells @ np.kron(inverse, inverse)).T / 2.0
        zeros = np.zeros((p, len(of_cells)))
        return np.block([[inverse, zeros], [zeros.T, of_cells]])

    @cached_property
    def trace(self) -> float:
        """Trace of the sandwich: parameters' number, were the answers normal."""
        if len(self.point.patterns.seen) > 1:
            return float(np.sum(np.linalg.inv(self.information) * self.meat))
        # Complete answers: Mardia's kurtosis says it, without fourth moments one by one.
        p = len(self.point.mean)
        pulls = self.point.residual_rows()
        distances = np.einsum("ni,ni->n", pulls, self.point.patterns.answers - self.point.mean)
        return float(p + (np.mean(distances**2) - p) / 2.0)


def correct_for_gaps(evidence: Evidence, saturated: Saturation, df: int) -> tuple[float, float]:
    """Judge a model by the saturated covariances, as if nothing had been missing.

    Under missing answers the likelihood ratio weighs misfit by what was answered, so that
    indices made from it depend on the gaps. Zhang & Savalei (2023) compare the model with
    the saturated covariances by the complete-data discrepancy instead, and correct its
    mean (their FIML-C, version 3; lavaan's ``robust`` indices with ``missing = "ml"``).

    Returns
    -------
    tuple of float
        Discrepancy per respondent and scaling factor.
    """
    weight, whole = saturated.information, saturated.complete_information
    rows, columns = np.tril_indices(evidence.n_items)
    cells = evidence.jacobian[:, rows, columns].T
    p, k = evidence.n_items, cells.shape[1]
    slopes = np.block([[np.eye(p), np.zeros((p, k))], [np.zeros((len(cells), p)), cells]])
    weighed = weight @ slopes
    rest = weight - weighed @ np.linalg.solve(slopes.T @ weighed, weighed.T)
    inverse = np.linalg.inv(weight)
    spread = inverse @ saturated.meat @ inverse
    inner = rest @ inverse @ whole @ inverse @ rest
    factor = float(np.sum(inner * spread)) / df
    return _distance(saturated.point, evidence.point), factor


def _distance(saturated: Likelihood, model: Likelihood) -> float:
    """Complete-data discrepancy of two mean vectors and covariance matrices."""
    gap = saturated.mean - model.mean
    scatter = saturated.implied + np.outer(gap, gap)
    ratio = np.linalg.solve(model.implied, scatter)
    log_model = np.linalg.slogdet(model.implied)[1]
    log_saturated = np.linalg.slogdet(saturated.implied)[1]
    return float(log_model - log_saturated + np.trace(ratio) - len(gap))


def build_evidence(structure: Structure, theta: Array, patterns: Patterns) -> Evidence:
    """Collect what a model's robust statistics need, from answers about the model's means."""
    mean = np.zeros(patterns.answers.shape[1])
    return Evidence(structure, theta, Likelihood(patterns, mean, structure.implied(theta)))
