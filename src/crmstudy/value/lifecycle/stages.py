"""In which stage of the relationship each customer stands, period by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest
from crmstudy.value.lifecycle.lapse import LapseRule, PurchaseDays, merge_purchases
from crmstudy.value.lifecycle.origins import Origins, trace_origins
from crmstudy.value.lifecycle.periods import Calendar, plan_calendar

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

#: Stages in the order of a relationship, and the rule of each.
RULES = {
    "prospect": "registered or a lead, and no purchase yet",
    "new": "first purchase in this period",
    "reactivated": "lost at the end of the period before, and bought in this one",
    "stable-growing": "daily {measure} at least {more:.3g} times that of the own past",
    "stable-mature": "daily {measure} between the two, or a past too short to compare with",
    "declining": "daily {measure} at most {less:.3g} times that of the own past, or no purchase",
    "lost": "no purchase in the last {weeks} at the end of the period",
}
STAGES = tuple(RULES)
PROSPECT, NEW, REACTIVATED, GROWING, MATURE, DECLINING, LOST = range(len(STAGES))
#: No stage: not a customer yet, or known from before the record and not seen for long enough.
NONE, NOT_TOLD = -1, -2
UNTOLD = "not told"

#: The own past: at most a year before the period, so that all seasons count alike ...
PAST_DAYS = 364
#: ... and at least four whole weeks, so that every weekday does.
SHORTEST_PAST = 28
MEASURES = ("spend", "purchases")


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """The stage of every customer in every period.

    Parameters
    ----------
    customers : Index
        Those who bought, then prospects who never did.
    codes : array of shape (n_customers, n_periods)
        Place in ``STAGES``; below 0 where a customer has no stage.
    calendar : Calendar
        The periods.
    lapse : LapseRule
        When silence is a lapse.
    measure : str
        "spend" or "purchases": what is compared with the own past.
    change : float
        Share lost from which on a customer declines; growth is its mirror image.
    origins : Origins
        Who was a customer before the record began.
    """

    customers: pd.Index
    codes: Codes
    calendar: Calendar
    lapse: LapseRule
    measure: str
    change: float
    origins: Origins

    @property
    def until(self) -> str:
        """Last day of the last period."""
        return str(np.datetime64(int(self.calendar.stop[-1]), "D"))

    @property
    def n(self) -> int:
        """Customers and prospects with a stage in some period."""
        return int((self.codes >= 0).any(axis=1).sum())

    @property
    def n_periods(self) -> int:
        """How many periods there are."""
        return self.codes.shape[1]

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether silence, first purchases and periods mean what they are taken for."""
        return (*self.lapse.checks, *self.origins.checks)

    def rules(self) -> pd.DataFrame:
        """Print the rule of each stage; the first that holds, in this order, decides."""
        weeks = self.lapse.weeks
        words = {
            "measure": self.measure,
            "more": 1 / (1 - self.change),
            "less": 1 - self.change,
            "weeks": f"{weeks} week" if weeks == 1 else f"{weeks} weeks",
        }
        order = ("prospect", "new", "reactivated", "lost", "stable-growing", "declining")
        return pd.DataFrame(
            [
                {"stage": stage, "rule": RULES[stage].format(**words)}
                for stage in (*order, "stable-mature")
            ]
        )

    def last(self) -> pd.Series:
        """Give the stage of each customer at the end of the last period, prospects included."""
        return self.by_customer().iloc[:, -1].dropna()

    def by_customer(self) -> pd.DataFrame:
        """Arrange stages by customer (rows) and period; missing where there is none."""
        names = np.array([*STAGES, None, None], dtype=object)
        return pd.DataFrame(
            names[self.codes.astype(np.int64)],
            index=self.customers,
            columns=pd.Index(self.calendar.labels, name="period"),
        )

    def counts(self) -> pd.DataFrame:
        """Count customers by period (rows) and stage, ``not told`` last."""
        rows = [
            [int((column == place).sum()) for place in (*range(len(STAGES)), NOT_TOLD)]
            for column in self.codes.T
        ]
        index = pd.Index(self.calendar.labels, name="period")
        return pd.DataFrame(rows, index=index, columns=[*STAGES, UNTOLD])

    def shares(self) -> pd.DataFrame:
        """Divide the counts of each period by all who have a stage in it."""
        counts = self.counts()[list(STAGES)]
        totals = counts.sum(axis=1)
        return counts.div(totals.where(totals > 0), axis=0)

    def table(self) -> pd.DataFrame:
        """Arrange customers by period and stage; stages that nobody reached are left out."""
        counts = self.counts()
        reached = counts.loc[:, counts.sum() > 0]
        days = pd.Series(self.calendar.days, index=counts.index)
        return reached.assign(**{"days recorded": days})[["days recorded", *reached]].reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give the size of the study, the rule, and the shares of the last period."""
        last = self.shares().iloc[-1]
        shares = {
            f"share_{str(stage).replace('-', '_')}": float(share)
            for stage, share in last.items()
            if pd.notna(share)
        }
        return {
            "n": self.n,
            "periods": self.n_periods,
            "change": self.change,
            **self.lapse.to_metrics(),
            **shares,
        }


def stage_customers(
    transactions: pd.DataFrame | PurchaseDays,
    lapse: LapseRule,
    *,
    period: str = "quarter",
    change: float = 0.5,
    measure: str = "",
    customers: pd.DataFrame | NotAvailable | None = None,
    leads: pd.DataFrame | NotAvailable | None = None,
) -> Lifecycle:
    """Tell the stage of every customer in every calendar period by a stated rule.

    The rule looks at purchases up to the end of the period only. A customer's own past is
    what was bought in the 364 days before the period, counted from the day after the first
    purchase or after the return from a lapse: these days were chosen because there was a
    purchase, and would make every past look busier than it was. A past of less than 28
    days is not compared with.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
        Columns ``customer_id``, ``ordered_at`` and, if known, ``revenue``.
    lapse : LapseRule
        From :func:`~crmstudy.value.lifecycle.lapse.choose_lapse`.
    period : {"month", "quarter"}
        Length of a period.
    change : float
        Share between 0 and 1: who loses so much of the own past declines, who reaches the
        past over one less this share grows.
    measure : {"", "spend", "purchases"}
        What is compared; empty takes spend where every amount is known.
    customers, leads : DataFrame, optional
        With ``customer_id`` and ``registered_on`` or ``created_on``; they tell prospects,
        and who was a customer before the record began.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    ModelError
        If nobody bought, or no period is recorded as a whole.
    """
    if not 0 < change < 1:
        raise SettingsError(f"change = {change}: a share between 0 and 1 is needed")
    days = merge_purchases(transactions)
    calendar = plan_calendar(days.first_day, days.last_day, unit=period)
    measure = _choose_measure(measure, days)
    amounts = days.spend if measure == "spend" else np.ones(days.day.size)
    origins = trace_origins(days, calendar, lapse, customers=customers, leads=leads)
    history = _follow(days, calendar, lapse)
    past, past_days = _own_past(days, calendar, amounts, history["anchor"])
    rate = _sum_by_period(days, calendar, amounts) / calendar.days
    codes = _decide(history, rate, past, past_days, calendar, lapse, change)
    codes[origins.old & history["first"]] = NOT_TOLD
    known = _mark_prospects(codes, history["bought"], origins, calendar)
    return Lifecycle(
        customers=days.customers.append(origins.prospects),
        codes=known,
        calendar=calendar,
        lapse=lapse,
        measure=measure,
        change=change,
        origins=origins,
    )


def _choose_measure(measure: str, days: PurchaseDays) -> str:
    if measure and measure not in MEASURES:
        raise SettingsError(
            f"measure = {measure!r}: allowed are {', '.join(MEASURES)}{nearest(measure, MEASURES)}"
        )
    unknown = int(np.isnan(days.spend).sum())
    if measure == "spend" and unknown:
        raise ModelError(f"{unknown} purchases have no amount: compare purchases, not spend")
    return measure or ("purchases" if unknown else "spend")


def _periods_of(days: PurchaseDays, calendar: Calendar) -> NDArray[np.int64]:
    """Number the period of each purchase: 0 before the first, n_periods + 1 after the last."""
    place = np.searchsorted(calendar.start, days.day, side="right")
    return np.where(days.day > calendar.stop[-1], len(calendar.labels) + 1, place)


def _sum_by_period(days: PurchaseDays, calendar: Calendar, values: Floats) -> Floats:
    wide = len(calendar.labels) + 2
    cell = days.customer * wide + _periods_of(days, calendar)
    sums = np.bincount(cell, weights=values, minlength=len(days.customers) * wide)
    return sums.astype(np.float64).reshape(-1, wide)[:, 1:-1]


def _latest(days: PurchaseDays, calendar: Calendar, chosen: NDArray[np.bool_]) -> Floats:
    """Find the last chosen purchase day up to the end of each period, the time before first."""
    wide = len(calendar.labels) + 2
    cell = (days.customer * wide + _periods_of(days, calendar))[chosen]
    latest = np.full(len(days.customers) * wide, -np.inf)
    # Purchases are sorted by day within a customer: the last one written is the latest.
    latest[cell] = days.day[chosen]
    return np.maximum.accumulate(latest.reshape(-1, wide), axis=1)


def _follow(days: PurchaseDays, calendar: Calendar, lapse: LapseRule) -> dict[str, Any]:
    """Say what each customer did in each period, and where she stood at its end."""
    bought = _sum_by_period(days, calendar, np.ones(days.day.size)) > 0
    last = _latest(days, calendar, np.ones(days.day.size, bool))
    silence = calendar.stop - last[:, 1:-1]
    lost_before = np.pad(silence >= lapse.days, ((0, 0), (1, 0)))[:, :-1]
    first = days.day[days.starts][:, None]
    known = first <= calendar.stop
    returned = bought & lost_before & (first < calendar.start)
    spell = _latest(days, calendar, _opens(days, calendar, returned))
    return {
        "bought": bought,
        "first": known & (first >= calendar.start),
        "known": known,
        "returned": returned,
        "silence": silence,
        "anchor": spell[:, :-2],
    }


def _opens(
    days: PurchaseDays, calendar: Calendar, returned: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mark the purchases that open a relationship: the first one, and that of a return."""
    period = _periods_of(days, calendar)
    opens = np.zeros(days.day.size, bool)
    opens[days.starts] = True
    cell = days.customer * (len(calendar.labels) + 2) + period
    leads = np.diff(cell, prepend=-1) != 0
    inside = (period > 0) & (period <= len(calendar.labels))
    came_back = returned[days.customer[inside], period[inside] - 1]
    opens[np.flatnonzero(inside)[came_back & leads[inside]]] = True
    return opens


def _own_past(
    days: PurchaseDays, calendar: Calendar, amounts: Floats, anchor: Floats
) -> tuple[Floats, Floats]:
    """Sum up each customer's past before each period, and the days it covers."""
    origin, reach = days.first_day - PAST_DAYS - 2, int(days.length + 2 * PAST_DAYS + 4)
    key = days.customer * reach + (days.day - origin)
    total = np.concatenate([[0.0], np.cumsum(amounts)])
    since = np.maximum(np.where(np.isfinite(anchor), anchor + 1, 0), calendar.start - PAST_DAYS)
    since = np.minimum(since, calendar.start)
    owner = np.arange(len(days.customers))[:, None] * reach
    begin, end = (
        np.searchsorted(key, (owner + (day - origin)).astype(np.int64))
        for day in (since, np.broadcast_to(calendar.start, since.shape))
    )
    covered = np.where(np.isfinite(anchor), calendar.start - since, 0)
    return np.where(begin < end, total[end] - total[begin], 0.0), covered.astype(np.float64)


def _decide(
    history: dict[str, Any],
    rate: Floats,
    past: Floats,
    past_days: Floats,
    calendar: Calendar,
    lapse: LapseRule,
    change: float,
) -> Codes:
    """Apply the rules; what stands later in the code decides first."""
    usual = past / np.maximum(past_days, 1)
    compared = past_days >= SHORTEST_PAST
    # Sums of money in another order must not decide: a hair's breadth counts as reached.
    tiny = 1e-9 * (usual + rate)
    codes = np.full(rate.shape, MATURE, np.int8)
    codes[compared & (rate <= (1 - change) * usual + tiny)] = DECLINING
    codes[compared & (rate >= usual / (1 - change) - tiny) & (rate > 0)] = GROWING
    codes[~history["bought"]] = DECLINING
    codes[history["silence"] >= lapse.days] = LOST
    codes[history["returned"]] = REACTIVATED
    codes[history["first"]] = NEW
    codes[~history["known"]] = NONE
    return codes


def _mark_prospects(
    codes: Codes, bought: NDArray[np.bool_], origins: Origins, calendar: Calendar
) -> Codes:
    """Add those who never bought, and mark buyers who were known before they did."""
    waiting = (codes == NONE) & (origins.known_day[:, None] <= calendar.stop)
    codes = np.where(waiting, np.int8(PROSPECT), codes)
    never = np.where(origins.prospect_day[:, None] <= calendar.stop, PROSPECT, NONE)
    return np.concatenate([codes, never.astype(np.int8)])
