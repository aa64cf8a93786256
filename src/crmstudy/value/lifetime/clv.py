"""Customer lifetime value: expected purchases times expected spend, discounted.

Without amounts the value is counted in purchases: what a customer is worth beside others
can still be told, what she is worth in money cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.purchasing.btyd import PurchaseResult

Terms = tuple[float, float, float]  # horizon in weeks, discount rate a year, margin


@dataclass(frozen=True, eq=False)
class LifetimeValue:
    """What each known customer is expected to bring in from now to the horizon.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id``, ``probability_alive``, ``expected_purchases`` (undiscounted),
        ``discounted_purchases``, ``expected_spend`` (money per purchase) and
        ``lifetime_value`` (margin x expected spend x discounted purchases). Counted in
        purchases there is no ``expected_spend``, and ``lifetime_value`` is the discounted
        purchases.
    horizon_weeks, annual_discount_rate, margin : float
        As they were asked for; the margin touches no value counted in purchases.
    without_money : str
        Why the value is counted in purchases; empty when it is money.
    model : str
        Name of the purchase model.
    """

    customers: pd.DataFrame
    horizon_weeks: float
    annual_discount_rate: float
    margin: float
    without_money: str = ""
    model: str = ""

    @property
    def unit(self) -> str:
        """What the value is counted in: ``"currency"`` or ``"purchases"``."""
        return "purchases" if self.without_money else "currency"

    def name_unit(self, currency: str) -> str:
        """Name the value's unit for a label: the study's currency, if it is money."""
        return "discounted purchases" if self.without_money else currency

    @property
    def total(self) -> float:
        """Customer equity: the sum over all customers."""
        return float(self.customers["lifetime_value"].sum())

    @property
    def by_customer(self) -> pd.Series | NotAvailable:
        """Lifetime value of each customer in money, which only money can be added to."""
        if self.without_money:
            return NotAvailable(f"the future is counted in purchases: {self.without_money}")
        return self.customers.set_index("customer_id")["lifetime_value"]

    def table(self) -> pd.DataFrame:
        """Distribution over customers, one row a quantity, with its unit."""
        known = [name for name in _QUANTITIES if name in self.customers]
        described = self.customers[known].quantile([0.0, 0.25, 0.5, 0.75, 1.0]).T
        described.columns = ["minimum", "lower quartile", "median", "upper quartile", "maximum"]
        described.insert(0, "mean", self.customers[known].mean())
        described.insert(0, "unit", [_QUANTITIES[name][1] or self.unit for name in known])
        described.insert(0, "quantity", [_QUANTITIES[name][0] for name in known])
        return described.reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """Totals and means, with the settings they rest on.

        What is counted in purchases goes by another name, so that nobody takes it for money.
        """
        value = self.customers["lifetime_value"]
        name = "discounted_purchases" if self.without_money else "lifetime_value"
        return {
            "n": len(self.customers),
            "horizon_weeks": self.horizon_weeks,
            "annual_discount_rate": self.annual_discount_rate,
            **({} if self.without_money else {"margin": self.margin}),
            "expected_purchases": float(self.customers["expected_purchases"].sum()),
            "mean_probability_alive": float(self.customers["probability_alive"].mean()),
            f"total_{name}": self.total,
            f"mean_{name}": float(value.mean()),
            f"median_{name}": float(value.median()),
        }


# Column: its name in words, and its unit where that is not the value's own.
_QUANTITIES = {
    "probability_alive": ("probability of being active", "share"),
    "expected_purchases": ("expected purchases", "purchases"),
    "discounted_purchases": ("discounted expected purchases", "purchases"),
    "expected_spend": ("expected spend per purchase", "currency"),
    "lifetime_value": ("lifetime value", ""),
}


def lifetime_value(
    purchases: PurchaseResult,
    spend: GammaGammaResult | NotAvailable,
    summary: PurchaseSummary,
    *,
    horizon_weeks: float,
    annual_discount_rate: float,
    margin: float,
) -> LifetimeValue:
    """Value each customer's future purchases up to a horizon.

    A purchase at time t after the last day of the histories counts
    ``margin * spend / (1 + annual_discount_rate)^t``, t in years of 365.25 days; the
    discounting is continuous in t. The spend of a purchase does not depend on how many
    there are (see the check of :class:`GammaGammaResult`).

    Parameters
    ----------
    purchases : BgNbdResult or ParetoNbdResult
        How often they will buy.
    spend : GammaGammaResult or NotAvailable
        What they will spend each time. Where that is not known the value is counted in
        purchases. (In a chapter hand it over by name: ``attempt`` stops at an absent
        positional argument.)
    summary : PurchaseSummary
        Histories of the customers to value, in the unit of time of ``purchases``.
    horizon_weeks : float
        How far to look ahead.
    annual_discount_rate : float
        Effective rate a year, for instance 0.10.
    margin : float
        Share of revenue that is profit, in (0, 1].

    Raises
    ------
    SettingsError
        If a parameter is out of its range.
    ModelError
        If model and summary use different units of time, or the margin is not available.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005b). RFM and CLV: Using iso-value
    curves for customer base analysis. Journal of Marketing Research, 42(4), 415-430.
    """
    terms = horizon_weeks, annual_discount_rate, margin
    check_terms(*terms)
    if isinstance(spend, NotAvailable):
        return _value_in_purchases(purchases, summary, terms, without_money=spend.reason)
    return _value_in_money(purchases, summary, spend, terms)


@passes_absence
def _value_in_purchases(
    purchases: PurchaseResult, summary: PurchaseSummary, terms: Terms, *, without_money: str
) -> LifetimeValue:
    customers = _expect_future(purchases, summary, terms)
    customers["lifetime_value"] = customers["discounted_purchases"]
    return LifetimeValue(customers, *terms, without_money=without_money, model=purchases.model)


@passes_absence
def _value_in_money(
    purchases: PurchaseResult, summary: PurchaseSummary, spend: GammaGammaResult, terms: Terms
) -> LifetimeValue:
    customers, past = _expect_future(purchases, summary, terms), summary.customers
    each = spend.expected_spend(past["priced_purchases"], past["mean_spend"])
    customers["expected_spend"] = each
    customers["lifetime_value"] = terms[2] * each * customers["discounted_purchases"]
    return LifetimeValue(customers, *terms, model=purchases.model)


def _expect_future(
    purchases: PurchaseResult, summary: PurchaseSummary, terms: Terms
) -> pd.DataFrame:
    require_one_unit(purchases, summary)
    history = summary.x, summary.t_x, summary.T
    horizon, rate = terms[0] * 7 / summary.unit_days, terms[1]
    ahead = purchases.conditional_expected_purchases
    return pd.DataFrame(
        {
            "customer_id": summary.customers["customer_id"],
            "probability_alive": purchases.probability_alive(*history),
            "expected_purchases": ahead(*history, horizon),
            "discounted_purchases": ahead(*history, horizon, annual_discount_rate=rate),
        }
    )


def require_one_unit(purchases: PurchaseResult, summary: PurchaseSummary) -> None:
    """Refuse a model of weeks for histories in days, or the other way round."""
    if purchases.unit_days != summary.unit_days:
        raise ModelError("the purchase model and the summary use different units of time")


def check_terms(
    horizon_weeks: float, annual_discount_rate: float, margin: float | NotAvailable
) -> None:
    """Refuse a horizon, a discount rate or a margin that is out of its range or not known."""
    if isinstance(margin, NotAvailable):
        raise ModelError(margin.reason)
    for name, value, rule, fits in (
        ("horizon_weeks", horizon_weeks, "above 0", 0 < horizon_weeks < np.inf),
        (
            "annual_discount_rate",
            annual_discount_rate,
            "0 or more and below 10",
            0 <= annual_discount_rate < 10,
        ),
        ("margin", margin, "above 0 and at most 1", 0 < margin <= 1),
    ):
        if not fits:
            raise SettingsError(f"{name} must be {rule}, found {value}")
