"""Features made comparable before they are clustered, with every step stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, nearest, passes_absence

RFM_FEATURES = ("days_since_last_purchase", "n_purchases", "revenue")
Log = Literal["all", "skewed", "none", "yeo-johnson"]
Standardise = Literal["zscore", "robust", "none"]
NORMAL_QUARTILE = 0.6744897501960817  # upper quartile of the standard normal distribution
SKEWED = 1.0  # skewness above which a feature counts as skewed
MOST_WINSORISED = 0.25  # of the customers on each side; more would leave the quartiles only


@dataclass(frozen=True)
class TransformedFeatures:
    """Features on the scale on which distances are taken.

    Parameters
    ----------
    values : DataFrame
        The transformed features, customers as in the frame given.
    steps : DataFrame
        One row a feature, indexed by its name: ``logged``, ``skewness_before``,
        ``skewness_after``, ``centre`` and ``scale`` (of the reshaped values); ``lower``,
        ``upper`` (values beyond them were moved to them) and ``n_winsorised``;
        ``exponent`` of Yeo and Johnson (1 for none).
    standardise : str
        How ``centre`` and ``scale`` were chosen.
    n_left_out : int
        Customers with a missing value.
    log : str
        The rule by which features were reshaped.
    """

    values: pd.DataFrame
    steps: pd.DataFrame
    standardise: str
    n_left_out: int
    log: str = "all"

    def apply(self, features: pd.DataFrame) -> pd.DataFrame:
        """Transform other customers, or another period, by the very same steps.

        Raises
        ------
        DataError
            As :func:`keep_complete`. Customers with a missing value are left out.
        """
        used, _ = keep_complete(features, list(self.steps.index))
        moved = used.clip(self.steps["lower"], self.steps["upper"], axis=1)
        reshaped = _reshape(moved, self.steps["logged"], self.steps["exponent"])
        return (reshaped - self.steps["centre"]) / self.steps["scale"]

    def table(self) -> pd.DataFrame:
        """State what was done to each feature."""
        shape = np.where(self.steps["logged"], "sign(x) log(1 + |x|)", "no")
        power = [f"Yeo-Johnson, exponent {value:.2f}" for value in self.steps["exponent"]]
        named = {
            "feature": [str(name).removeprefix("n_") for name in self.steps.index],
            "logged": np.where(self.log == "yeo-johnson", power, shape),
            "customers winsorised": self.steps["n_winsorised"].to_numpy(),
            "skewness before": self.steps["skewness_before"].to_numpy(),
            "skewness after": self.steps["skewness_after"].to_numpy(),
            "centre": self.steps["centre"].to_numpy(),
            "scale": self.steps["scale"].to_numpy(),
            "standardised": self.standardise,
        }
        return pd.DataFrame(named)

    def to_metrics(self) -> dict[str, float]:
        """Give the skewness of each feature before and after."""
        metrics: dict[str, float] = {"n_left_out": self.n_left_out}
        for feature, row in self.steps.iterrows():
            metrics[f"skewness_before_{feature}"] = float(row["skewness_before"])
            metrics[f"skewness_after_{feature}"] = float(row["skewness_after"])
        return metrics


@passes_absence
def transform_features(
    features: pd.DataFrame,
    *,
    log: bool | Log = True,
    winsorise: float = 0.0,
    standardise: Standardise = "zscore",
) -> TransformedFeatures:
    """Pull in the ends of skewed features and bring all to one scale.

    In this order: winsorise, reshape, standardise. The logarithm is
    ``sign(x) log(1 + |x|)``, John and Draper's modulus transformation with exponent
    0: it equals ``log(1 + x)`` where nothing is negative and still stands where returns
    exceed purchases.

    Parameters
    ----------
    features : DataFrame indexed by customer
        Numeric features, each in its own unit. Customers with a missing value are
        left out and counted.
    log : bool or {"all", "skewed", "none", "yeo-johnson"}
        Take logarithms of all features (True, "all"), of none (False, "none"), or of
        those whose skewness is beyond 1 and comes nearer to 0 by it ("skewed"); or reshape
        each by Yeo and Johnson's power transformation, its exponent chosen by maximum
        likelihood.
    winsorise : float
        Share of the customers on each side whose values are moved to the nearest value
        that stays, feature by feature; 0 moves none.
    standardise : {"zscore", "robust", "none"}
        Subtract the mean and divide by the standard deviation (denominator
        ``n - 1``); or the median and the interquartile range over that of a
        standard normal variable (1.349), which one outlier cannot move; or neither.

    Raises
    ------
    SettingsError
        If ``log``, ``winsorise`` or ``standardise`` is out of range.
    DataError
        If a column is not numeric or infinite, or a customer stands twice.
    ModelError
        If fewer than three customers are complete, or a feature has no spread.

    References
    ----------
    John, J. A., & Draper, N. R. (1980). An alternative family of transformations.
    Applied Statistics, 29(2), 190-197.
    Yeo, I.-K., & Johnson, R. A. (2000). A new family of power transformations to improve
    normality or symmetry. Biometrika, 87(4), 954-959.
    """
    rule = _check_settings(log, winsorise, standardise)
    used, n_left_out = keep_complete(features, list(features.columns))
    if len(used) < 3:
        raise ModelError(f"features need three complete customers, not {len(used)}")
    constant = used.columns[(used == used.iloc[0]).all()]
    if len(constant):
        names = ", ".join(str(name).removeprefix("n_").replace("_", " ") for name in constant)
        raise ModelError(f"features must differ to part customers; all are equal in {names}")
    lower, upper = _bound(used, winsorise)
    moved = used.clip(lower, upper, axis=1)
    for name in moved.columns[lower == upper]:
        raise ModelError(
            f"winsorising {winsorise:.0%} on each side leaves all customers equal in {name}"
        )
    logged = pd.Series([_is_logged(moved[name], rule) for name in moved], moved.columns)
    exponent = pd.Series([_find_exponent(moved[name], rule) for name in moved], moved.columns)
    reshaped = _reshape(moved, logged, exponent)
    centre, scale = _centre_and_scale(reshaped, standardise)
    steps = pd.DataFrame(
        {
            "logged": logged,
            "skewness_before": used.skew(),
            "skewness_after": reshaped.skew(),
            "centre": centre,
            "scale": scale,
            "lower": lower if winsorise else -np.inf,
            "upper": upper if winsorise else np.inf,
            "n_winsorised": (used != moved).sum(),
            "exponent": exponent,
        }
    ).rename_axis("feature")
    return TransformedFeatures((reshaped - centre) / scale, steps, standardise, n_left_out, rule)


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


def _check_settings(log: bool | Log, winsorise: float, standardise: str) -> Log:
    rule: Log = ("all" if log else "none") if isinstance(log, bool) else log
    for name, found, allowed in (
        ("log", rule, get_args(Log)),
        ("standardise", standardise, get_args(Standardise)),
    ):
        if found not in allowed:
            hint = nearest(found, allowed)
            raise SettingsError(f"{name} = {found!r}: allowed are {', '.join(allowed)}{hint}")
    if not 0 <= winsorise < MOST_WINSORISED:
        raise SettingsError(
            f"winsorise = {winsorise}: a share of the customers on each side is needed, "
            f"from 0 to below {MOST_WINSORISED}"
        )
    return rule


def _bound(used: pd.DataFrame, share: float) -> tuple[pd.Series, pd.Series]:
    """Give the lowest and the highest value that stay, both of them observed."""
    n_moved = int(share * len(used))
    ordered = np.sort(used.to_numpy(), axis=0)
    lower, upper = ordered[n_moved], ordered[len(used) - 1 - n_moved]
    return pd.Series(lower, used.columns), pd.Series(upper, used.columns)


def _modulus_log(values: pd.Series) -> pd.Series:
    return np.sign(values) * np.log1p(values.abs())


def _is_logged(values: pd.Series, rule: Log) -> bool:
    if rule != "skewed":
        return rule == "all"
    before, after = pd.DataFrame({"before": values, "after": _modulus_log(values)}).skew()
    return bool(abs(before) > SKEWED and abs(after) < abs(before))


def _find_exponent(values: pd.Series, rule: Log) -> float:
    if rule != "yeo-johnson":
        return 1.0
    from scipy.stats import yeojohnson_normmax

    return float(yeojohnson_normmax(values.to_numpy()))


def _reshape(moved: pd.DataFrame, logged: pd.Series, exponent: pd.Series) -> pd.DataFrame:
    from scipy.stats import yeojohnson

    shaped = {
        name: _modulus_log(moved[name])
        if logged[name]
        else moved[name]
        if exponent[name] == 1
        else yeojohnson(moved[name].to_numpy(), lmbda=exponent[name])
        for name in moved.columns
    }
    return pd.DataFrame(shaped, index=moved.index)


def _centre_and_scale(reshaped: pd.DataFrame, standardise: str) -> tuple[pd.Series, pd.Series]:
    if standardise == "none":
        return reshaped.mean() * 0.0, reshaped.mean() * 0.0 + 1.0
    if standardise == "zscore":
        return reshaped.mean(), reshaped.std()
    spread = (reshaped.quantile(0.75) - reshaped.quantile(0.25)) / (2 * NORMAL_QUARTILE)
    if (spread == 0).any():
        raise ModelError(
            f"half of the customers are equal in {spread.idxmin()}: its quartiles give no scale"
        )
    return reshaped.median(), spread
