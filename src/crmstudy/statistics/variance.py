"""One-way tests: variance between and within groups, and what to read when it is unequal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import NotAvailable

ALPHA = 0.05
SKEWNESS_LIMIT, KURTOSIS_LIMIT = 2.0, 7.0
EQUAL_MEANS = "all groups have the same mean"


@dataclass(frozen=True)
class VarianceSplit:
    """Sums of squares between and within groups, with their degrees of freedom."""

    between: float
    within: float
    df_between: int
    df_within: int

    @property
    def eta_squared(self) -> float:
        """Share of the sum of squares between groups."""
        return self.between / (self.between + self.within)

    @property
    def omega_squared(self) -> float:
        """Estimated share of the population's variance between groups (Hays 1963)."""
        error = self.within / self.df_within
        return (self.between - self.df_between * error) / (self.between + self.within + error)

    def table(self) -> pd.DataFrame:
        """Arrange the classic table of an analysis of variance."""
        squares = pd.Series({"between": self.between, "within": self.within})
        df = pd.Series({"between": self.df_between, "within": self.df_within})
        return pd.DataFrame({"sum of squares": squares, "df": df, "mean square": squares / df})


def split_variance(samples: Sequence[np.ndarray]) -> VarianceSplit:
    """Split the sum of squares into between and within groups.

    Values are taken from their grand mean first, so that a large common level does not
    eat the digits of the differences (NIST's SmLs sets test this).
    """
    level = np.concatenate(samples).mean()
    shifted = [sample - level for sample in samples]
    centre = np.concatenate(shifted).mean()  # what rounding left over
    between = sum(len(sample) * (sample.mean() - centre) ** 2 for sample in shifted)
    within = sum(((sample - sample.mean()) ** 2).sum() for sample in shifted)
    n = sum(map(len, samples))
    return VarianceSplit(float(between), float(within), len(samples) - 1, n - len(samples))


def apply_anova(split: VarianceSplit, *, null: str = EQUAL_MEANS) -> Hypothesis:
    """Read the classic F test off the sums of squares."""
    statistic = (split.between / split.df_between) / (split.within / split.df_within)
    return _f_test(null, statistic, split.df_between, split.df_within)


def apply_welch(groups: pd.DataFrame) -> Hypothesis | NotAvailable:
    """Test equal means without assuming equal variances (Welch 1951).

    Parameters
    ----------
    groups : DataFrame
        One row a group: ``n``, ``mean``, ``sd``.
    """
    if (groups["sd"] == 0).any():
        return NotAvailable(f"group {str(groups['sd'].idxmin())!r} does not vary")
    k = len(groups)
    weight = groups["n"] / groups["sd"] ** 2
    mean = (weight * groups["mean"]).sum() / weight.sum()
    spread = ((1 - weight / weight.sum()) ** 2 / (groups["n"] - 1)).sum() / (k**2 - 1)
    between = (weight * (groups["mean"] - mean) ** 2).sum() / (k - 1)
    return _f_test(EQUAL_MEANS, between / (1 + 2 * (k - 2) * spread), k - 1, 1 / (3 * spread))


def apply_brown_forsythe(samples: Sequence[np.ndarray]) -> Hypothesis | NotAvailable:
    """Test equal variances by an ANOVA of distances from the group medians."""
    distances = [np.abs(sample - np.median(sample)) for sample in samples]
    split = split_variance(distances)
    if split.within <= 1e-12 * sum((d**2).sum() for d in distances):  # 0 but for rounding
        return NotAvailable("within each group all values lie equally far from the median")
    return apply_anova(split, null="all groups have the same variance")


def apply_kruskal_wallis(samples: Sequence[np.ndarray]) -> Hypothesis:
    """Test by ranks, corrected for ties, whether one group tends to larger values."""
    from scipy.stats import kruskal

    result = kruskal(*samples)
    return Hypothesis(
        null="no group tends to larger values than another",
        statistic=float(result.statistic),
        p_value=float(result.pvalue),
        distribution=f"chi2({len(samples) - 1})",
    )


def check_assumptions(
    samples: Sequence[np.ndarray],
    variances: Hypothesis | NotAvailable,
    n_left_out: int,
    minimum_size: int,
) -> tuple[Check, ...]:
    """Look at what the classic F test assumes, and at groups that are not compared."""
    residuals = np.concatenate([sample - sample.mean() for sample in samples])
    standard = residuals / residuals.std()
    skewness, kurtosis = float((standard**3).mean()), float((standard**4).mean() - 3)
    read_ranks = "read the rank test beside; the F tests rest on large groups only"
    checks = [
        Check(
            name="residuals are not far from normal: skewness",
            passed=abs(skewness) <= SKEWNESS_LIMIT,
            statistic=skewness,
            threshold=f"within +-{SKEWNESS_LIMIT:g}",
            source="West, Finch & Curran (1995)",
            consequence=read_ranks,
        ),
        Check(
            name="residuals are not far from normal: excess kurtosis",
            passed=kurtosis <= KURTOSIS_LIMIT,
            statistic=kurtosis,
            threshold=f"<= {KURTOSIS_LIMIT:g}",
            source="West, Finch & Curran (1995)",
            consequence=read_ranks,
        ),
        Check(
            name="no group was left out for its size",
            passed=n_left_out == 0,
            statistic=float(n_left_out),
            threshold="= 0",
            source=f"minimum size {minimum_size}",
            consequence="nothing is said about the groups left out",
        ),
    ]
    if not isinstance(variances, NotAvailable):
        equal = Check(
            name="groups have equal variances (Brown-Forsythe p-value)",
            passed=variances.p_value >= ALPHA,
            statistic=variances.p_value,
            threshold=f">= {ALPHA}",
            source="Brown & Forsythe (1974)",
            consequence="read Welch's test and Games-Howell pairs, not the classic F",
        )
        checks.insert(0, equal)
    return tuple(checks)


def _f_test(null: str, statistic: float, df_between: float, df_within: float) -> Hypothesis:
    from scipy.special import fdtrc

    return Hypothesis(
        null=null,
        statistic=float(statistic),
        p_value=float(fdtrc(df_between, df_within, statistic)),
        distribution=f"F({df_between:g}, {df_within:.6g})",
    )
