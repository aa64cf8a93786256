"""A joint display: what was said beside numbers of the same customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.collection.fieldwork.intervals import (
    limits,
    mean_interval,
    require_columns,
    require_confidence,
)
from crmstudy.collection.qualitative.coding import take_given
from crmstudy.errors import DataError, ModelError, passes_absence


@dataclass(frozen=True)
class JointDisplay:
    """Codes beside numbers of the same customers.

    Parameters
    ----------
    rows : DataFrame
        One row a code and number: ``code``, ``number``, ``n_with``, ``mean_with``,
        ``lower_with``, ``upper_with``, the same ``_without``, ``difference`` (with less
        without), ``lower``, ``upper`` (Welch), ``note`` (says what is absent, and small n).
    n_customers : int
        Customers interviewed who are found among the numbers.
    n_unlinked : int
        Customers interviewed who are not found there.
    n_anonymous : int
        Interviews with a segment whose speaker is not known as a customer.
    minimum_size : int
        Below so many customers a mean is called illustration.
    confidence : float
        Coverage of the intervals.
    """

    rows: pd.DataFrame
    n_customers: int
    n_unlinked: int
    n_anonymous: int
    minimum_size: int
    confidence: float

    def table(self) -> pd.DataFrame:
        """Arrange one row a code and number."""
        names = {
            "lower": f"difference, lower {self.confidence:.0%}",
            "upper": f"difference, upper {self.confidence:.0%}",
        }
        return self.rows.rename(columns=names).rename(columns=lambda n: str(n).replace("_", " "))


@passes_absence
def joint_display(
    interviews: pd.DataFrame,
    numbers: pd.DataFrame,
    *,
    columns: Sequence[str],
    minimum_size: int = 10,
    confidence: float = 0.95,
) -> JointDisplay:
    """Put numbers of the customers who were given a code beside those of the others.

    A customer has a code when any coder gave it to any of the customer's segments; the
    others are the customers interviewed to whom it was never given. Interviews are few
    and not drawn at random: the intervals say how little the numbers are worth, they
    are no test of a theory.

    Parameters
    ----------
    interviews : DataFrame
        Canonical interviews with ``customer_id``.
    numbers : DataFrame
        One row a customer, with ``customer_id`` as index or column.
    columns : sequence of str
        Numbers to show, columns of ``numbers``.
    minimum_size : int
        With fewer customers on either side, the note says that it is illustration.
    confidence : float
        Coverage of the intervals.

    Raises
    ------
    DataError
        If a column is absent or not numeric, or a customer stands in two rows.
    ModelError
        If no customer interviewed is found among the numbers.

    References
    ----------
    Guetterman, T. C., Fetters, M. D., & Creswell, J. W. (2015). Ann. Fam. Med., 13, 554-561.
    """
    require_confidence(confidence)
    given = take_given(interviews)
    known = _take_numbers(numbers, columns)
    if "customer_id" not in interviews:
        raise ModelError("the interviews do not say which customer speaks (customer_id)")
    asked = interviews["customer_id"].dropna().unique()
    linked = sorted(set(asked) & set(known.index))
    if not linked:
        raise ModelError("no customer interviewed is found among the numbers")
    speakers = given.groupby("code")["customer_id"].unique()
    base = known.loc[linked]
    rows = [
        {"code": code, "number": column}
        | _compare(base[column], base.index.isin(who), minimum_size, confidence)
        for code, who in sorted(speakers.items())
        for column in columns
    ]
    anonymous = interviews.loc[interviews["customer_id"].isna(), "interview_id"]
    return JointDisplay(
        rows=pd.DataFrame(rows),
        n_customers=len(linked),
        n_unlinked=len(asked) - len(linked),
        n_anonymous=int(anonymous.nunique()),
        minimum_size=minimum_size,
        confidence=confidence,
    )


def _take_numbers(numbers: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    known = numbers if "customer_id" not in numbers else numbers.set_index("customer_id")
    require_columns(known, columns, table="numbers")
    known = known.loc[known.index.notna(), list(columns)]
    twice = known.index[known.index.duplicated()]
    if len(twice):
        raise DataError(
            f"numbers: customer {twice[0]!r} stands in {int((known.index == twice[0]).sum())} "
            "rows; give one row a customer (the mean, or the last)"
        )
    for column in columns:
        if not pd.api.types.is_numeric_dtype(known[column]):
            raise DataError(f"numbers: column {column!r} is {known[column].dtype}, not a number")
    return known.astype("float64")


def _compare(
    values: pd.Series, has: np.ndarray, minimum_size: int, confidence: float
) -> dict[str, float | str]:
    row: dict[str, float | str] = {}
    sides = {"with": values[has].dropna().to_numpy(), "without": values[~has].dropna().to_numpy()}
    for side, side_values in sides.items():
        lower, upper = limits(mean_interval(side_values, confidence=confidence))
        row[f"n_{side}"] = side_values.size
        row[f"mean_{side}"] = float(side_values.mean()) if side_values.size else np.nan
        row[f"lower_{side}"], row[f"upper_{side}"] = lower, upper
    row |= _difference(sides["with"], sides["without"], confidence)
    row["note"] = _note(sides["with"].size, sides["without"].size, minimum_size)
    return row


def _difference(a: np.ndarray, b: np.ndarray, confidence: float) -> dict[str, float]:
    if min(a.size, b.size) < 1:
        return dict.fromkeys(("difference", "lower", "upper"), np.nan)
    difference = float(a.mean() - b.mean())
    if min(a.size, b.size) < 2 or (np.ptp(a) == 0 and np.ptp(b) == 0):
        return {"difference": difference, "lower": np.nan, "upper": np.nan}
    # By hand: SciPy warns on standard error where one side has no spread.
    parts = np.array([side.var(ddof=1) / side.size for side in (a, b)])
    freedom = parts.sum() ** 2 / (parts**2 / (np.array([a.size, b.size]) - 1)).sum()
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(parts.sum()))
    return {"difference": difference, "lower": difference - reach, "upper": difference + reach}


def _note(n_with: int, n_without: int, minimum_size: int) -> str:
    if n_with == 0 or n_without == 0:
        side = "no customer" if n_with == 0 else "every customer"
        return f"{side} has the code: nothing to compare"
    if min(n_with, n_without) < 2:
        return "one customer on a side: no interval, an illustration"
    if min(n_with, n_without) < minimum_size:
        return f"fewer than {minimum_size} customers on a side: an illustration"
    return ""
