"""Customer lifetime value: expected purchases times expected spend, discounted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.purchasing.btyd import PurchaseResult


@dataclass(frozen=True, eq=False)
class LifetimeValue:
    """What each known customer is expected to bring in from now to the horizon.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id``, ``probability_alive``, ``expected_purchases`` (undiscounted),
        ``discounted_purchases``, ``expected_spend`` (money per purchase) and
        ``lifetime_value`` (margin x expected spend x discounted purchases).
    horizon_weeks, annual_discount_rate, margin : float
        As they were asked for.
    """

    customers: pd.DataFrame
    horizon_weeks: float
    annual_discount_rate: float
    margin: float

    @property
    def total(self) -> float:
        """Customer equity: the sum over all customers."""
        return float(self.customers["lifetime_value"].sum())

    def table(self) -> pd.DataFrame:
        """Distribution over customers, one row a quantity."""
        names = {
            "probability_alive": "probability of being active",
            "expected_purchases": "expected purchases",
            "discounted_purchases": "discounted expected purchases",
            "expected_spend": "expected spend per purchase",
            "lifetime_value": "lifetime value",
        }
        described = self.customers[list(names)].quantile([0.0, 0.25, 0.5, 0.75, 1.0]).T
        described.columns = ["minimum", "lower quartile", "median", "upper quartile", "maximum"]
        described.insert(0, "mean", self.customers[list(names)].mean())
        described.insert(0, "quantity", list(names.values()))
        return described.reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """Totals and means, with the settings they rest on."""
        value = self.customers["lifetime_value"]
        return {
            "n": len(self.customers),
            "horizon_weeks": self.horizon_weeks,
            "annual_discount_rate": self.annual_discount_rate,
            "margin": self.margin,
            "expected_purchases": float(self.customers["expected_purchases"].sum()),
            "mean_probability_alive": float(self.customers["probability_alive"].mean()),
            "total_lifetime_value": self.total,
            "mean_lifetime_value": float(value.mean()),
            "median_lifetime_value": float(value.median()),
        }


@passes_absence
def lifetime_value(
    purchases: PurchaseResult,
    spend: GammaGammaResult,
    summary: PurchaseSummary,
    *,
    horizon_weeks: float,
    annual_discount_rate: float,
    margin: float,
) -> LifetimeValue:
    """Value each customer's future purchases up to a horizon.

    A purchase at time t after the end of calibration counts
    ``margin * spend / (1 + annual_discount_rate)^t``, t in years of 365.25 days; the
    discounting is continuous in t. The spend of a purchase does not depend on how many
    there are (see the check of :class:`GammaGammaResult`).

    Parameters
    ----------
    purchases : BgNbdResult or ParetoNbdResult
        How often they will buy.
    spend : GammaGammaResult
        What they will spend each time.
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
        If model and summary use different units of time.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005b). RFM and CLV: Using iso-value
    curves for customer base analysis. Journal of Marketing Research, 42(4), 415-430.
    """
    _check_settings(horizon_weeks, annual_discount_rate, margin)
    if purchases.unit_days != summary.unit_days:
        raise ModelError("the purchase model and the summary use different units of time")
    history = summary.x, summary.t_x, summary.T
    horizon = horizon_weeks * 7 / summary.unit_days
    frame = summary.customers
    expected_spend = spend.expected_spend(frame["priced_purchases"], frame["mean_spend"])
    discounted = purchases.conditional_expected_purchases(
        *history, horizon, annual_discount_rate=annual_discount_rate
    )
    customers = pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "probability_alive": purchases.probability_alive(*history),
            "expected_purchases": purchases.conditional_expected_purchases(*history, horizon),
            "discounted_purchases": discounted,
            "expected_spend": expected_spend,
            "lifetime_value": margin * expected_spend * discounted,
        }
    )
    return LifetimeValue(customers, horizon_weeks, annual_discount_rate, margin)


def _check_settings(horizon_weeks: float, annual_discount_rate: float, margin: float) -> None:
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
