"""What is known of customers on an origin: nothing that happened later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.value.warning.origins import Origin, Shop

#: Calendar months: they say how old an origin is, not what a customer does.
CALENDAR = ("first_purchase_month", "registration_month")


class Windows:
    """Purchases and revenue by window of days, each window read once."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._read: dict[tuple[str, str], pd.DataFrame] = {}

    def of(self, since: str, until: str) -> pd.DataFrame:
        """Return ``n_purchases`` and ``revenue`` of who bought in the window."""
        if (since, until) not in self._read:
            found = self._shop.purchases(since=since, until=until)
            none = pd.DataFrame(columns=["n_purchases", "revenue"], dtype="float64")
            bought = none if isinstance(found, NotAvailable) else found[list(none)]
            self._read[since, until] = bought[bought["n_purchases"] > 0].astype("float64")
        return self._read[since, until]

    def sum_up(self, customers: pd.Index, since: str, until: str) -> pd.DataFrame:
        """Return the same of the customers named, 0 for who bought nothing."""
        found = self.of(since, until)
        idle = pd.Series(~customers.isin(found.index), customers)
        return found.reindex(customers).mask(idle, 0.0)


def describe_at(
    shop: Shop, windows: Windows, origin: Origin
) -> tuple[pd.DataFrame, int] | NotAvailable:
    """Describe everybody at risk on an origin: who bought within its last window.

    Returns
    -------
    DataFrame, int
        One row a customer at risk, indexed by customer_id: the features of the look-back,
        then ``recent_*`` and ``earlier_*`` (the last window and the one before, where the
        look-back holds it), ``purchase_trend`` and ``spend_trend`` (their log ratio) and
        ``silence_ratio`` (days since the last purchase by the customer's own mean time
        between purchases); and how many customers bought within the look-back at all.
    """
    known = shop.features(since=origin.look_back, until=origin.day)
    active = windows.of(origin.recent, origin.day).index
    if isinstance(known, NotAvailable) or active.empty:
        return NotAvailable(f"nobody bought from {origin.recent} to {origin.day}")
    at_risk = known.loc[known.index.isin(active)].drop(columns=list(CALENDAR), errors="ignore")
    compared = _compare_windows(windows, origin, at_risk.index)
    return at_risk.assign(**compared, silence_ratio=_relate_silence(at_risk)), len(known)


def _compare_windows(windows: Windows, origin: Origin, customers: pd.Index) -> dict[str, pd.Series]:
    recent = windows.sum_up(customers, origin.recent, origin.day)
    made = {"recent_purchases": recent["n_purchases"], "recent_revenue": recent["revenue"]}
    if origin.before < origin.look_back:
        return made
    last = f"{pd.Timestamp(origin.recent) - pd.Timedelta(days=1):%Y-%m-%d}"
    before = windows.sum_up(customers, origin.before, last)
    return made | {
        "earlier_purchases": before["n_purchases"],
        "earlier_revenue": before["revenue"],
        "purchase_trend": np.log1p(recent["n_purchases"]) - np.log1p(before["n_purchases"]),
        "spend_trend": _log(recent["revenue"]) - _log(before["revenue"]),
    }


def _log(money: pd.Series) -> pd.Series:
    return np.log1p(money.clip(lower=0.0))


def _relate_silence(known: pd.DataFrame) -> pd.Series:
    # No two purchase days are less than a day apart, so the divisor is positive.
    return known["days_since_last_purchase"] / known["mean_days_between_purchases"]
