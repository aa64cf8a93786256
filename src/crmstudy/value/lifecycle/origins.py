"""Who was a customer, or a prospect, before the first purchase that the ledger shows?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable
from crmstudy.value.lifecycle.lapse import LapseRule, PurchaseDays
from crmstudy.value.lifecycle.periods import Calendar

NEVER = np.inf
#: Customers first seen in the first third of the first period, for one in its last third.
MANY = 2.0
SURE = 0.01


@dataclass(frozen=True, eq=False)
class Origins:
    """What is known of customers before their first recorded purchase.

    Parameters
    ----------
    known_day : array of shape (n_buyers,)
        Day on which a buyer registered or became a lead, infinite where nothing tells.
    prospects : Index
        Registered persons and leads who never bought.
    prospect_day : array of shape (n_prospects,)
        Day on which they became known.
    old : boolean array of shape (n_buyers, 1)
        Buyers who may have bought before the record began, so that their first recorded
        purchase tells nothing.
    told_by : str
        "registrations" or "the stream of first purchases".
    checks : tuple of Check
        Whether first recorded purchases are first purchases.
    """

    known_day: NDArray[np.float64]
    prospects: pd.Index
    prospect_day: NDArray[np.float64]
    old: NDArray[np.bool_]
    told_by: str
    checks: tuple[Check, ...]

    @property
    def n_old(self) -> int:
        """Buyers who may have bought before the record began."""
        return int(self.old.sum())


def trace_origins(
    days: PurchaseDays,
    calendar: Calendar,
    lapse: LapseRule,
    *,
    customers: pd.DataFrame | NotAvailable | None = None,
    leads: pd.DataFrame | NotAvailable | None = None,
) -> Origins:
    """Tell prospects, and customers who may be older than the record.

    Where registrations are known they decide. Else the stream of customers seen for the
    first time does: new customers come evenly, old ones all show up at once when a record
    begins. If more than twice as many are first seen in the first third of the first
    period as in its last third (one-sided binomial test at 1%), those first seen within
    the limit of silence after the record began may be old. Customers whose purchases lie
    far apart show up evenly too; the ledger cannot tell them from new ones.
    """
    registered = _known_days([(customers, "registered_on")])
    known = _known_days([(customers, "registered_on"), (leads, "created_on")])
    everyone = known.reindex(days.customers).to_numpy(np.float64)
    strangers = known.index.difference(days.customers, sort=True)
    first = days.day[days.starts]
    early = first < days.first_day + lapse.days
    joined = registered.reindex(days.customers).to_numpy(np.float64)
    evenly = _check_stream(first, calendar)
    told = ~np.isnan(joined)
    old = early & np.where(told, joined < days.first_day, not evenly.passed)
    return Origins(
        known_day=np.where(np.isnan(everyone), NEVER, everyone),
        prospects=strangers,
        prospect_day=known.reindex(strangers).to_numpy(np.float64),
        old=old[:, None],
        told_by="registrations" if told.all() else "the stream of first purchases",
        checks=(_check_origins(old, evenly, all_told=bool(told.all())),),
    )


def _known_days(
    sources: Iterable[tuple[pd.DataFrame | NotAvailable | None, str]],
) -> pd.Series:
    """Find the earliest day on which each person was known; a lead without a customer is one."""
    parts = []
    for frame, column in sources:
        if frame is None or isinstance(frame, NotAvailable) or column not in frame:
            continue
        person = frame["customer_id"].astype("str")
        if "lead_id" in frame:
            person = person.where(frame["customer_id"].notna(), "lead " + frame["lead_id"])
        day = frame[column].to_numpy("datetime64[D]")
        known = ~np.isnat(day)
        parts.append(pd.Series(day[known].astype(np.float64), index=person[known].to_numpy()))
    if not parts:
        return pd.Series([], index=pd.Index([], dtype="str"), dtype=np.float64)
    return pd.concat(parts).groupby(level=0, sort=True).min()


def _check_stream(first: NDArray[np.int64], calendar: Calendar) -> Check:
    from scipy.stats import binomtest

    third = max(int(calendar.days[0]) // 3, 1)
    opening = int(((first >= calendar.start[0]) & (first < calendar.start[0] + third)).sum())
    closing = int(((first <= calendar.stop[0]) & (first > calendar.stop[0] - third)).sum())
    both = opening + closing
    sure = both > 0 and binomtest(opening, both, alternative="greater").pvalue < SURE
    ratio = opening / closing if closing else (np.inf if opening else 0.0)
    return Check(
        name="customers first seen come evenly (first third of the first period over its last)",
        passed=not (sure and ratio > MANY),
        statistic=ratio,
        threshold=f"<= {MANY:.0f}, or not detectably more (binomial test at 1%)",
        source="old customers all show up when a record begins, new ones come evenly",
        consequence="who is first seen early has no stage in that period, and is not called new",
    )


def _check_origins(old: NDArray[np.bool_], evenly: Check, *, all_told: bool) -> Check:
    if not all_told:
        return evenly
    n = int(old.sum())
    return Check(
        name="buyers registered within the record (those registered before and seen early)",
        passed=not n,
        statistic=float(n),
        threshold="0 customers",
        source="registrations",
        consequence="these have no stage in their first period, and are not called new",
    )
