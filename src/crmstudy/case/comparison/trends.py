"""Did customers made alike move in parallel before the campaign?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.comparison.weighting import Weights
from crmstudy.checks import Check, Hypothesis

ALPHA = 0.05


@dataclass(frozen=True)
class Trends:
    """Differences between the weighted groups, window by window.

    Parameters
    ----------
    windows : DataFrame
        ``window``, ``estimate`` (addressed less compared, relative to the last window before),
        ``standard_error``, ``lower``, ``upper``.
    joint : Hypothesis
        All differences before the campaign are 0.
    """

    windows: pd.DataFrame
    joint: Hypothesis

    @property
    def check(self) -> Check:
        """Whether parallel trends are left standing; with one window before none can be seen."""
        seen = bool((self.windows["window"] < -1).any())
        return Check(
            name="no difference in trend before the campaign after adjustment (p-value)",
            passed=seen and self.joint.p_value >= ALPHA,
            statistic=self.joint.p_value,
            threshold=f">= {ALPHA}",
            source="placebo test; a pass is no proof (Roth 2022)"
            if seen
            else "one window before the campaign shows no trend",
            consequence="describe an association, claim no effect",
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row a window."""
        return self.windows.rename(columns={"standard_error": "standard error"})


def trace_trends(
    panel: pd.DataFrame, weights: Weights, *, outcome: str, confidence: float
) -> Trends:
    """Follow the weighted difference over all windows, the last before the campaign as zero.

    Errors are the sandwich of weighted means, clustered by customer, with weights taken as
    given. Where past outcomes were themselves balanced, small differences are to be expected:
    the rehearsal one window earlier is the harder test.
    """
    from scipy.stats import chi2, norm

    wide = panel.pivot_table(index="customer_id", columns="period", values=outcome)
    moved = wide.sub(wide[-1], axis=0).loc[weights.treated.index]
    estimates, influence = _follow(moved.to_numpy(), weights)
    covariance = influence.T @ influence / len(influence) ** 2
    error = np.sqrt(np.diag(covariance))
    reach = norm.ppf((1 + confidence) / 2) * error
    before = np.flatnonzero(moved.columns.to_numpy() < -1)
    statistic, rank = _wald(estimates[before], covariance[np.ix_(before, before)])
    windows = {
        "window": moved.columns.to_numpy(),
        "estimate": estimates,
        "standard_error": error,
        "lower": estimates - reach,
        "upper": estimates + reach,
    }
    return Trends(
        pd.DataFrame(windows),
        Hypothesis(
            null="the difference is the same in all windows before the campaign",
            statistic=statistic,
            p_value=float(chi2.sf(statistic, rank)) if rank else 1.0,
            distribution=f"chi2({rank})",
        ),
    )


def _follow(moved: np.ndarray, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    treated, plain = weights.treated.to_numpy(), weights.weights.to_numpy()
    means, parts = [], []
    for group in (treated, ~treated):
        share = np.where(group, plain, 0.0)
        mean = share @ moved / share.sum()
        means.append(mean)
        parts.append(share[:, None] * (moved - mean) / share.mean())
    return means[0] - means[1], parts[0] - parts[1]


def _wald(estimates: np.ndarray, covariance: np.ndarray) -> tuple[float, int]:
    if not len(estimates):
        return 0.0, 0
    inverse = np.linalg.pinv(covariance, hermitian=True)
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    return float(estimates @ inverse @ estimates), rank
