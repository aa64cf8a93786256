"""Were treated and control customers alike before the campaign?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, ModelError, SettingsError, nearest, passes_absence

RATIO_LOW, RATIO_HIGH = 0.5, 2.0
MISSING = "(missing)"


@dataclass(frozen=True)
class BalanceResult:
    """Differences of treated and control customers in what was known beforehand.

    Parameters
    ----------
    covariates : DataFrame
        One row a number, and one a level of a category: ``covariate``, ``kind`` ("mean" or
        "share"), ``treated`` and ``control`` (mean or share), ``n_treated`` and ``n_control``
        (customers with a value), ``standardised_difference``, ``variance_ratio`` (means
        only).
    limit : float
        Largest standardised difference that counts as balance.
    n_treated, n_control : int
        Customers compared.
    """

    covariates: pd.DataFrame
    limit: float
    n_treated: int
    n_control: int

    @property
    def largest_difference(self) -> float:
        """Largest absolute standardised difference."""
        return float(self.covariates["standardised_difference"].abs().max())

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether means and shares are within the limit, and spreads alike."""
        alike = Check(
            name="groups are alike beforehand (largest standardised difference)",
            passed=self.largest_difference <= self.limit,
            statistic=self.largest_difference,
            threshold=f"<= {self.limit:g}",
            source="Normand et al. (2001); Austin (2009)",
            consequence="describe an association, claim no effect; match or weight first",
        )
        ratios = self.covariates["variance_ratio"].dropna()
        if ratios.empty:
            return (alike,)
        worst = float(ratios.loc[np.abs(np.log(ratios)).idxmax()])
        spread = Check(
            name="groups vary alike beforehand (farthest variance ratio)",
            passed=RATIO_LOW <= worst <= RATIO_HIGH,
            statistic=worst,
            threshold=f"{RATIO_LOW:g} to {RATIO_HIGH:g}",
            source="Rubin (2001)",
            consequence="describe an association, claim no effect; match or weight first",
        )
        return alike, spread

    def table(self) -> pd.DataFrame:
        """Arrange one row a covariate, the least balanced first."""
        order = self.covariates["standardised_difference"].abs().sort_values(ascending=False).index
        return self.covariates.loc[order].rename(columns=lambda name: name.replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give the largest difference and how many covariates exceed the limit."""
        beyond = self.covariates["standardised_difference"].abs() > self.limit
        return {
            "balance_n_treated": self.n_treated,
            "balance_n_control": self.n_control,
            "balance_n_covariates": len(self.covariates),
            "balance_n_beyond_limit": int(beyond.sum()),
            "balance_largest_difference": self.largest_difference,
        }


@passes_absence
def balance_treated(
    features: pd.DataFrame, *, treated: str = "treated", limit: float = 0.1
) -> BalanceResult:
    """Compare treated and control customers by standardised differences.

    For a number, the difference of means over the root of the mean of both variances;
    for each level of a category, the same with the variances ``p (1 - p)``. A missing
    value is a level of its own: "(missing)" of a category, "x is missing" of a number.
    No test of significance: balance is a property of these customers, and a test would
    find it in any small sample.

    Parameters
    ----------
    features : DataFrame
        One row a customer; numbers and categories **known before the campaign**, and the
        column ``treated`` with true or false.
    treated : str
        Name of that column.
    limit : float
        Largest absolute standardised difference that counts as balance.

    Raises
    ------
    SettingsError
        If ``limit`` is not positive.
    DataError
        If ``treated`` is absent or not true/false, or a number is infinite.
    ModelError
        If a group has fewer than two customers, or there is nothing to compare.

    References
    ----------
    Normand, S.-L. T., et al. (2001). J. Clinical Epidemiology, 54, 387-398 (the .1).
    Rubin, D. B. (2001). Health Services & Outcomes Research Methodology, 2, 169-188.
    Austin, P. C. (2009). Balance diagnostics. Statistics in Medicine, 28, 3083-3107.
    """
    if limit <= 0:
        raise SettingsError(f"limit = {limit}: must be positive")
    if treated not in features.columns:
        raise DataError(
            f"features lack the column {treated!r}{nearest(treated, map(str, features.columns))}"
        )
    if not features[treated].isin([0, 1]).all():
        raise DataError(f"{treated!r} must be true or false in every row")
    is_treated = features[treated].astype(bool)
    n_treated, n_control = int(is_treated.sum()), int((~is_treated).sum())
    covariates = features.drop(columns=treated)
    if min(n_treated, n_control) < 2 or covariates.columns.empty:
        raise ModelError(
            f"a balance table needs two customers in each group and a covariate; there are "
            f"{n_treated} treated, {n_control} control, {covariates.shape[1]} covariates"
        )
    rows = [row for name in covariates for row in _compare(covariates[name], is_treated)]
    return BalanceResult(pd.DataFrame(rows), limit, n_treated, n_control)


def _compare(values: pd.Series, is_treated: pd.Series) -> Iterator[dict[str, object]]:
    name = str(values.name)
    if pd.api.types.is_bool_dtype(values):
        yield _share(name, values, is_treated)
    elif pd.api.types.is_numeric_dtype(values):
        yield _mean(name, values.astype("float64"), is_treated)
        if values.isna().any():
            yield _share(f"{name} is missing", values.isna(), is_treated)
    else:
        levels = values.astype("str").where(values.notna(), MISSING)
        for level in sorted(levels.unique()):
            yield _share(f"{name}: {level}", levels == level, is_treated)


def _mean(name: str, values: pd.Series, is_treated: pd.Series) -> dict[str, object]:
    if np.isinf(values).any():
        raise DataError(f"covariate {name!r} holds an infinite value")
    one, other = values[is_treated].dropna(), values[~is_treated].dropna()
    if min(len(one), len(other)) < 2:
        raise ModelError(f"covariate {name!r} has fewer than two values in a group")
    row = _row(name, "mean", one, other, float(one.var()), float(other.var()))
    row["variance_ratio"] = _ratio(float(one.var()), float(other.var()))
    return row


def _share(name: str, flag: pd.Series, is_treated: pd.Series) -> dict[str, object]:
    one, other = flag[is_treated].astype("float64"), flag[~is_treated].astype("float64")
    return _row(name, "share", one, other, float(one.var(ddof=0)), float(other.var(ddof=0)))


def _row(
    name: str, kind: str, one: pd.Series, other: pd.Series, var_one: float, var_other: float
) -> dict[str, object]:
    difference, pooled = float(one.mean() - other.mean()), np.sqrt((var_one + var_other) / 2)
    return {
        "covariate": name,
        "kind": kind,
        "treated": float(one.mean()),
        "control": float(other.mean()),
        "n_treated": len(one),
        "n_control": len(other),
        "standardised_difference": _over(difference, float(pooled)),
        "variance_ratio": np.nan,  # a share has no variance beside its mean
    }


def _over(difference: float, pooled: float) -> float:
    """Standardise; groups that do not vary are equal (0) or fully apart (infinite)."""
    if pooled > 0:
        return difference / pooled
    return 0.0 if difference == 0 else float(np.sign(difference) * np.inf)


def _ratio(one: float, other: float) -> float:
    if other > 0:
        return one / other
    return 1.0 if one == 0 else float("inf")
