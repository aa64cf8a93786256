"""Experience minus expectation: the difference, and whether it may be taken.

References
----------
Cronbach, L. J., & Furby, L. (1970). How we should measure "change" - or should we?
Psychological Bulletin, 74(1), 68-80.
Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as an
alternative to difference scores in organizational research. Academy of Management
Journal, 36(6), 1577-1613.
Oliver, R. L. (1980). A cognitive model of the antecedents and consequences of satisfaction
decisions. Journal of Marketing Research, 17(4), 460-469.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.questionnaire.difference import (
    SURFACE,
    Coefficient,
    Regression,
    compare,
    standardised_mean_limits,
)
from crmstudy.shares import wilson_limits

Integers = NDArray[np.int64]

DIFFERENCE = "difference"
SHARES = ("below expectation", "as expected", "above expectation")


@dataclass(frozen=True)
class Disconfirmation:
    """Experience, expectation and their difference, each from 0 to 100.

    Attributes
    ----------
    scores : DataFrame
        Indexed as the survey: ``expectation, experience, satisfaction, loyalty`` (mean of
        the answered items, rescaled; NaN where more than half are missing, no column for
        what study.yml does not name) and ``difference``, experience minus expectation.
    labels : mapping of str to str
        What each role is called in print.
    margin : float
        Differences smaller than this count as none: half a step of the coarsest scale.
    reliability : DataFrame or NotAvailable
        ``score, items, reliability``: alpha of both scores, and the reliability of their
        difference.
    linear, quadratic : Regression or NotAvailable
        Satisfaction on expectation and experience, all in tens of points, predictors
        centred at the middle of the scale; the second with squares and product.
    level : float
        Of all intervals.
    """

    scores: pd.DataFrame
    labels: Mapping[str, str]
    margin: float
    reliability: pd.DataFrame | NotAvailable
    linear: Regression | NotAvailable
    quadratic: Regression | NotAvailable
    level: float

    @property
    def n_used(self) -> int:
        """Respondents with both scores."""
        return int(self.scores[DIFFERENCE].notna().sum())

    def table(self) -> pd.DataFrame:
        """Return ``score, n, mean, sd, lower, upper``, over respondents with both scores."""
        from scipy.special import stdtrit

        rows = []
        for role in ("expectation", "experience", DIFFERENCE):
            values = self.scores.loc[self.scores[DIFFERENCE].notna(), role]
            sd = float(values.std(ddof=1))
            reach = float(stdtrit(len(values) - 1, 0.5 + self.level / 2)) * sd / len(values) ** 0.5
            mean = float(values.mean())
            rows.append((self.name(role), len(values), mean, sd, mean - reach, mean + reach))
        return pd.DataFrame(rows, columns=["score", "n", "mean", "sd", "lower", "upper"])

    def name(self, role: str) -> str:
        """Return what a score is called in print."""
        return self.labels.get(role, "experience minus expectation")

    def effect_size(self) -> tuple[float, float, float]:
        """Return the mean difference in its standard deviations (d of pairs), and its limits."""
        difference = self.scores[DIFFERENCE].dropna()
        d = float(difference.mean() / difference.std(ddof=1))
        return d, *standardised_mean_limits(d, len(difference), level=self.level)

    def steps(self) -> Integers:
        """Count every difference in whole steps of the scale; half a step counts as one."""
        difference = self.scores[DIFFERENCE].dropna().to_numpy()
        whole = np.floor(np.abs(difference) / (2 * self.margin) + 0.5 + 1e-9)  # 0.5 - rounding
        return (np.sign(difference) * whole).astype(np.int64)

    def shares(self) -> pd.DataFrame:
        """Return ``experience was, respondents, share, lower, upper``."""
        sign, n = np.sign(self.steps()), self.n_used
        counts = np.array([(sign == each).sum() for each in (-1, 0, 1)])
        lower, upper = wilson_limits(counts, n, confidence=self.level)
        columns: dict[str, Any] = {"experience was": SHARES, "respondents": counts}
        return pd.DataFrame({**columns, "share": counts / n, "lower": lower, "upper": upper})

    def correlations(self) -> pd.DataFrame | NotAvailable:
        """Correlate difference and parts with satisfaction and loyalty.

        Returns
        -------
        DataFrame
            ``score, with, n, correlation, lower, upper``; Fisher's interval.
        """
        ends = [role for role in ("satisfaction", "loyalty") if role in self.scores]
        if not ends:
            return NotAvailable("study.yml names neither satisfaction nor loyalty under focus")
        sources = (DIFFERENCE, "experience", "expectation")
        rows = [
            (self.name(one), self.name(other), *self._correlate(one, other))
            for other in ends
            for one in sources
        ]
        names = ["score", "with", "n", "correlation", "lower", "upper"]
        return pd.DataFrame(rows, columns=names).dropna(ignore_index=True)

    def _correlate(self, one: str, other: str) -> tuple[int, float, float, float]:
        from scipy.special import ndtri

        pair = self.scores[[one, other]].dropna()
        if len(pair) < 4 or (pair.min() == pair.max()).any():
            return len(pair), np.nan, np.nan, np.nan
        r = float(np.clip(np.corrcoef(pair.to_numpy(), rowvar=False)[0, 1], -1, 1))
        z, reach = np.arctanh(r), ndtri(0.5 + self.level / 2) / np.sqrt(len(pair) - 3)
        return len(pair), r, float(np.tanh(z - reach)), float(np.tanh(z + reach))

    def conditions(self) -> pd.DataFrame | NotAvailable:
        """Say which conditions of a difference score hold (Edwards & Parry 1993).

        Returns
        -------
        DataFrame
            ``claim, estimate, lower, upper, statistic, distribution, p value, verdict``;
            the third and fourth hold until the data contradict them.
        """
        if isinstance(self.linear, NotAvailable):
            return self.linear
        weights, t = self._weights(self.linear), f"t({self.linear.df})"
        rows = [
            (claim, c.estimate, c.lower, c.upper, c.t, t, c.p_value, verdict)
            for claim, (c, verdict) in weights.items()
        ]
        if isinstance(self.quadratic, Regression):
            null = "squares and product add nothing"
            flat = compare(self.linear, self.quadratic, null=null)
            verdict = "contradicted" if flat.p_value < 1 - self.level else "supported"
            tested = (flat.statistic, flat.distribution, flat.p_value, verdict)
            rows.append((null, np.nan, np.nan, np.nan, *tested))
        names = ["claim", "estimate", "lower", "upper"]
        names += ["statistic", "distribution", "p value", "verdict"]
        return pd.DataFrame(rows, columns=names)

    def _weights(self, fitted: Regression) -> dict[str, tuple[Coefficient, str]]:
        """Estimate both weights and their sum, each with the verdict on its claim."""
        of = "{} {} with {}, the other held equal".format
        outcome = self.name("satisfaction")
        rises, falls, total = (
            fitted.combine(row, level=self.level) for row in ((0, 0, 1), (0, 1, 0), (0, 1, 1))
        )
        claims = {
            of(outcome, "rises", self.name("experience")): (rises, _judge(rises, 1)),
            of(outcome, "falls", self.name("expectation")): (falls, _judge(falls, -1)),
        }
        right = all(verdict == "supported" for _, verdict in claims.values())
        equal = "supported" if right else "undecided"
        if total.lower > 0 or total.upper < 0:
            equal = "contradicted"
        return {**claims, "both weigh the same (the sum of their weights is 0)": (total, equal)}

    def freed_weights(self) -> pd.DataFrame | NotAvailable:
        """Weights of expectation and experience had the scores no measurement error.

        Least squares with the error variance that the reliabilities tell taken out of the
        predictors (Fuller, 1987, sec. 2.2). Errors of one predictor show as a weight of the
        other: an unreliable score can borrow a sign. Standard errors from the respondents'
        influence, with the reliabilities taken as known, so that they are a little short.

        Returns
        -------
        DataFrame
            ``score, estimate, se, lower, upper``.

        References
        ----------
        Fuller, W. A. (1987). Measurement error models. Wiley.
        """
        if isinstance(self.reliability, NotAvailable):
            return self.reliability
        if isinstance(self.linear, NotAvailable):
            return self.linear
        roles = ["expectation", "experience"]
        known = self.scores[[*roles, "satisfaction"]].dropna()
        x, y = np.hsplit((known - known.mean()).to_numpy(dtype=float), [2])
        own = np.eye(2) * (1.0 - self.reliability["reliability"].to_numpy(dtype=float)[:2])
        products = x[:, :, None] * x[:, None, :]
        freed = products * (1.0 - own)
        true = freed.mean(axis=0)
        if not np.isfinite(true).all() or np.linalg.eigvalsh(true)[0] <= 1e-8 * np.trace(true):
            return NotAvailable("without their errors expectation and experience are one")
        weights = np.linalg.solve(true, (x * y).mean(axis=0))
        influence = np.linalg.solve(true, (x * y - freed @ weights).T)
        se = influence.std(axis=1, ddof=2) / len(known) ** 0.5
        reach = NormalDist().inv_cdf(0.5 + self.level / 2) * se
        columns = {"score": [self.name(role) for role in roles], "estimate": weights, "se": se}
        return pd.DataFrame({**columns, "lower": weights - reach, "upper": weights + reach})

    def verdict(self) -> str | NotAvailable:
        """Say in a verdict's words whether satisfaction is experience minus expectation."""
        table = self.conditions()
        if isinstance(table, NotAvailable):
            return table
        found = table["verdict"].tolist()
        if "contradicted" in found:
            return "contradicted"
        return "supported" if set(found) == {"supported"} else "undecided"

    def surface(self) -> pd.DataFrame | NotAvailable:
        """Return ``number, says, estimate, se, t, p value, lower, upper`` of a1 to a4.

        In tens of points; slopes at the middle of both scales.
        """
        if isinstance(self.quadratic, NotAvailable):
            return self.quadratic
        rows = [
            (number, meaning, *self.quadratic.combine(weights, level=self.level))
            for number, weights, meaning in SURFACE
        ]
        names = ["number", "says", "estimate", "se", "t", "p value", "lower", "upper"]
        return pd.DataFrame(rows, columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Means, effect size, shares, correlations, weights, reliability of the difference."""
        d, lower, upper = self.effect_size()
        last = self.table().iloc[-1]
        metrics: dict[str, float] = {
            "n_used": self.n_used,
            "mean_difference": float(last["mean"]),
            "mean_difference_lower": float(last["lower"]),
            "mean_difference_upper": float(last["upper"]),
            "d": d,
            "d_lower": lower,
            "d_upper": upper,
        }
        for share, name in zip(self.shares()["share"], ("below", "equal", "above"), strict=True):
            metrics[f"share_{name}"] = float(share)
        if isinstance(self.reliability, pd.DataFrame):
            metrics["reliability"] = float(self.reliability["reliability"].iloc[-1])
        if isinstance(self.linear, Regression):
            _, expectation, experience = self.linear.coefficients.tolist()
            metrics |= {"b_expectation": expectation, "b_experience": experience}
            metrics["r_squared"] = self.linear.r_squared
        return metrics


def _judge(found: Coefficient, sign: int) -> str:
    """Judge a weight by its interval against the sign that is claimed."""
    low, high = sorted((sign * found.lower, sign * found.upper))
    if low > 0:
        return "supported"
    return "contradicted" if high < 0 else "undecided"
