"""How long customers stay before they lapse for the first time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.value.lifecycle.lapse import WEEK, merge_purchases
from crmstudy.value.lifecycle.stages import Lifecycle

FEWEST = 10  # lapses below which nothing is estimated


@dataclass(frozen=True, eq=False)
class LapseTimes:
    """Weeks from the first purchase to the purchase before the first lapse.

    Parameters
    ----------
    customers : DataFrame indexed by customer_id
        ``entered`` (day of the first purchase), ``weeks`` (to the last purchase before the
        first lapse, or to the end of observation), ``lapsed``, ``returned`` (whether a
        purchase followed the lapse).
    lapse_weeks : int
        Weeks without a purchase that make a lapse.
    until : str
        Last day on which a purchase can be judged: the limit of silence before the end.
    n_late : int
        Customers whose first purchase is later than that; nothing can be said of them.
    n_old : int
        Customers who may have bought before the record began: for them the time counts
        from the first purchase seen.
    """

    customers: pd.DataFrame
    lapse_weeks: int
    until: str
    n_late: int
    n_old: int

    @property
    def n(self) -> int:
        """Customers observed."""
        return len(self.customers)

    @property
    def n_lapsed(self) -> int:
        """Customers who lapsed."""
        return int(self.customers["lapsed"].sum())

    @property
    def n_at_once(self) -> int:
        """Customers who lapsed after their first purchase."""
        return int((self.customers["lapsed"] & (self.customers["weeks"] == 0)).sum())

    @property
    def n_returned(self) -> int:
        """Customers who lapsed and came back."""
        return int(self.customers["returned"].sum())

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether a lapse is an end, and whether the clock starts at the start."""
        returned = self.n_returned / self.n_lapsed if self.n_lapsed else 0.0
        old = self.n_old / self.n
        return (
            Check(
                name="who lapses is gone (share of the lapsed who returned)",
                passed=returned <= 0.1,
                statistic=returned,
                threshold="<= 0.1",
                source="the rule that sets the limit of silence",
                consequence="read lapse as a first long pause, not as the end",
            ),
            Check(
                name="the clock starts at the first purchase (share of customers first seen later)",
                passed=self.n_old == 0,
                statistic=old,
                threshold="0",
                source="customers older than the record have already lasted",
                consequence="times count from the first purchase seen, of customers who had stayed",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Say what became of the customers."""
        rows = [
            ("observed", self.n, f"first purchase by {self.until}"),
            ("lapsed", self.n_lapsed, f"{self.lapse_weeks} weeks without a purchase"),
            ("... after the first purchase", self.n_at_once, "bought on one day before that"),
            ("... and returned", self.n_returned, "the first lapse counts all the same"),
            ("not lapsed", self.n - self.n_lapsed, f"no lapse began by {self.until}"),
            ("not observed", self.n_late, "too late to see whether they lapse"),
        ]
        return pd.DataFrame(rows, columns=["customers who", "customers", "meaning"])

    def to_metrics(self) -> dict[str, float]:
        """Give the counts."""
        return {
            "n": self.n,
            "lapsed": self.n_lapsed,
            "lapsed_at_once": self.n_at_once,
            "returned": self.n_returned,
            "late": self.n_late,
            "old": self.n_old,
        }


@passes_absence
def date_lapses(transactions: pd.DataFrame, lifecycle: Lifecycle) -> LapseTimes:
    """Date each customer's first lapse at the last purchase before it.

    Whether a purchase was the last before a lapse shows only when the limit of silence has
    passed. Observation therefore ends that many weeks before the record does: every purchase
    up to then can be judged, every customer without a lapse by then is censored on the
    same day, and censoring has nothing to do with how often a customer buys.

    Parameters
    ----------
    transactions : DataFrame
        The ledger behind ``lifecycle``.
    lifecycle : Lifecycle
        Gives the limit of silence, and who is older than the record.
    """
    days = merge_purchases(transactions)
    limit = lifecycle.lapse.days
    until = days.last_day - limit
    first = days.day[days.starts]
    lapses = np.flatnonzero(days.silence >= limit)
    owner, which = np.unique(days.customer[lapses], return_index=True)
    event = np.full(len(days.customers), -1, np.int64)
    event[owner] = lapses[which]
    lapsed = event >= 0
    end = np.where(lapsed, days.day[event], until)
    returned = lapsed & ~days.is_last[event]
    observed = first <= until
    frame = pd.DataFrame(
        {
            "entered": first.astype("datetime64[D]").astype("datetime64[s]"),
            "weeks": (end - first) / WEEK,
            "lapsed": lapsed,
            "returned": returned,
        },
        index=pd.Index(days.customers, name="customer_id"),
    )
    return LapseTimes(
        customers=frame[observed],
        lapse_weeks=lifecycle.lapse.weeks,
        until=str(np.datetime64(int(until), "D")),
        n_late=int((~observed).sum()),
        n_old=int((lifecycle.origins.old[:, 0] & observed).sum()),
    )


def require_lapses(times: LapseTimes) -> None:
    """Refuse to estimate from next to no lapses.

    Raises
    ------
    ModelError
        If fewer than ten customers lapsed.
    """
    if times.n_lapsed < FEWEST:
        raise ModelError(
            f"{times.n_lapsed} of {times.n} {'customer' if times.n == 1 else 'customers'} lapsed; "
            f"{FEWEST} lapses are needed to estimate a time to lapse"
        )
