"""What a contact costs and what it may save."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.warning.data import Target, WarningData
from crmstudy.value.warning.origins import Origin

Floats = npt.NDArray[np.float64]

STAGE = 122
LIMITS = (0.025, 0.975)
WEEKS_A_YEAR = 365.25 / 7


@dataclass(frozen=True)
class ContactTerms:
    """Terms of contacting a customer at risk.

    Parameters
    ----------
    contact_cost : float
        Currency a contact.
    rescue_share : float
        Share of the customers about to leave whom a contact keeps: an assumption.
    margin : float
        Profit in a unit of revenue.
    weeks_now, weeks_later : float
        Discounted weeks of the horizon, within the window foretold and after it.
    look_back_weeks : int
        Weeks over which a customer's spend is averaged.
    lost_now : float
        Share of a customer's usual spend that is lost in the window with the event: all of
        it with a lapse.
    lost_share, lost_lower, lost_upper : float
        Share of it that is lost after the window, compared with customers without the
        event. With its 95% interval.
    lost_rule : str
        Where it comes from.
    """

    contact_cost: float
    rescue_share: float
    margin: float
    weeks_now: float
    weeks_later: float
    look_back_weeks: int
    lost_now: float
    lost_share: float
    lost_lower: float
    lost_upper: float
    lost_rule: str

    def value_saved(self, features: pd.DataFrame) -> Floats:
        """Value a rescue: usual margin a week, times the weeks of it that would be lost."""
        revenue = features["revenue"].to_numpy(dtype=np.float64, na_value=np.nan)
        a_week = np.maximum(np.nan_to_num(revenue), 0.0) / self.look_back_weeks
        weeks = self.weeks_now * self.lost_now + self.weeks_later * self.lost_share
        return a_week * self.margin * weeks

    def expect_profit(self, chances: Floats, values: Floats) -> Floats:
        """Expect from a contact: chance x rescue share x value saved - cost."""
        return chances * self.rescue_share * values - self.contact_cost

    def table(self) -> pd.DataFrame:
        """The terms one by one."""
        rows = [
            ("cost of a contact", self.contact_cost, "assumed"),
            ("share of leaving customers whom a contact keeps", self.rescue_share, "assumed"),
            ("margin", self.margin, "observed where costs are known, else assumed"),
            ("discounted weeks in the window", self.weeks_now, "horizon"),
            ("discounted weeks after it", self.weeks_later, "horizon"),
            ("share of usual spend lost in the window", self.lost_now, self.lost_rule),
            ("share of usual spend lost after it", self.lost_share, self.lost_rule),
            ("the same, from", self.lost_lower, "95% interval"),
            ("the same, to", self.lost_upper, "95% interval"),
        ]
        return pd.DataFrame(rows, columns=["term", "value", "source"])

    def to_metrics(self) -> dict[str, float]:
        """The share lost, with its limits."""
        return {
            "lost_share": self.lost_share,
            "lost_share_lower": self.lost_lower,
            "lost_share_upper": self.lost_upper,
        }


@passes_absence
def price_contacts(
    data: WarningData,
    *,
    contact_cost: float,
    rescue_share: float,
    margin: float,
    horizon_weeks: float,
    annual_discount_rate: float = 0.0,
    target: Target = "lapse",
    seed: int,
    n_replicates: int = 200,
) -> ContactTerms:
    """Set the terms of a contact, and learn how much a lapse costs later on.

    Who lapses in one window often comes back in the next, and then a rescue saves less than
    all that is to come. The training origins show how much less: what customers with the
    event spent from the end of their window to the test day, as a share of what they used
    to spend, compared with that share of customers without it. That it stays so over the
    rest of the horizon, and that a rescued customer goes on like those without the event,
    is assumed.

    Parameters
    ----------
    data : WarningData
        The origins.
    contact_cost, rescue_share, margin : float
        As in :class:`ContactTerms`.
    horizon_weeks, annual_discount_rate : float
        How far ahead value counts, and what a year of waiting takes off it.
    target : {"lapse", "drop"}
        The event.
    seed, n_replicates : int
        Of the bootstrap over customers.

    Raises
    ------
    SettingsError
        If a term is out of its range.
    ModelError
        If the data have no amounts.
    """
    _check_terms(contact_cost, rescue_share, margin, horizon_weeks)
    if not data.features[data.plan.test.day]["revenue"].gt(0).any():
        raise ModelError("what a contact saves cannot be priced: the purchases have no amounts")
    now, later = _discount(horizon_weeks, data.plan.weeks, annual_discount_rate)
    lost_now, sums = _sum_spend(data, target)
    share, lower, upper, rule = _learn_loss(sums, seed=seed, n_replicates=n_replicates)
    return ContactTerms(
        contact_cost=contact_cost,
        rescue_share=rescue_share,
        margin=margin,
        weeks_now=now,
        weeks_later=later,
        look_back_weeks=data.plan.look_back_weeks,
        lost_now=lost_now,
        lost_share=share,
        lost_lower=lower,
        lost_upper=upper,
        lost_rule=rule,
    )


def _discount(horizon: float, window: int, annual_rate: float) -> tuple[float, float]:
    """Add up the weeks of the horizon at their value today, in the window and after it."""
    week = np.arange(int(np.ceil(horizon)))
    worth = np.minimum(horizon - week, 1.0) * (1 + annual_rate) ** (-(week + 0.5) / WEEKS_A_YEAR)
    return float(worth[week < window].sum()), float(worth[week >= window].sum())


def match_values(values: pd.Series, features: pd.DataFrame) -> Floats:
    """Put values saved, by customer, into the order of the features.

    Raises
    ------
    DataError
        If a customer at risk has none.
    """
    found = values.reindex(features.index).astype("float64")
    if found.isna().any():
        lacking = found.index[found.isna()][0]
        raise DataError(
            f"no value saved is given for {lacking!r}; every customer at risk needs one"
        )
    return np.asarray(found, dtype=np.float64)


def _check_terms(cost: float, rescue: float, margin: float, horizon: float) -> None:
    for name, value, fits, allowed in (
        ("contact_cost", cost, cost >= 0, "0 or more"),
        ("rescue_share", rescue, 0 < rescue <= 1, "above 0, up to 1"),
        ("margin", margin, 0 < margin <= 1, "above 0, up to 1"),
        ("horizon_weeks", horizon, horizon > 0, "above 0"),
    ):
        if not fits:
            raise SettingsError(f"{name} = {value!r}; allowed: {allowed}")


def _learn_loss(
    sums: Floats | None, *, seed: int, n_replicates: int
) -> tuple[float, float, float, str]:
    if sums is None:
        return 1.0, 1.0, 1.0, "assumed: no window follows that could tell"
    generator = np.random.default_rng(draw_seeds(seed, stage=STAGE, n=1)[0])
    n = len(sums)
    drawn = [
        _relate(np.bincount(generator.integers(n, size=n), minlength=n) @ sums)
        for _ in range(n_replicates)
    ]
    known = [value for value in drawn if np.isfinite(value)]
    lower, upper = np.quantile(known, LIMITS) if known else (0.0, 1.0)
    return _relate(sums.sum(axis=0)), float(lower), float(upper), "learnt from training origins"


def _sum_spend(data: WarningData, target: Target) -> tuple[float, Floats | None]:
    """Sum up spend after the training origins, of those with the event and those without.

    Returns
    -------
    float
        Share of usual spend lost in the window by those with the event.
    array of shape (n_customers, 4), or None
        After the window: spent and usual with the event, spent and usual without.
    """
    frames = [_relate_spend(data, origin, target) for origin in data.plan.observed[:-1]]
    rows = pd.concat(frames)
    in_window = rows[["now", "usual now"]].sum()
    lost_now = 1 - in_window["now"] / in_window["usual now"] if in_window["usual now"] > 0 else 1.0
    sums = rows.drop(columns=["now", "usual now"]).dropna().groupby(level=0).sum()
    # In an order of content, so that the names of customers decide nothing.
    found = sums.sort_values(list(sums.columns)).to_numpy(dtype=np.float64)
    known = len(found) > 0 and np.isfinite(_relate(found.sum(axis=0)))
    return float(np.clip(lost_now, 0.0, 1.0)), found if known else None


def _relate_spend(data: WarningData, origin: Origin, target: Target) -> pd.DataFrame:
    outcome = data.outcomes[origin.day]
    event, later = outcome[target], outcome["later_revenue"]
    weeks = (pd.Timestamp(data.plan.test.day) - pd.Timestamp(origin.until)).days / 7
    revenue = data.features[origin.day]["revenue"].astype("float64").clip(lower=0.0)
    a_week = revenue / data.plan.look_back_weeks
    return pd.DataFrame(
        {
            "now": outcome["revenue"] * event,
            "usual now": a_week * data.plan.weeks * event,
            "spent with": later * event,
            "usual with": a_week * weeks * event,
            "spent without": later * (1 - event),
            "usual without": a_week * weeks * (1 - event),
        }
    )


def _relate(totals: Floats) -> float:
    """One minus what those with the event go on spending, relative to those without it."""
    spent_with, usual_with, spent_without, usual_without = totals
    if min(usual_with, usual_without, spent_without) <= 0:
        return float("nan")
    kept = (spent_with / usual_with) / (spent_without / usual_without)
    return float(np.clip(1 - kept, 0.0, 1.0))
