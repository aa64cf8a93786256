"""Were the groups made alike: standardised differences before and after, each method."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmstudy.case.comparison.covariates import Covariates
from crmstudy.case.comparison.weighting import Weights

UNADJUSTED = "unadjusted"


def compare_balance(covariates: Covariates, weights: Mapping[str, Weights]) -> pd.DataFrame:
    """Compare the groups in every term under every set of weights.

    The difference of weighted means is divided by the root of the mean of both variances
    **before** any adjustment, so that a smaller spread cannot pass for a larger difference, nor
    the other way round (Stuart 2010, section 4.1). The ratio of weighted variances is given for
    numbers.

    Returns
    -------
    DataFrame
        One row a term and method: ``covariate``, ``kind`` ("mean" or "share"), ``method``,
        ``treated``, ``control`` (weighted means), ``standardised_difference``,
        ``variance_ratio`` (missing for shares).
    """
    terms, flag = covariates.terms, covariates.treated.to_numpy()
    pooled = np.sqrt((_spread(terms[flag]) + _spread(terms[~flag])) / 2)
    frames = [_compare(covariates, found, pooled, name) for name, found in weights.items()]
    return pd.concat(frames, ignore_index=True)


def largest_difference(balance: pd.DataFrame, method: str) -> float:
    """Largest absolute standardised difference under a method."""
    rows = balance[balance["method"] == method]
    return float(rows["standardised_difference"].abs().max())


def farthest_ratio(balance: pd.DataFrame, method: str) -> float:
    """Variance ratio farthest from 1 under a method; 1 where no number is compared."""
    ratios = balance.loc[balance["method"] == method, "variance_ratio"].dropna()
    ratios = ratios[ratios > 0]
    return float(ratios.loc[np.abs(np.log(ratios)).idxmax()]) if len(ratios) else 1.0


def tabulate_balance(balance: pd.DataFrame) -> pd.DataFrame:
    """Arrange one row a term, one column a method, the least balanced before first."""
    wide = balance.pivot_table(
        index="covariate", columns="method", values="standardised_difference", sort=False
    )[list(dict.fromkeys(balance["method"]))]
    order = wide[UNADJUSTED].abs().sort_values(ascending=False, kind="stable").index
    return wide.loc[order].rename_axis(columns=None).reset_index()


def summarise_balance(balance: pd.DataFrame, *, limit: float) -> pd.DataFrame:
    """Arrange one row a method: how far apart the groups are in all terms together."""
    rows = []
    for name in dict.fromkeys(balance["method"]):
        differences = balance.loc[balance["method"] == name, "standardised_difference"].abs()
        rows.append(
            {
                "method": name,
                "terms": len(differences),
                f"beyond {limit:g}": int((differences > limit).sum()),
                "largest standardised difference": float(differences.max()),
                "mean standardised difference": float(differences.mean()),
                "farthest variance ratio": farthest_ratio(balance, str(name)),
            }
        )
    return pd.DataFrame(rows)


def _spread(values: pd.DataFrame) -> np.ndarray:
    return np.asarray(values.var(ddof=1), dtype=float)


def _compare(covariates: Covariates, found: Weights, pooled: np.ndarray, name: str) -> pd.DataFrame:
    terms, flag = covariates.terms.to_numpy(), covariates.treated.to_numpy()
    plain = found.weights.loc[covariates.terms.index].to_numpy()
    one, one_spread = _moments(terms[flag], plain[flag])
    other, other_spread = _moments(terms[~flag], plain[~flag])
    gap = one - other
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(gap == 0, 0.0, gap / pooled)
        ratio = np.where(other_spread > 0, one_spread / other_spread, np.nan)
    share = np.isin(covariates.terms.columns, covariates.shares)
    return pd.DataFrame(
        {
            "covariate": covariates.terms.columns,
            "kind": np.where(share, "share", "mean"),
            "method": name,
            "treated": one,
            "control": other,
            "standardised_difference": difference,
            "variance_ratio": np.where(share, np.nan, ratio),
        }
    )


def _moments(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and variance; with equal weights the variance over n - 1."""
    share = weights / weights.sum()
    mean = share @ values
    return mean, share @ (values - mean) ** 2 / (1 - (share**2).sum())
