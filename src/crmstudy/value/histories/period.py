"""Which days the models see and which test them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence

#: Share of the observed days that the models see when nothing else is said.
CALIBRATION_SHARE = 2 / 3

#: Days: conventions of this study. Shorter than that, a week of holidays decides a test.
SHORTEST, SHORTEST_PART = 84, 28


@dataclass(frozen=True)
class Split:
    """Last day of calibration and of the hold-out period, as ISO dates."""

    calibration_end: str
    holdout_end: str


@passes_absence
def split_period(transactions: pd.DataFrame, *, calibration_end: str = "") -> Split:
    """Split the days of a ledger into calibration and hold-out.

    Parameters
    ----------
    transactions : DataFrame
        Column ``ordered_at`` (datetime).
    calibration_end : str
        Last day that the models see, as 1997-09-30; empty takes two thirds of the days.

    Raises
    ------
    SettingsError
        If it is no day, lies outside the purchases, or leaves less than four weeks to
        learn from or to test on.
    ModelError
        If there are no dated purchases, or they cover less than 12 weeks: too few to test
        a model on.
    """
    days = transactions["ordered_at"].dropna().dt.normalize()
    if days.empty:
        raise ModelError("no purchase has a date: nothing can be split into two periods")
    first, last = days.min(), days.max()
    length = (last - first).days + 1
    if length < SHORTEST:
        raise ModelError(
            f"the purchases cover {length} day{'s' * (length > 1)}; a hold-out test needs "
            f"{SHORTEST} or more"
        )
    if calibration_end:
        end = _read_end(calibration_end, first, last)
    else:
        end = first + pd.Timedelta(days=round(length * CALIBRATION_SHARE) - 1)
    return Split(f"{end:%Y-%m-%d}", f"{last:%Y-%m-%d}")


def _read_end(calibration_end: str, first: pd.Timestamp, last: pd.Timestamp) -> pd.Timestamp:
    """Read the end of calibration that was asked for, and refuse one that leaves too little."""
    said = f"CALIBRATION_END = {calibration_end!r}"
    try:
        end = pd.Timestamp(calibration_end).normalize()
    except ValueError as error:
        raise SettingsError(f"{said} must be a date such as 1997-09-30, or empty") from error
    if not first < end < last:
        raise SettingsError(
            f"{said} must lie between the first and the last purchase, {first:%Y-%m-%d} and "
            f"{last:%Y-%m-%d}"
        )
    seen, ahead = (end - first).days + 1, (last - end).days
    if min(seen, ahead) < SHORTEST_PART:
        part = "to learn from" if seen < ahead else "to test on"
        margin = pd.Timedelta(days=SHORTEST_PART)
        raise SettingsError(
            f"{said} leaves {min(seen, ahead)} day{'s' * (min(seen, ahead) > 1)} {part}, "
            f"{SHORTEST_PART} are needed: choose a day from "
            f"{first + margin - pd.Timedelta(days=1):%Y-%m-%d} to {last - margin:%Y-%m-%d}"
        )
    return end


@passes_absence
def sum_revenue(transactions: pd.DataFrame) -> pd.Series:
    """Sum up revenue by customer, in the order of their identifiers.

    Whoever returned more than she bought bought the rest before the ledger begins: her
    revenue is not known, and missing.
    """
    summed = transactions.groupby("customer_id", sort=True)["revenue"].sum()
    return summed.where(summed >= 0)
