"""What each customer did: from a transaction log to purchase histories.

The models of this room see a customer as four numbers: how often she came back,
when last, for how long she has been observed, and what a return visit is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check
from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence

Floats = NDArray[np.float64]

TIME_UNITS = {1.0: "day", 7.0: "week"}
DateLike = str | date | pd.Timestamp

HOLE = 28  # days without a purchase by anybody that a log may show

LATE = "first purchase after the calibration period: nothing to learn from"


@dataclass(frozen=True, eq=False)
class PurchaseSummary:
    """Purchase histories, one row a customer, and what became of every row of the log.

    Parameters
    ----------
    customers : DataFrame of shape (n_customers, 7)
        ``customer_id``; ``repeat_purchases`` (x: days with a purchase after the first
        one); ``last_purchase_weeks`` (t_x: from the first to the last purchase, 0 for
        one-time buyers); ``age_weeks`` (T: from the first purchase to the end of
        calibration); ``mean_spend`` (money per repeat purchase, the first one left out;
        NaN where there is none); ``priced_purchases`` (repeat purchases behind that
        mean); ``holdout_purchases`` (only when a hold-out period was set aside). With a
        unit of days the two durations end in ``_days``.
    unit_days : float
        Length of the unit of time in days: 7 (weeks) or 1 (days).
    holdout_days : int
        Length of the hold-out period in days, 0 if there is none.
    losses : DataFrame, optional
        What came and what went: step, rows, reason.
    repeats_by_day : Series, optional
        Repeat purchases of all these customers on each day, from the first purchase of
        anyone to the end of the hold-out (or calibration) period.
    checks : tuple of Check
        Whether the log covers the time that was asked for.
    """

    customers: pd.DataFrame
    unit_days: float = 7.0
    holdout_days: int = 0
    losses: pd.DataFrame | None = None
    repeats_by_day: pd.Series | None = None
    checks: tuple[Check, ...] = ()

    @property
    def unit(self) -> str:
        """Unit of time, singular: ``"week"`` or ``"day"``."""
        return TIME_UNITS[self.unit_days]

    @property
    def x(self) -> Floats:
        """Repeat purchases."""
        return self.customers["repeat_purchases"].to_numpy(np.float64)

    @property
    def t_x(self) -> Floats:
        """Time of the last purchase, counted from the first, in units of time."""
        return self.customers[f"last_purchase_{self.unit}s"].to_numpy(np.float64)

    @property
    def T(self) -> Floats:  # noqa: N802 - the letter of the literature
        """Age: time observed since the first purchase, in units of time."""
        return self.customers[f"age_{self.unit}s"].to_numpy(np.float64)

    @property
    def holdout(self) -> float:
        """Length of the hold-out period in units of time, 0 if there is none."""
        return self.holdout_days / self.unit_days

    def table(self) -> pd.DataFrame:
        """What came and what went, one row a step."""
        if self.losses is None:
            return pd.DataFrame(columns=["step", "rows", "reason"])
        return self.losses.copy()

    def to_metrics(self) -> dict[str, float]:
        """Counts of customers and purchases, for the record."""
        metrics: dict[str, float] = {
            "customers": len(self.customers),
            "one_time_buyers": int((self.x == 0).sum()),
            "repeat_customers": int((self.x > 0).sum()),
            "repeat_purchases": int(self.x.sum()),
        }
        if self.holdout_days:
            metrics["holdout_purchases"] = int(self.customers["holdout_purchases"].sum())
        return metrics


@passes_absence
def summarise_purchases(
    transactions: pd.DataFrame,
    *,
    calibration_end: DateLike,
    holdout_end: DateLike | None = None,
    unit_days: float = 7.0,
) -> PurchaseSummary:
    """Condense a transaction log into one purchase history per customer.

    All that a customer buys on one day is one purchase. A purchase of zero money (a
    voucher, a gift) is a purchase; a row of negative revenue is a return and none, and
    what it gives back is not subtracted from anything. A purchase with an unknown amount
    counts as a purchase, and is left out of the mean spend.

    Parameters
    ----------
    transactions : DataFrame
        Columns ``customer_id``, ``ordered_at`` (datetime) and, if known, ``revenue``.
    calibration_end : str, date or Timestamp
        Last day, inclusive, that the models may see.
    holdout_end : str, date or Timestamp, optional
        Last day, inclusive, of the period set aside to test them.
    unit_days : float
        7 for weeks (the default), 1 for days.

    Raises
    ------
    SettingsError
        If the dates are out of order, or the unit is neither days nor weeks.
    DataError
        If a column is missing.
    ModelError
        If nobody bought anything up to ``calibration_end``.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting your customers" the
    easy way. Marketing Science, 24(2), 275-284 (definition of x, t_x, T).
    """
    calibration, end = _study_days(calibration_end, holdout_end)
    if unit_days not in TIME_UNITS:
        raise SettingsError(f"unit_days is 7 (weeks) or 1 (days), found {unit_days}")
    ids, rows, losses = _usable_rows(transactions, end)
    purchases = _merge_days(rows)
    histories, repeat_days = _histories(purchases, calibration)
    if histories.empty:
        raise ModelError(f"nobody bought anything up to {_as_date(calibration)}")
    used = f"{len(histories)} {'customer' if len(histories) == 1 else 'customers'}"
    losses += [
        ("same day", rows["day"].size - purchases["day"].size, "one day is one purchase"),
        ("late customers", purchases["day"].size - int(histories["purchases"].sum()), LATE),
        ("purchases used", int(histories["purchases"].sum()), f"of {used}"),
    ]
    start = calibration - int(histories["age"].max())
    return PurchaseSummary(
        customers=_customer_frame(histories, ids, unit_days, holdout=holdout_end is not None),
        unit_days=float(unit_days),
        holdout_days=end - calibration,
        losses=pd.DataFrame(losses, columns=["step", "rows", "reason"]),
        repeats_by_day=_count_by_day(repeat_days, start, end),
        checks=(
            _covers(end - _day_number("ordered_at", transactions["ordered_at"].max())),
            _is_whole(purchases["day"]),
        ),
    )


def _covers(silent_days: int) -> Check:
    return Check(
        name="the log reaches the end of the study",
        passed=silent_days <= 7,
        statistic=float(max(silent_days, 0)),  # a log may go on beyond the study
        threshold="at most 7 days between the last purchase and the end",
        source="convention: a week without any purchase is more likely a log cut short",
        consequence="customers look as if they had left: choose an earlier end",
    )


def _is_whole(days: NDArray[np.int64]) -> Check:
    """Look for a time in which nobody bought: a hole in the log, or dates far ahead."""
    seen = np.unique(days)
    longest = int(np.diff(seen).max()) if seen.size > 1 else 0
    at = f", before {_as_date(int(seen[1:][np.diff(seen).argmax()]))}" if longest > HOLE else ""
    return Check(
        name=f"the log has no hole{at}",
        passed=longest <= HOLE,
        statistic=float(longest),
        threshold=f"at most {HOLE} days without a purchase by anybody",
        source="convention: all customers of a firm hardly pause together",
        consequence="look for missing months or wrong dates: silence is taken for leaving",
    )


def _study_days(calibration_end: DateLike, holdout_end: DateLike | None) -> tuple[int, int]:
    """Last day of calibration and of the whole study, as days since 1970-01-01."""
    calibration = _day_number("calibration_end", calibration_end)
    if holdout_end is None:
        return calibration, calibration
    end = _day_number("holdout_end", holdout_end)
    if end <= calibration:
        raise SettingsError(
            f"holdout_end must be later than calibration_end, found {holdout_end} "
            f"and {calibration_end}"
        )
    return calibration, end


def _day_number(name: str, value: DateLike) -> int:
    try:
        stamp = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{name} is not a date: {value!r}") from error
    if pd.isna(stamp):
        raise SettingsError(f"{name} is not a date: {value!r}")
    return int(stamp.to_datetime64().astype("datetime64[D]").astype(np.int64))


def _as_date(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _usable_rows(
    transactions: pd.DataFrame, end: int
) -> tuple[pd.Index, dict[str, NDArray], list[tuple[str, int, str]]]:
    """Customer number, day and money of the rows that can be used, and the rest counted."""
    absent = {"customer_id", "ordered_at"} - set(transactions.columns)
    if absent:
        raise DataError(f"transactions lack the column {min(absent)}")
    customer, ids = pd.factorize(transactions["customer_id"], sort=True)
    undated = transactions["ordered_at"].isna().to_numpy()
    day = transactions["ordered_at"].to_numpy("datetime64[D]").astype(np.int64)
    if "revenue" in transactions:
        spend = transactions["revenue"].to_numpy(np.float64, na_value=np.nan)
    else:
        spend = np.full(day.size, np.nan)
    losses = [("rows received", day.size, "the transaction log")]
    keep = np.ones(day.size, dtype=bool)
    for step, unusable, reason in (
        ("no customer", customer < 0, "cannot be told whose purchase it was"),
        ("no date", undated, "cannot be placed in time"),
        ("returns", spend < 0, "negative revenue is a return, not a purchase"),
        ("after the study", day > end, f"later than {_as_date(end)}"),
    ):
        losses.append((step, int((keep & unusable).sum()), reason))
        keep &= ~unusable
    return ids, {"customer": customer[keep], "day": day[keep], "spend": spend[keep]}, losses


def _merge_days(rows: dict[str, NDArray]) -> dict[str, NDArray]:
    """Merge the rows of one customer and day; sorted by customer, then day."""
    if not rows["day"].size:
        return rows
    origin = rows["day"].min()
    span = int(rows["day"].max() - origin) + 1
    keys, which = np.unique(rows["customer"] * span + rows["day"] - origin, return_inverse=True)
    spend = np.bincount(which, weights=rows["spend"])
    return {"customer": keys // span, "day": keys % span + origin, "spend": spend}


def _histories(
    purchases: dict[str, NDArray], calibration: int
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """One history per customer known by the end of calibration, and all days of repeats."""
    customer, day, spend = purchases["customer"], purchases["day"], purchases["spend"]
    is_first = np.diff(customer, prepend=-1) != 0
    start = np.flatnonzero(is_first)
    owner = np.cumsum(is_first) - 1
    seen = day <= calibration
    repeat = seen & ~is_first
    priced = repeat & ~np.isnan(spend)
    known = day[start] <= calibration

    def count(rows: NDArray[np.bool_], weights: Floats | None = None) -> NDArray:
        chosen = None if weights is None else weights[rows]
        return np.bincount(owner[rows], weights=chosen, minlength=start.size)[known]

    first, calibrated = day[start][known], count(seen)
    n_priced = count(priced)
    histories = pd.DataFrame(
        {
            "customer": customer[start][known],
            "purchases": count(np.ones_like(seen)),
            "repeats": count(repeat),
            "last": day[start[known] + calibrated - 1] - first,
            "age": calibration - first,
            "mean_spend": np.divide(
                count(priced, spend), n_priced, out=np.full(first.size, np.nan), where=n_priced > 0
            ),
            "priced": n_priced,
            "holdout": count(~seen),
        }
    )
    return histories, day[~is_first & known[owner]]


def _customer_frame(
    histories: pd.DataFrame, ids: pd.Index, unit_days: float, *, holdout: bool
) -> pd.DataFrame:
    """Give the histories their public names and units."""
    unit = TIME_UNITS[unit_days]
    columns = {
        "customer_id": ids.take(histories["customer"].to_numpy()),
        "repeat_purchases": histories["repeats"],
        f"last_purchase_{unit}s": histories["last"] / unit_days,
        f"age_{unit}s": histories["age"] / unit_days,
        "mean_spend": histories["mean_spend"],
        "priced_purchases": histories["priced"],
    }
    if holdout:
        columns["holdout_purchases"] = histories["holdout"]
    return pd.DataFrame(columns)


def _count_by_day(days: NDArray[np.int64], start: int, end: int) -> pd.Series:
    counts = np.bincount(days - start, minlength=end - start + 1)
    calendar = pd.date_range(_as_date(start), periods=counts.size, freq="D", name="day")
    return pd.Series(counts, index=calendar, name="repeat_purchases")
