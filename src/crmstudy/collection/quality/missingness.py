"""Patterns of missing answers, and whether they look random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crmstudy.checks import Hypothesis
from crmstudy.collection.quality.stored import StoredTable, list_tables, quote
from crmstudy.collection.study import StudyData
from crmstudy.errors import ModelError, NotAvailable

Array = NDArray[np.float64]

#: EM stops when no mean or covariance moves by more than this share of its scale.
TOLERANCE = 1e-10
MOST_STEPS = 5_000


@dataclass(frozen=True)
class Patterns:
    """Which items respondents left out together.

    Parameters
    ----------
    dataset, survey : str
        The data set and the table of the survey.
    matrix : DataFrame of shape (n_patterns, n_items)
        Whether a pattern misses an item; items in the instrument's order, patterns with
        the most respondents first, then those that miss fewer.
    respondents : Series
        Respondents of each pattern, aligned with ``matrix``.
    """

    dataset: str
    survey: str
    matrix: pd.DataFrame
    respondents: pd.Series

    @property
    def n(self) -> int:
        """All respondents."""
        return int(self.respondents.sum())

    @property
    def complete(self) -> int:
        """Respondents who left out nothing."""
        return int(self.respondents[~self.matrix.any(axis=1)].sum())

    def table(self) -> pd.DataFrame:
        """List the patterns.

        Returns
        -------
        DataFrame
            Columns pattern (items left out, ``none``), items left out (their number),
            respondents, share.
        """
        named = [
            ", ".join(self.matrix.columns[row]) or "none" for row in self.matrix.to_numpy(bool)
        ]
        return pd.DataFrame(
            {
                "pattern": named,
                "items left out": self.matrix.sum(axis=1).astype("int64"),
                "respondents": self.respondents,
                "share": self.respondents / self.n,
            }
        )

    def items(self) -> pd.DataFrame:
        """Count the missing answers item by item: columns item, missing, share."""
        missing = self.matrix.mul(self.respondents, axis=0).sum()
        return pd.DataFrame(
            {
                "item": missing.index,
                "missing": missing.to_numpy(dtype="int64"),
                "share": missing.to_numpy(dtype=float) / self.n,
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Give respondents, complete respondents and patterns as plain numbers."""
        return {"n": self.n, "complete": self.complete, "patterns": len(self.matrix)}


def describe_patterns(data: StudyData, *, survey: str = "survey") -> Patterns | NotAvailable:
    """Count which items of a questionnaire respondents left out together.

    Parameters
    ----------
    survey : str
        ``"survey"`` or ``"staff_survey"``.
    """
    table = _survey(data, survey)
    if isinstance(table, NotAvailable):
        return table
    items = _answered(table)
    if not items:
        return NotAvailable(f"{survey} holds no item of the instrument")
    gaps = ", ".join(f"{quote(item)} IS NULL AS {quote(item)}" for item in items)
    found = data.warehouse.query(
        f"SELECT *, count(*) AS {quote('respondents of the pattern')} "
        f"FROM (SELECT {gaps} FROM {table.address}) GROUP BY ALL"
    )
    if found.empty:
        return NotAvailable(f"{survey} holds no respondent")
    found = found.assign(gaps=found[items].sum(axis=1)).sort_values(
        ["respondents of the pattern", "gaps", *items],
        ascending=[False, True, *[False] * len(items)],
        ignore_index=True,
    )
    return Patterns(
        table.dataset,
        survey,
        found[items].astype(bool),
        found["respondents of the pattern"].rename("respondents"),
    )


def _survey(data: StudyData, survey: str) -> StoredTable | NotAvailable:
    having = [table for table in list_tables(data) if table.name == survey]
    preferred = [table for table in having if table.dataset == data.dataset(survey)]
    found = preferred or having
    return found[0] if found else NotAvailable(f"the study has no table {survey}")


def _answered(table: StoredTable) -> list[str]:
    return [item for item in table.items if item in table.types]


def probe_randomness(data: StudyData, *, survey: str = "survey") -> Hypothesis | NotAvailable:
    """Test whether a survey's answers are missing completely at random (Little's test)."""
    table = _survey(data, survey)
    if isinstance(table, NotAvailable):
        return table
    items = _answered(table)
    if not items:
        return NotAvailable(f"{survey} holds no item of the instrument")
    columns = ", ".join(quote(item) for item in items)
    answers = data.warehouse.query(f"SELECT {columns} FROM {table.address}")
    try:
        return judge_randomness(answers)
    except ModelError as error:
        return NotAvailable(str(error))


def judge_randomness(values: pd.DataFrame) -> Hypothesis:
    """Test that values are missing completely at random.

    Means of each pattern of missing values are compared with those that the maximum
    likelihood estimate of a multivariate normal distribution expects. The test has
    little power against small differences and none against values whose missingness
    hangs on themselves; not rejected is not proved.

    Parameters
    ----------
    values : DataFrame of shape (n, p)
        Numbers, missing ones as NaN. Rows without any value are left out.

    Raises
    ------
    ModelError
        If nothing is missing, a column is constant or empty, rows are too few, or the
        covariance matrix is singular.

    References
    ----------
    Little, R. J. A. (1988). J. American Statistical Association, 83(404), 1198-1202.
    """
    x = values.to_numpy(dtype=float)
    x = x[~np.isnan(x).all(axis=1)]
    _require_testable(x, values)
    patterns = _patterns(x)
    centre, scale = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    scaled = (x - centre) / scale
    mean, covariance = estimate_moments(scaled, patterns)
    statistic, df = 0.0, -x.shape[1]
    for seen, rows in patterns:
        gap = scaled[np.ix_(rows, seen)].mean(axis=0) - mean[seen]
        statistic += len(rows) * float(gap @ np.linalg.solve(covariance[np.ix_(seen, seen)], gap))
        df += len(seen)
    return Hypothesis(
        null="answers are missing completely at random",
        statistic=statistic,
        p_value=float(stats.chi2.sf(statistic, df)),
        distribution=f"chi2({df})",
    )


def _require_testable(x: Array, values: pd.DataFrame) -> None:
    if not np.isnan(x).any():
        raise ModelError("no answer is missing, so there is nothing to test")
    if len(x) <= x.shape[1]:
        raise ModelError(f"{len(x)} respondents are too few for {x.shape[1]} items")
    known = (column[~np.isnan(column)] for column in x.T)
    flat = [
        str(name)
        for name, column in zip(values.columns, known, strict=True)
        if not len(column) or np.ptp(column) == 0
    ]
    if flat:
        raise ModelError(f"{', '.join(flat)}: all answers are the same, or there is none")


def _patterns(x: Array) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Group rows by the columns that they have: pairs of seen columns and rows."""
    seen, group = np.unique(~np.isnan(x), axis=0, return_inverse=True)
    group = group.ravel()
    return [(np.flatnonzero(one), np.flatnonzero(group == i)) for i, one in enumerate(seen)]


def estimate_moments(
    x: Array, patterns: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> tuple[Array, Array]:
    """Estimate mean and covariance of a normal distribution from incomplete rows (EM).

    Parameters
    ----------
    x : array of shape (n, p)
        Columns of about unit scale; NaN where a value is missing.
    patterns : list of (seen columns, rows)
        All rows, grouped by the columns they have.

    Returns
    -------
    tuple of arrays of shape (p,) and (p, p)
        Maximum likelihood estimates (the covariance divides by n).

    Raises
    ------
    ModelError
        If a covariance matrix is singular on the way, or the steps do not settle.

    References
    ----------
    Little, R. J. A., & Rubin, D. B. (2002). Statistical Analysis with Missing Data, 11.2. Wiley.
    """
    n, p = x.shape
    mean, covariance = np.zeros(p), np.eye(p)
    for _ in range(MOST_STEPS):
        total, products = np.zeros(p), np.zeros((p, p))
        for seen, rows in patterns:
            filled, rest = _expect(x[rows], seen, mean, covariance)
            total += filled.sum(axis=0)
            products += filled.T @ filled + len(rows) * rest
        new_mean = total / n
        new_covariance = products / n - np.outer(new_mean, new_mean)
        moved = max(np.abs(new_mean - mean).max(), np.abs(new_covariance - covariance).max())
        mean, covariance = new_mean, new_covariance
        if moved < TOLERANCE:
            if np.linalg.eigvalsh(covariance)[0] < 1e-8:
                raise ModelError("the items' covariance matrix is singular")
            return mean, covariance
    raise ModelError(f"the EM algorithm did not settle in {MOST_STEPS:,} steps")


def _expect(
    x: Array, seen: NDArray[np.intp], mean: Array, covariance: Array
) -> tuple[Array, Array]:
    """Fill missing values with their expectation, and give what stays uncertain of them."""
    lost = np.setdiff1d(np.arange(len(mean)), seen)
    filled, rest = x.copy(), np.zeros_like(covariance)
    if len(lost):
        try:
            slopes = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, lost)])
        except np.linalg.LinAlgError:
            raise ModelError("the items' covariance matrix is singular") from None
        filled[:, lost] = mean[lost] + (x[:, seen] - mean[seen]) @ slopes
        rest[np.ix_(lost, lost)] = (
            covariance[np.ix_(lost, lost)] - covariance[np.ix_(lost, seen)] @ slopes
        )
    return filled, rest
