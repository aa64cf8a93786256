"""Do groups differ? Analysis of variance, its robust relatives, and pairs of groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from crmstudy.analysis.describe import mean_interval, require_columns, require_confidence
from crmstudy.analysis.pairs import PostHoc, compare_pairs
from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import (
    DataError,
    ModelError,
    NotAvailable,
    SettingsError,
    nearest,
    passes_absence,
)
from crmstudy.statistics.variance import (
    apply_anova,
    apply_brown_forsythe,
    apply_kruskal_wallis,
    apply_welch,
    check_assumptions,
    split_variance,
)


@dataclass(frozen=True)
class GroupComparison:
    """Comparison of the means of groups.

    Parameters
    ----------
    outcome, group : str
        Variable compared; variable that forms the groups.
    groups : DataFrame
        Indexed by group: ``n``, ``mean``, ``sd``, ``median``, ``lower``, ``upper`` (interval of
        the mean, each from its own standard deviation).
    left_out : DataFrame
        Groups below the minimum size, indexed by group: ``n``.
    anova_table : DataFrame
        Rows between and within: ``sum of squares``, ``df``, ``mean square``.
    anova, kruskal_wallis : Hypothesis
        Classic one-way F test; rank test.
    welch, equal_variances : Hypothesis or NotAvailable
        Welch's F test; the Brown-Forsythe form of Levene's test. Not available where a
        group does not vary.
    eta_squared, omega_squared : float
        Share of variance between groups, in the sample and estimated for the population
        (which may come out below 0).
    pairs : DataFrame or NotAvailable
        One row a pair: ``group``, ``compared_with``, ``difference`` (first mean less
        second), ``lower``, ``upper`` (simultaneous), ``df``, ``p_adjusted``.
    post_hoc : str
        Method of the pairs.
    checks : tuple of Check
        Assumptions.
    confidence : float
        Coverage of the intervals; of all pairs together.
    n, n_missing : int
        Cases compared; cases without outcome or group.
    """

    outcome: str
    group: str
    groups: pd.DataFrame
    left_out: pd.DataFrame
    anova_table: pd.DataFrame
    anova: Hypothesis
    welch: Hypothesis | NotAvailable
    kruskal_wallis: Hypothesis
    equal_variances: Hypothesis | NotAvailable
    eta_squared: float
    omega_squared: float
    pairs: pd.DataFrame | NotAvailable
    post_hoc: str
    checks: tuple[Check, ...]
    confidence: float
    n: int
    n_missing: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a group: size, mean with interval, spread."""
        names = {
            "sd": "standard deviation",
            "lower": f"mean, lower {self.confidence:.0%}",
            "upper": f"mean, upper {self.confidence:.0%}",
        }
        return self.groups.rename(columns=names).rename_axis(self.group).reset_index()

    def tests(self) -> pd.DataFrame:
        """Arrange one row a test, its null hypothesis in words."""
        named = {
            "one-way ANOVA": self.anova,
            "Welch ANOVA": self.welch,
            "Kruskal-Wallis": self.kruskal_wallis,
            "Brown-Forsythe": self.equal_variances,
        }
        rows = [
            {
                "test": name,
                "null hypothesis": test.null,
                "statistic": test.statistic,
                "distribution": test.distribution,
                "p": test.p_value,
            }
            for name, test in named.items()
            if not isinstance(test, NotAvailable)
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give sizes, effect sizes, and statistic and p-value of each test that is available."""
        metrics: dict[str, float] = {
            "n": self.n,
            "n_missing": self.n_missing,
            "n_groups": len(self.groups),
            "n_groups_left_out": len(self.left_out),
            "eta_squared": self.eta_squared,
            "omega_squared": self.omega_squared,
        }
        for name in ("anova", "welch", "kruskal_wallis", "equal_variances"):
            test = getattr(self, name)
            if not isinstance(test, NotAvailable):
                metrics[f"{name}_statistic"] = test.statistic
                metrics[f"{name}_p_value"] = test.p_value
        return metrics


@passes_absence
def compare_groups(
    frame: pd.DataFrame,
    *,
    outcome: str,
    group: str,
    confidence: float = 0.95,
    minimum_size: int = 5,
    post_hoc: PostHoc = "games-howell",
) -> GroupComparison:
    """Compare the means of independent groups.

    Whether cases are independent is a matter of the design; no test here can tell.
    The classic F test assumes equal variances; Welch's does not, and with groups of
    unequal size it is the one to read. The rank test asks whether one group tends to
    larger values, which is a question about means only where the shapes are alike.

    Parameters
    ----------
    frame : DataFrame
        One row a case. Cases without outcome or group are left out and counted.
    outcome, group : str
        Columns: a number; what forms the groups (ordered categories keep their order).
    confidence : float
        Coverage of the intervals, between 0 and 1.
    minimum_size : int
        Groups with fewer cases are left out and listed, at least 2.
    post_hoc : {"games-howell", "tukey-kramer"}
        Pairs with each its own variances, or with one common variance.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    DataError
        If a column is absent, or the outcome is not numeric or infinite.
    ModelError
        If fewer than two groups remain, or no group varies.

    References
    ----------
    Welch, B. L. (1951). On the comparison of several mean values. Biometrika, 38, 330-336.
    Brown, M. B., & Forsythe, A. B. (1974). J. Amer. Statist. Assoc., 69, 364-367.
    Kruskal, W. H., & Wallis, W. A. (1952). J. Amer. Statist. Assoc., 47, 583-621.
    Hays, W. L. (1963). Statistics for Psychologists (omega squared). Holt.
    """
    require_confidence(confidence)
    _require_settings(minimum_size, post_hoc)
    cases, n_missing = _take_cases(frame, outcome, group)
    kept, left_out = _leave_out_small(cases, minimum_size)
    groups = _describe_groups(kept, confidence)
    samples = [kept.loc[kept["group"] == name, "outcome"].to_numpy() for name in groups.index]
    _refuse_degenerate(groups, outcome=outcome, group=group, minimum_size=minimum_size)
    split = split_variance(samples)
    variances = apply_brown_forsythe(samples)
    return GroupComparison(
        outcome=outcome,
        group=group,
        groups=groups,
        left_out=left_out,
        anova_table=split.table(),
        anova=apply_anova(split),
        welch=apply_welch(groups),
        kruskal_wallis=apply_kruskal_wallis(samples),
        equal_variances=variances,
        eta_squared=split.eta_squared,
        omega_squared=split.omega_squared,
        pairs=compare_pairs(
            groups,
            error_mean_square=split.within / split.df_within,
            error_df=split.df_within,
            method=post_hoc,
            confidence=confidence,
        ),
        post_hoc=post_hoc,
        checks=check_assumptions(samples, variances, len(left_out), minimum_size),
        confidence=confidence,
        n=len(kept),
        n_missing=n_missing,
    )


def _require_settings(minimum_size: int, post_hoc: str) -> None:
    if minimum_size < 2:
        raise SettingsError(f"minimum_size = {minimum_size}: a group needs at least 2 cases")
    if post_hoc not in get_args(PostHoc):
        raise SettingsError(
            f"post_hoc = {post_hoc!r}: allowed are {', '.join(get_args(PostHoc))}"
            f"{nearest(post_hoc, get_args(PostHoc))}"
        )


def _take_cases(frame: pd.DataFrame, outcome: str, group: str) -> tuple[pd.DataFrame, int]:
    require_columns(frame, [outcome, group])
    if not pd.api.types.is_numeric_dtype(frame[outcome]):
        raise DataError(f"outcome {outcome!r} is {frame[outcome].dtype}, not a number")
    cases = pd.DataFrame({"outcome": frame[outcome].astype("float64"), "group": frame[group]})
    if np.isinf(cases["outcome"]).any():
        raise DataError(f"outcome {outcome!r} holds an infinite value")
    complete = cases.dropna()
    return complete, len(cases) - len(complete)


def _leave_out_small(cases: pd.DataFrame, minimum_size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    size = cases.groupby("group", observed=True)["outcome"].size()
    small = size[size < minimum_size]
    return cases.loc[~cases["group"].isin(small.index)], small.to_frame("n")


def _describe_groups(kept: pd.DataFrame, confidence: float) -> pd.DataFrame:
    outcome = kept.groupby("group", observed=True)["outcome"]
    n, mean, sd = outcome.size(), outcome.mean(), outcome.std()
    lower, upper = mean_interval(mean, sd, n, confidence=confidence)
    columns = {"n": n, "mean": mean, "sd": sd, "median": outcome.median()}
    return pd.DataFrame({**columns, "lower": lower, "upper": upper})


def _refuse_degenerate(
    groups: pd.DataFrame, *, outcome: str, group: str, minimum_size: int
) -> None:
    if len(groups) < 2:
        raise ModelError(
            f"a comparison of {outcome} by {group} needs two groups of {minimum_size} cases "
            f"or more; there are {len(groups)}"
        )
    if (groups["sd"] == 0).all():
        raise ModelError(f"{outcome} does not vary within any group of {group}")
