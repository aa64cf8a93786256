"""When is silence a lapse? Purchase days, the gaps between them, and a limit from the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check
from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.value.histories.purchases import _merge_days, _usable_rows

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

#: Share of the returns that must come before silence counts as a lapse.
RETURNED = 0.9
#: Returns are judged within this share of the recorded time: longer gaps are hardly ever seen.
WITHIN = 0.5
WEEK = 7
TRIED = (0.5, 0.75, 0.8, 0.9, 0.95)


@dataclass(frozen=True, eq=False)
class PurchaseDays:
    """Days on which customers bought, sorted by customer and day.

    Parameters
    ----------
    customers : Index
        Those who bought, in the order of their identifiers.
    customer, day : integer arrays of shape (n_purchases,)
        Place in ``customers``, and days since 1970-01-01.
    spend : array of shape (n_purchases,)
        Money of the day, NaN where an amount is not known.
    first_day, last_day : int
        The days between which the ledger records.
    """

    customers: pd.Index
    customer: Days
    day: Days
    spend: Floats
    first_day: int
    last_day: int

    @property
    def length(self) -> int:
        """Days recorded."""
        return self.last_day - self.first_day + 1

    @property
    def starts(self) -> Days:
        """Place of each customer's first purchase."""
        return np.flatnonzero(np.diff(self.customer, prepend=-1))

    @property
    def silence(self) -> Days:
        """Days without a purchase after each purchase, up to the next one or to the end."""
        following = np.append(self.day[1:], self.last_day + 1)
        return np.where(self.is_last, self.last_day + 1, following) - self.day - 1

    @property
    def is_last(self) -> NDArray[np.bool_]:
        """Whether no later purchase of the customer is recorded."""
        return np.diff(self.customer, append=-1) != 0


def merge_purchases(transactions: pd.DataFrame | PurchaseDays) -> PurchaseDays:
    """Merge the lines of a ledger into purchase days, as the purchase models do.

    Rows of negative revenue are returns and no purchases; rows without a customer or a
    date are left out. What is merged already comes back as it is.

    Raises
    ------
    ModelError
        If nobody bought anything.
    """
    if isinstance(transactions, PurchaseDays):
        return transactions
    last = transactions["ordered_at"].max()
    end = 0 if pd.isna(last) else int(last.to_datetime64().astype("datetime64[D]").astype(np.int64))
    ids, rows, _ = _usable_rows(transactions, end)
    purchases = _merge_days(rows)
    if not purchases["day"].size:
        raise ModelError("nobody bought anything: there is no life to follow")
    found, customer = np.unique(purchases["customer"], return_inverse=True)
    return PurchaseDays(
        customers=ids.take(found),
        customer=customer.astype(np.int64),
        day=purchases["day"].astype(np.int64),
        spend=purchases["spend"].astype(np.float64),
        first_day=int(purchases["day"].min()),
        last_day=end,
    )


@dataclass(frozen=True, eq=False)
class LapseRule:
    """After how many weeks without a purchase a customer counts as lost.

    Parameters
    ----------
    weeks : int
        The limit.
    given : bool
        Whether it was given; else it comes from the gaps.
    curve : DataFrame
        ``weeks`` since a purchase and ``share of returns`` that have come by then, of those
        that come within half of the recorded time.
    later : float
        Share of these returns that come after the limit: customers called lost who return.
    returned : float
        Share of purchases, each customer weighing the same, that are followed by another
        within half of the recorded time.
    n_customers, n_gaps : int
        Customers with a purchase, and gaps between two purchases of one customer.
    tried : DataFrame
        Weeks by which a share of the returns has come, customers weighing the same and
        gaps weighing the same.
    """

    weeks: int
    given: bool
    curve: pd.DataFrame
    later: float
    returned: float
    n_customers: int
    n_gaps: int
    tried: pd.DataFrame

    @property
    def days(self) -> int:
        """The limit in days."""
        return WEEK * self.weeks

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether few customers called lost return."""
        return (
            Check(
                name="few returns come after the limit of silence (share of returns)",
                passed=self.later <= 1 - RETURNED + 1e-12,
                statistic=self.later,
                threshold=f"<= {1 - RETURNED:.1f}",
                source="the rule that sets the limit where none is given",
                consequence="many of the lost come back: read reactivated beside lost",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Arrange the weeks by which shares of the returns have come, both ways of weighing."""
        return self.tried.copy()

    def to_metrics(self) -> dict[str, float]:
        """Give the limit and what it costs."""
        return {
            "lapse_weeks": self.weeks,
            "lapse_given": int(self.given),
            "returns_later": self.later,
            "returned": self.returned,
            "n_gaps": self.n_gaps,
        }


@passes_absence
def choose_lapse(transactions: pd.DataFrame | PurchaseDays, *, lapse_weeks: int = 0) -> LapseRule:
    """Choose after how many weeks without a purchase a customer counts as lost.

    Without a given number the limit is the smallest whole number of weeks by which nine in
    ten returns have come. The times from a purchase to the next are estimated by the
    product-limit estimator for recurrent events: every customer weighs the same, the open
    last gap of customers who came back is left out, for long gaps are the ones that a
    record cuts off (Wang & Chang, 1999), and that of one-time buyers is censored. Returns
    later than half of the recorded time are not judged: most customers are not watched
    for so long.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
        Columns ``customer_id``, ``ordered_at`` and, if known, ``revenue``.
    lapse_weeks : int
        The limit; 0 asks the data.

    Raises
    ------
    SettingsError
        If the number of weeks is negative.
    ModelError
        If nobody came back, or the limit is longer than the record.

    References
    ----------
    Wang, M.-C., & Chang, S.-H. (1999). Nonparametric estimation of a recurrent survival
    function. J. American Statistical Association, 94(445), 146-153.
    """
    if lapse_weeks < 0:
        raise SettingsError(f"lapse_weeks = {lapse_weeks}: give 0 or more weeks")
    days = merge_purchases(transactions)
    repeat = int((~days.is_last).sum())
    if not lapse_weeks and not repeat:
        raise ModelError(
            "nobody bought twice, so that no gap tells how long silence may last; give LAPSE_WEEKS"
        )
    if lapse_weeks * WEEK >= days.length:
        raise ModelError(
            f"the record is {days.length / WEEK:.1f} weeks long: after {lapse_weeks} weeks "
            "without a purchase nobody in it could be lost; give fewer LAPSE_WEEKS"
        )
    even, pooled = _returns(days, even=True), _returns(days, even=False)
    weeks = lapse_weeks or min(_weeks_by(even, RETURNED), (days.length - 1) // WEEK)
    if not weeks:
        raise ModelError(f"the record of {days.length} days is too short to tell who is lost")
    gaps, incidence = even
    by_limit = _share_by(gaps, incidence, weeks * WEEK)
    whole = float(incidence[-1]) if incidence.size else 0.0
    return LapseRule(
        weeks=weeks,
        given=bool(lapse_weeks),
        curve=_curve(even),
        later=1 - by_limit / whole if whole else 0.0,
        returned=whole,
        n_customers=len(days.customers),
        n_gaps=repeat,
        tried=_tabulate(even, pooled),
    )


def _returns(days: PurchaseDays, *, even: bool) -> tuple[Floats, Floats]:
    """Estimate the share of purchases followed by another within so many days."""
    gap = days.silence + 1
    returned = ~days.is_last
    size = np.bincount(days.customer)[days.customer] - 1
    weight = 1.0 / np.maximum(size, 1) if even else np.ones(gap.size)
    kept = returned | (size == 0) if even else np.ones(gap.size, bool)
    longest = max(int(days.length * WITHIN), 1)
    time, which = np.unique(gap[kept], return_inverse=True)
    events = np.bincount(which, weights=(weight * returned)[kept])
    at_risk = np.cumsum(np.bincount(which, weights=weight[kept])[::-1])[::-1]
    incidence = 1 - np.cumprod(1 - events / at_risk)
    told = (time <= longest) & (events > 0)
    return time[told].astype(np.float64), incidence[told].astype(np.float64)


def _share_by(gaps: Floats, incidence: Floats, day: float) -> float:
    place = int(np.searchsorted(gaps, day, side="right"))
    return float(incidence[place - 1]) if place else 0.0


def _weeks_by(returns: tuple[Floats, Floats], share: float) -> int:
    """Find the whole weeks by which a share of the returns has come; 0 where none came."""
    gaps, incidence = returns
    if not gaps.size:
        return 0
    place = int(np.argmax(incidence >= share * incidence[-1] - 1e-12))
    return int(np.ceil(gaps[place] / WEEK))


def _curve(returns: tuple[Floats, Floats]) -> pd.DataFrame:
    gaps, incidence = returns
    shares = incidence / incidence[-1] if incidence.size else incidence
    return pd.DataFrame(
        {
            "weeks": np.concatenate([[0.0], gaps / WEEK]),
            "share of returns": np.concatenate([[0.0], shares]),
        }
    )


def _tabulate(even: tuple[Floats, Floats], pooled: tuple[Floats, Floats]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "share of returns": TRIED,
            "weeks, every customer weighing the same": [_weeks_by(even, q) for q in TRIED],
            "weeks, every gap weighing the same": [_weeks_by(pooled, q) for q in TRIED],
        }
    )
