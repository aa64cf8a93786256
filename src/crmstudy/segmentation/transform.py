"""Features made comparable before they are clustered, with every step stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, nearest, passes_absence

RFM_FEATURES = ("days_since_last_purchase", "n_purchases", "revenue")
Standardise = Literal["zscore", "robust", "none"]
NORMAL_QUARTILE = 0.6744897501960817  # upper quartile of the standard normal distribution


@dataclass(frozen=True)
class TransformedFeatures:
    """Features on the scale on which distances are taken.

    Parameters
    ----------
    values : DataFrame
        The transformed features, customers as in the frame given.
    steps : DataFrame
        One row a feature, indexed by its name: ``logged``, ``skewness_before``,
        ``skewness_after``, ``centre`` and ``scale`` (of the logged values).
    standardise : str
        How ``centre`` and ``scale`` were chosen.
    n_left_out : int
        Customers with a missing value.
    """

    values: pd.DataFrame
    steps: pd.DataFrame
    standardise: str
    n_left_out: int

    def table(self) -> pd.DataFrame:
        """State what was done to each feature."""
        table = self.steps.rename(
            columns={"skewness_before": "skewness before", "skewness_after": "skewness after"}
        ).reset_index()
        table["logged"] = np.where(table["logged"], "sign(x) log(1 + |x|)", "no")
        table["standardised"] = self.standardise
        return table

    def to_metrics(self) -> dict[str, float]:
        """Give the skewness of each feature before and after."""
        metrics: dict[str, float] = {"n_left_out": self.n_left_out}
        for feature, row in self.steps.iterrows():
            metrics[f"skewness_before_{feature}"] = float(row["skewness_before"])
            metrics[f"skewness_after_{feature}"] = float(row["skewness_after"])
        return metrics


@passes_absence
def transform_features(
    features: pd.DataFrame, *, log: bool = True, standardise: Standardise = "zscore"
) -> TransformedFeatures:
    """Take logarithms of skewed features and bring all to one scale.

    The logarithm is ``sign(x) log(1 + |x|)``, John and Draper's modulus
    transformation with exponent 0: it equals ``log(1 + x)`` where nothing is negative
    and still stands where returns exceed purchases.

    Parameters
    ----------
    features : DataFrame indexed by customer
        Numeric features, each in its own unit. Customers with a missing value are
        left out and counted.
    log : bool
        Take logarithms of all features first.
    standardise : {"zscore", "robust", "none"}
        Subtract the mean and divide by the standard deviation (denominator
        ``n - 1``); or the median and the interquartile range over that of a
        standard normal variable (1.349), which one outlier cannot move; or neither.

    Raises
    ------
    SettingsError
        If ``standardise`` is not one of the three.
    DataError
        If a column is not numeric or infinite, or a customer stands twice.
    ModelError
        If fewer than three customers are complete, or a feature has no spread.

    References
    ----------
    John, J. A., & Draper, N. R. (1980). An alternative family of transformations.
    Applied Statistics, 29(2), 190-197.
    """
    if standardise not in get_args(Standardise):
        raise SettingsError(
            f"standardise = {standardise!r}: allowed are {', '.join(get_args(Standardise))}"
            f"{nearest(standardise, get_args(Standardise))}"
        )
    used, n_left_out = keep_complete(features, list(features.columns))
    if len(used) < 3:
        raise ModelError(f"features need three complete customers, not {len(used)}")
    constant = used.columns[(used == used.iloc[0]).all()]
    if len(constant):
        raise ModelError(f"a feature that is equal for all customers: {', '.join(constant)}")
    logged = used.apply(_modulus_log) if log else used
    centre, scale = _centre_and_scale(logged, standardise)
    steps = pd.DataFrame(
        {
            "logged": log,
            "skewness_before": used.skew(),
            "skewness_after": logged.skew(),
            "centre": centre,
            "scale": scale,
        }
    ).rename_axis("feature")
    return TransformedFeatures((logged - centre) / scale, steps, standardise, n_left_out)


def keep_complete(features: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Take the columns as floats and leave out customers with a missing value.

    Returns
    -------
    DataFrame, int
        The complete customers, and how many were left out.

    Raises
    ------
    DataError
        If a column is absent, not numeric or infinite, or a customer stands twice.
    """
    absent = [name for name in columns if name not in features.columns]
    if absent:
        hint = nearest(absent[0], map(str, features.columns))
        raise DataError(f"features lack the column {absent[0]!r}{hint}")
    for name in columns:
        if not pd.api.types.is_numeric_dtype(features[name]):
            raise DataError(f"feature {name!r} is {features[name].dtype}, not a number")
    if features.index.has_duplicates:
        twice = features.index[features.index.duplicated()][0]
        raise DataError(f"features hold customer {twice!r} twice; one row a customer is needed")
    used = features.loc[:, list(columns)].astype("float64")
    for name in used.columns[np.isinf(used.to_numpy()).any(axis=0)]:
        raise DataError(f"feature {name!r} holds an infinite value")
    complete = used.dropna()
    return complete, len(used) - len(complete)


def _modulus_log(values: pd.Series) -> pd.Series:
    return np.sign(values) * np.log1p(values.abs())


def _centre_and_scale(logged: pd.DataFrame, standardise: str) -> tuple[pd.Series, pd.Series]:
    if standardise == "none":
        return logged.mean() * 0.0, logged.mean() * 0.0 + 1.0
    if standardise == "zscore":
        return logged.mean(), logged.std()
    spread = (logged.quantile(0.75) - logged.quantile(0.25)) / (2 * NORMAL_QUARTILE)
    if (spread == 0).any():
        raise ModelError(
            f"half of the customers are equal in {spread.idxmin()}: its quartiles give no scale"
        )
    return logged.median(), spread
