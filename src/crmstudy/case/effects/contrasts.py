"""Differences in differences as contrasts of the group means: the panel regressions in closed form.

In a balanced panel whose regressors are group x function of time, the coefficients of the
regression with unit and period effects are differences of (weighted) group means of one
contrast a unit, and the cluster sandwich is the spread of these contrasts within the
groups. Tests hold both to :func:`~crmstudy.case.effects.within.fit_within`; this form needs no
dummies, so that placebos, segments and resampling cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.effects.within import PanelDesign

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contrasts:
    """Treated less control in several contrasts of the periods.

    Parameters
    ----------
    estimates : array of shape (k,)
        Differences of the group means.
    covariance : array of shape (k, k)
        Clustered by unit, with the small-sample correction.
    n_units : int
        Clusters.
    """

    estimates: Floats
    covariance: Floats
    n_units: int

    @property
    def errors(self) -> Floats:
        """Standard errors."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def p_values(self) -> Floats:
        """Two-sided, by Student's t with one degree of freedom less than clusters."""
        from scipy.special import stdtr

        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(self.estimates / self.errors)
        # No spread and no difference is no evidence; no spread and a difference is all of it.
        t = np.where(np.isnan(t), 0.0, t)
        return np.asarray(2 * stdtr(self.n_units - 1, -t))

    def reach(self, level: float) -> float:
        """Half width of an interval in standard errors."""
        from scipy.special import stdtrit

        return float(stdtrit(self.n_units - 1, (1 + level) / 2))

    def frame(self, level: float) -> pd.DataFrame:
        """One row a contrast: estimate, standard_error, lower, upper, p_value."""
        reach = self.reach(level) * self.errors
        return pd.DataFrame(
            {
                "estimate": self.estimates,
                "standard_error": self.errors,
                "lower": self.estimates - reach,
                "upper": self.estimates + reach,
                "p_value": self.p_values,
            }
        )

    def f_test(self, rows: Floats | None = None) -> tuple[float, float, int]:
        """Test that all (or the given combinations) are 0: F, p-value, degrees of freedom."""
        from scipy.special import fdtrc

        rows = np.eye(len(self.estimates)) if rows is None else rows
        shift = rows @ self.estimates
        spread = rows @ self.covariance @ rows.T
        rank = int(np.linalg.matrix_rank(spread, hermitian=True))
        if rank == 0:
            return 0.0, 1.0, len(rows)
        f = float(shift @ np.linalg.pinv(spread, hermitian=True) @ shift) / rank
        return f, float(fdtrc(rank, self.n_units - 1, f)), rank


def compare_contrasts(
    design: PanelDesign, contrasts: Floats, *, n_regressors: int | None = None
) -> Contrasts:
    """Compare treated and control units in contrasts of the periods.

    Parameters
    ----------
    design : PanelDesign
        The panel.
    contrasts : array of shape (k, n_periods)
        Each row sums to 0, so that unit effects drop out.
    n_regressors : int, optional
        Terms of interest of the regression that is meant, for the correction
        ``G / (G - 1) * (N - 1) / (N - K)``; K counts them and the period effects. The number
        of contrasts unless given.
    """
    n_units, n_periods = design.outcome.shape
    terms = (len(contrasts) if n_regressors is None else n_regressors) + n_periods - 1
    n_rows = n_units * n_periods
    correction = n_units / (n_units - 1) * (n_rows - 1) / (n_rows - terms)
    values = design.outcome @ contrasts.T
    one, spread_one = _average(values[design.treated], design.weights[design.treated])
    other, spread_other = _average(values[~design.treated], design.weights[~design.treated])
    return Contrasts(one - other, correction * (spread_one + spread_other), n_units)


def contrast_after(post: npt.NDArray[np.bool_]) -> Floats:
    """Mean of the periods after the start less the mean of those before."""
    return np.asarray(np.where(post, 1 / post.sum(), -1 / (~post).sum()))


def _average(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    shares = weights / weights.sum()
    mean = shares @ values
    scatter = shares[:, None] * (values - mean)
    return mean, scatter.T @ scatter
