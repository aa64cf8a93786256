"""Descriptions: numbers by moments and quantiles, categories by counts and shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, nearest, passes_absence
from crmstudy.shares import wilson_limits


@dataclass(frozen=True)
class VariableSummary:
    """Description of the numeric variables of a frame.

    Parameters
    ----------
    variables : DataFrame
        Indexed by variable: ``n``, ``missing``, ``mean``, ``lower`` and ``upper`` (interval
        of the mean), ``sd``, ``median``, ``iqr``, ``minimum``, ``maximum``, ``skewness``, and
        ``note``, which says why an entry is absent.
    confidence : float
        Coverage of the interval.
    n_rows : int
        Rows of the frame.
    not_numeric : tuple of str
        Columns that were not described; see :func:`count_levels`.
    """

    variables: pd.DataFrame
    confidence: float
    n_rows: int
    not_numeric: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Arrange one row a variable."""
        names = {
            "lower": f"mean, lower {self.confidence:.0%}",
            "upper": f"mean, upper {self.confidence:.0%}",
            "sd": "standard deviation",
            "iqr": "interquartile range",
        }
        return self.variables.rename(columns=names).reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give n, mean, standard deviation and median of each variable that has them."""
        metrics: dict[str, float] = {"n_rows": self.n_rows}
        for variable, row in self.variables.iterrows():
            for quantity in ("n", "mean", "sd", "median"):
                if pd.notna(row[quantity]):
                    metrics[f"{variable}_{quantity}"] = float(row[quantity])
        return metrics


@dataclass(frozen=True)
class LevelCounts:
    """Counts of the levels of categorical variables.

    Parameters
    ----------
    levels : DataFrame
        One row a level: ``variable``, ``level``, ``count``, ``n`` (rows with any level),
        ``share`` of ``n``, ``lower`` and ``upper`` of the share, ``missing`` (rows without).
    confidence : float
        Coverage of the interval.
    """

    levels: pd.DataFrame
    confidence: float

    def table(self) -> pd.DataFrame:
        """Arrange one row a level."""
        names = {
            "lower": f"share, lower {self.confidence:.0%}",
            "upper": f"share, upper {self.confidence:.0%}",
        }
        return self.levels.rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give n, the number of levels and the largest share of each variable."""
        metrics: dict[str, float] = {}
        for variable, rows in self.levels.groupby("variable", sort=False):
            metrics[f"{variable}_n"] = int(rows["n"].iloc[0])
            metrics[f"{variable}_n_levels"] = len(rows)
            metrics[f"{variable}_largest_share"] = float(rows["share"].max())
        return metrics


@passes_absence
def describe_variables(frame: pd.DataFrame, *, confidence: float = 0.95) -> VariableSummary:
    """Describe every numeric column.

    The interval of the mean is Student's; the standard deviation has the denominator
    ``n - 1``; quantiles interpolate linearly (type 7 of Hyndman and Fan, R's default);
    skewness is the adjusted coefficient ``G1`` (that of SAS and SPSS; R's psych calls it
    type 2).

    Parameters
    ----------
    frame : DataFrame
        One row a case; true/false columns count as categories.
    confidence : float
        Coverage of the interval of the mean, between 0 and 1.

    Raises
    ------
    DataError
        If a numeric column holds an infinite value.
    ModelError
        If no column is numeric.

    References
    ----------
    Joanes, D. N., & Gill, C. A. (1998). Comparing measures of sample skewness and
    kurtosis. J. R. Statist. Soc. D, 47, 183-189.
    """
    require_confidence(confidence)
    numeric = frame.select_dtypes("number")
    if numeric.columns.empty:
        raise ModelError("no column of the data is numeric")
    numeric = numeric.astype("float64")
    for name in numeric.columns[np.isinf(numeric.to_numpy()).any(axis=0)]:
        raise DataError(f"variable {name!r} holds an infinite value")
    n = numeric.notna().sum()
    lower, upper = mean_interval(numeric.mean(), numeric.std(), n, confidence=confidence)
    variables = pd.DataFrame(
        {
            "n": n,
            "missing": len(numeric) - n,
            "mean": numeric.mean(),
            "lower": lower,
            "upper": upper,
            "sd": numeric.std(),
            "median": numeric.median(),
            "iqr": numeric.quantile(0.75) - numeric.quantile(0.25),
            "minimum": numeric.min(),
            "maximum": numeric.max(),
            "skewness": numeric.skew().where(numeric.max() > numeric.min()),
            "note": [_note(numeric[name]) for name in numeric.columns],
        }
    ).rename_axis("variable")
    others = tuple(str(name) for name in frame.columns if name not in numeric.columns)
    return VariableSummary(variables, confidence, len(frame), others)


@passes_absence
def count_levels(
    frame: pd.DataFrame, columns: Sequence[str], *, confidence: float = 0.95
) -> LevelCounts:
    """Count the levels of categorical columns, with Wilson's interval of each share.

    Shares refer to the rows that have a level; those without are counted beside.
    Ordered categories keep their order, others stand by falling count, then by name.

    Parameters
    ----------
    frame : DataFrame
        One row a case.
    columns : sequence of str
        Columns to count.
    confidence : float
        Coverage of each interval (not joint over the levels), between 0 and 1.

    Raises
    ------
    DataError
        If a column is absent.
    ModelError
        If a column holds no level at all.

    References
    ----------
    Wilson, E. B. (1927). Probable inference. J. Amer. Statist. Assoc., 22, 209-212.
    Brown, L. D., Cai, T. T., & DasGupta, A. (2001). Interval estimation for a binomial
    proportion. Statistical Science, 16, 101-133.
    """
    require_confidence(confidence)
    require_columns(frame, columns)
    parts = [_count_column(frame[name], confidence) for name in columns]
    if not parts:
        raise ModelError("no categorical variable was named")
    return LevelCounts(pd.concat(parts, ignore_index=True), confidence)


def mean_interval(
    mean: pd.Series, sd: pd.Series, n: pd.Series, *, confidence: float
) -> tuple[pd.Series, pd.Series]:
    """Put Student's interval around means; absent where ``n`` is below 2."""
    from scipy.special import stdtrit

    reach = stdtrit((n - 1).where(n > 1), 0.5 + confidence / 2) * sd / np.sqrt(n.where(n > 1))
    return mean - reach, mean + reach


def require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a column that the frame does not have, with the nearest one that it has."""
    for name in columns:
        if name not in frame.columns:
            hint = nearest(name, map(str, frame.columns))
            raise DataError(f"the data have no column {name!r}{hint}")


def require_confidence(confidence: float) -> None:
    """Refuse a coverage that is not between 0 and 1."""
    if not 0 < confidence < 1:
        raise SettingsError(f"confidence = {confidence}: must lie between 0 and 1")


def _note(values: pd.Series) -> str:
    n, distinct = int(values.notna().sum()), int(values.nunique())
    if n == 0:
        return "no value"
    if n == 1:
        return "one value: no interval"
    if distinct == 1:
        return "constant: no skewness"
    return "two values: no skewness" if n == 2 else ""


def _count_column(values: pd.Series, confidence: float) -> pd.DataFrame:
    ordered = isinstance(values.dtype, pd.CategoricalDtype)
    counts = values.value_counts(sort=False, dropna=True)
    n = int(counts.sum())
    if n == 0:
        raise ModelError(f"no row has a level of {values.name}")
    if not ordered:
        by_name = counts.set_axis(counts.index.astype("str")).sort_index()
        counts = by_name.sort_values(ascending=False, kind="stable")
    lower, upper = wilson_limits(counts, n, confidence=confidence)
    return pd.DataFrame(
        {
            "variable": str(values.name),
            "level": counts.index.astype("str"),
            "count": counts.to_numpy(),
            "n": n,
            "share": (counts / n).to_numpy(),
            "lower": lower,
            "upper": upper,
            "missing": len(values) - n,
        }
    )
