"""From transactions to a balanced panel: one row a customer and window of equal days."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence
from crmstudy.indicators.orders import COVERAGE_SLACK

DAY = pd.Timedelta(days=1)


@passes_absence
def build_panel(
    transactions: pd.DataFrame,
    *,
    treated_ids: Iterable[str],
    control_ids: Iterable[str],
    campaign_start: str | pd.Timestamp,
    campaign_end: str | pd.Timestamp,
    n_pre: int = 4,
    n_post: int = 1,
    window_days: int | None = None,
    only: pd.Series | None = None,
) -> pd.DataFrame:
    """Sum up each customer's purchases in windows of equal length around a campaign.

    Window 0 begins on the campaign's first day, window -1 ends on the day before.
    Customers without a purchase in a window stand there with 0, so the panel is
    balanced; customers who never bought at all are kept too, since a campaign may
    well address them. The last window may end a few days after the last purchase: see
    :func:`find_reach`.

    Parameters
    ----------
    transactions : DataFrame
        Canonical transactions: ``customer_id``, ``basket_id``, ``ordered_at``, ``revenue``.
    treated_ids, control_ids : iterable of str
        Customers addressed by the campaign, and those compared with them.
    campaign_start, campaign_end : date
        First and last day of the campaign.
    n_pre, n_post : int
        Windows before, and from the first day on.
    window_days : int, optional
        Length of a window; the length of the campaign unless given.
    only : bool Series, optional
        Which transactions are summed up; all unless given. How far the data reach is read
        from all.

    Returns
    -------
    DataFrame
        ``customer_id``, ``period`` (-n_pre .. n_post - 1), ``starts_on``, ``treated``,
        ``post``, ``revenue`` (money in the window), ``n_purchases`` (baskets).

    Raises
    ------
    SettingsError
        If the campaign ends before it starts, or a count is below 1.
    DataError
        If a customer is in both groups, a column is absent, or revenue is missing.
    ModelError
        If a group is empty, or the data do not reach over all windows.
    """
    start, end = pd.Timestamp(campaign_start).normalize(), pd.Timestamp(campaign_end).normalize()
    days = (end - start).days + 1 if window_days is None else window_days
    if days < 1 or min(n_pre, n_post) < 1:
        raise SettingsError(
            f"campaign from {start:%Y-%m-%d} to {end:%Y-%m-%d}, windows of {days} days, "
            f"{n_pre} before and {n_post} after: each must be at least 1"
        )
    treated = _assign_groups(treated_ids, control_ids)
    _require_columns(transactions)
    first = start - n_pre * days * DAY
    _require_reach(transactions["ordered_at"], first, start + n_post * days * DAY - DAY, days=days)
    period = (transactions["ordered_at"] - first) // (days * DAY) - n_pre
    inside = period.between(-n_pre, n_post - 1) & transactions["customer_id"].isin(treated.index)
    if only is not None:
        inside &= only
    return _fill_windows(
        transactions[inside].assign(period=period[inside].astype("int64")),
        treated,
        periods=np.arange(-n_pre, n_post),
        start=start,
        days=days,
    )


def _assign_groups(treated_ids: Iterable[str], control_ids: Iterable[str]) -> pd.Series:
    treated, control = set(treated_ids), set(control_ids)
    if both := treated & control:
        raise DataError(f"customer {min(both)!r} and {len(both) - 1} others are in both groups")
    if not treated or not control:
        raise ModelError(f"{len(treated)} treated and {len(control)} control customers")
    ids = sorted(treated | control)
    return pd.Series([name in treated for name in ids], index=pd.Index(ids, name="customer_id"))


def _require_columns(transactions: pd.DataFrame) -> None:
    for name in ("customer_id", "basket_id", "ordered_at", "revenue"):
        if name not in transactions.columns:
            raise DataError(f"transactions lack the column {name!r}")
        if transactions[name].isna().any():
            raise DataError(f"transactions hold rows without {name}; clean them first")


def find_reach(ordered_at: pd.Series, *, days: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Say from which day to which the purchases tell of windows of so many days.

    A ledger ends with its last purchase, what it tells of may end later: a small firm sells
    nothing on some days, and one of them may be the last. So the days after the last
    purchase are taken for days without one, as many of them as have passed without one
    before, but no more than a week, and never a whole window. A longer silence cannot be
    told from a ledger that was cut off.

    Parameters
    ----------
    ordered_at : Series of Timestamp
        When lines were bought.
    days : int
        Length of a window.

    Returns
    -------
    tuple of Timestamp
        Day of the first purchase, and the last day that a window may have.
    """
    bought = pd.Series(ordered_at.dropna().dt.normalize().unique()).sort_values()
    longest = (bought.diff().max() - DAY).days if len(bought) > 1 else 0
    silent = max(0, min(longest, COVERAGE_SLACK.days, days - 1))
    return bought.iloc[0], bought.iloc[-1] + silent * DAY


def _require_reach(
    ordered_at: pd.Series, first: pd.Timestamp, last: pd.Timestamp, *, days: int
) -> None:
    begin, end = find_reach(ordered_at, days=days)
    if first < begin or last > end:
        bought = ordered_at.max().normalize()
        silence = (
            f" (with the days without a purchase that may follow, to {end:%Y-%m-%d})"
            if last > end > bought
            else ""
        )
        raise ModelError(
            f"the windows reach from {first:%Y-%m-%d} to {last:%Y-%m-%d}, the transactions only "
            f"from {begin:%Y-%m-%d} to {bought:%Y-%m-%d}: take fewer or shorter windows{silence}"
        )


def _fill_windows(
    purchases: pd.DataFrame,
    treated: pd.Series,
    *,
    periods: np.ndarray,
    start: pd.Timestamp,
    days: int,
) -> pd.DataFrame:
    cells = pd.MultiIndex.from_product([treated.index, periods], names=["customer_id", "period"])
    summed = purchases.groupby(["customer_id", "period"]).agg(
        revenue=("revenue", "sum"), n_purchases=("basket_id", "nunique")
    )
    panel = summed.reindex(cells, fill_value=0).reset_index()
    starts = pd.Series([start + int(p) * days * DAY for p in periods], index=periods)
    panel.insert(2, "starts_on", panel["period"].map(starts))
    panel.insert(3, "treated", panel["customer_id"].map(treated))
    panel.insert(4, "post", panel["period"] >= 0)
    return panel
