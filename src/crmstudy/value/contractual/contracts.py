"""Contracts as numbers: how often each was renewed, and whether it still runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

#: Months between two renewals, by billing period.
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, eq=False)
class Contracts:
    """Contracts as they stood at the end of one day.

    Parameters
    ----------
    rows : DataFrame
        One row a contract: ``subscription_id``, ``customer_id``, ``plan``, ``period``
        (month, quarter or year), ``fee`` (money a period; missing where unknown),
        ``renewals`` (how often it was renewed), ``ended`` (whether it was given up at the
        renewal after these), ``chances`` (renewal dates that passed, renewed or not) and
        ``wait_days`` (from ``until`` to the next renewal of a running contract).
    until : str
        The day, as 2025-12-31.
    later : int
        Contracts that start after it, left out.
    """

    rows: pd.DataFrame
    until: str
    later: int

    @property
    def plans(self) -> tuple[str, ...]:
        """Names of the plans, in alphabetical order."""
        return tuple(sorted(self.rows["plan"].unique()))

    def of_plan(self, plan: str) -> pd.DataFrame:
        """Contracts of one plan."""
        return self.rows[self.rows["plan"] == plan]

    def renewals(self, plan: str = "") -> pd.DataFrame:
        """Count who came up for renewal and who ended then, of one plan or of all.

        Returns
        -------
        DataFrame
            ``renewal`` (1, 2, ...), ``at_risk``, ``ended``.

        Raises
        ------
        ModelError
            If the contracts renew after periods of different lengths.
        """
        rows = self.of_plan(plan) if plan else self.rows
        periods = sorted(rows["period"].unique())
        if len(periods) > 1:
            raise ModelError(
                f"the contracts renew every {', '.join(periods)}; a first renewal after a "
                "month and one after a year are not the same: look at one plan at a time"
            )
        return count_renewals(rows["renewals"], rows["ended"])

    def table(self) -> pd.DataFrame:
        """One row a plan: how many contracts, how many ended, fee and renewals."""
        rows = [_describe(name, self.of_plan(name)) for name in self.plans]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Contracts, customers, plans and ended contracts."""
        return {
            "contracts": len(self.rows),
            "customers": int(self.rows["customer_id"].nunique()),
            "plans": len(self.plans),
            "ended": int(self.rows["ended"].sum()),
            "started_later": self.later,
        }


def _describe(plan: str, rows: pd.DataFrame) -> dict[str, Any]:
    ended = int(rows["ended"].sum())
    return {
        "plan": plan,
        "billed by": rows["period"].iloc[0],
        "contracts": len(rows),
        "ended": ended,
        "running": len(rows) - ended,
        "mean fee": float(rows["fee"].mean()),
        "median renewals": float(rows["renewals"].median()),
    }


@passes_absence
def count_contracts(subscriptions: pd.DataFrame, *, until: str) -> Contracts:
    """Count the renewals of every contract up to the end of a day.

    A contract that ended on its renewal day, or in the period before it, was not renewed
    then; one that still runs was renewed on every renewal day up to ``until``. What
    happened after ``until`` is not seen: a contract that ended later still runs.

    Parameters
    ----------
    subscriptions : DataFrame
        ``subscription_id``, ``customer_id``, ``started_on``, ``ended_on`` (missing while it
        runs), and where known ``plan``, ``fee``, ``period`` (month where missing).
    until : str
        Last day seen, as 2025-12-31.

    Raises
    ------
    ModelError
        If no contract had started by then, or one plan has several billing periods.
    SettingsError
        If a billing period is not month, quarter or year.
    """
    day = pd.Timestamp(until).normalize()
    known = subscriptions["started_on"].dt.normalize() <= day
    seen = subscriptions[known]
    if seen.empty:
        raise ModelError(f"no contract had started by {day:%Y-%m-%d}")
    rows = _count_rows(seen, day)
    _refuse_mixed_plans(rows)
    return Contracts(rows, f"{day:%Y-%m-%d}", int((~known).sum()))


def _count_rows(seen: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    start, end = seen["started_on"].dt.normalize(), seen["ended_on"].dt.normalize()
    ended = (end <= day).to_numpy(dtype=bool)
    period = _column(seen, "period", "month")
    months = _months_between(period)
    stop = end.where(ended, day)
    # The renewal day itself counts for a contract that goes on after it.
    passed = _elapsed_months(start, stop, strictly=ended) // months
    chances = _elapsed_months(start, pd.Series(day, index=start.index)) // months
    due = _add_months(start, (passed + 1) * months)
    wait = (due - day).dt.days.to_numpy(np.float64)
    return pd.DataFrame(
        {
            "subscription_id": seen["subscription_id"],
            "customer_id": seen["customer_id"],
            "plan": _column(seen, "plan", "all contracts").astype(str),
            "period": period,
            "fee": seen["fee"].astype(np.float64) if "fee" in seen else np.nan,
            "renewals": passed,
            "ended": ended,
            "chances": chances,
            "wait_days": np.where(ended, np.nan, wait),
        }
    ).reset_index(drop=True)


def _column(frame: pd.DataFrame, name: str, missing: str) -> pd.Series:
    if name not in frame:
        return pd.Series(missing, index=frame.index)
    return frame[name].fillna(missing)


def _months_between(period: pd.Series) -> Integers:
    unknown = sorted(set(period) - set(MONTHS))
    if unknown:
        raise SettingsError(
            f"a contract is billed by {unknown[0]!r}; allowed are {', '.join(MONTHS)}"
        )
    return np.asarray(period.map(MONTHS).to_numpy(np.int64))


def _refuse_mixed_plans(rows: pd.DataFrame) -> None:
    periods = rows.groupby("plan")["period"].nunique()
    mixed = periods[periods > 1].index.tolist()
    if mixed:
        raise ModelError(
            f"contracts of the plan {mixed[0]!r} are billed by different periods; give each "
            "period a plan of its own"
        )


def _elapsed_months(
    start: pd.Series, stop: pd.Series, *, strictly: bool | npt.NDArray[np.bool_] = False
) -> Integers:
    """Count monthly anniversaries of ``start`` up to ``stop``, or strictly before it.

    A contract of the 31st renews on the last day of shorter months.
    """
    months = (stop.dt.year - start.dt.year) * 12 + (stop.dt.month - start.dt.month)
    anniversary = np.minimum(start.dt.day, stop.dt.days_in_month)
    reached = np.where(strictly, stop.dt.day > anniversary, stop.dt.day >= anniversary)
    return np.asarray(np.maximum(months.to_numpy(np.int64) - ~reached, 0))


def _add_months(start: pd.Series, months: Integers) -> pd.Series:
    """Add whole months, ending on the last day of shorter ones."""
    first = start.to_numpy().astype("datetime64[M]") + months
    after = (first + 1).astype("datetime64[D]")
    length = (after - first.astype("datetime64[D]")).astype(np.int64)
    day = np.minimum(start.dt.day.to_numpy(np.int64), length)
    return pd.Series(first.astype("datetime64[D]") + (day - 1), index=start.index)


def count_renewals(renewals: npt.ArrayLike, ended: npt.ArrayLike) -> pd.DataFrame:
    """Count who came up for each renewal and who ended then, from single contracts.

    Parameters
    ----------
    renewals : array_like of shape (n,)
        How often each contract was renewed.
    ended : array_like of shape (n,)
        Whether it was given up at the renewal after these; otherwise it still runs.
    """
    times, over = np.asarray(renewals, np.int64), np.asarray(ended, bool)
    longest = int((times + over).max(initial=0))
    lost = np.bincount(times[over] + 1, minlength=longest + 1)[1:]
    reached = np.bincount(times + over, minlength=longest + 1)
    at_risk = reached[::-1].cumsum()[::-1][1:]
    return pd.DataFrame({"renewal": np.arange(1, longest + 1), "at_risk": at_risk, "ended": lost})


def count_survivors(survivors: Sequence[float]) -> pd.DataFrame:
    """Arrange a printed survivor table of one cohort as renewals at risk and ended.

    Parameters
    ----------
    survivors : sequence of float
        Customers at the start, after the first renewal, after the second, ...

    Raises
    ------
    ModelError
        If there are fewer than two numbers, or they grow.
    """
    left = np.asarray(survivors, np.float64)
    if left.size < 2 or (np.diff(left) > 0).any() or left[-1] < 0:
        raise ModelError(
            "a survivor table needs two numbers or more that never grow, found "
            f"{', '.join(f'{number:g}' for number in left) or 'none'}"
        )
    return pd.DataFrame(
        {"renewal": np.arange(1, left.size), "at_risk": left[:-1], "ended": -np.diff(left)}
    )
