"""How sure the value of each customer is: two intervals that answer two questions.

A *confidence* interval is about the expectation: how far it would move if the parameters,
which are estimated, were others. With many customers it is narrow. A *prediction* interval
is about the customer: what she will actually bring, which no number of customers makes
narrow, because whether she comes back and what she spends is her own doing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import NotAvailable, SettingsError, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.bounds import Drawn, bound_histories
from crmstudy.value.lifetime.clv import LifetimeValue, lifetime_value
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.purchasing.btyd import PurchaseResult

Floats = NDArray[np.float64]

MINIMUM_DRAWS = 20


@dataclass(frozen=True, eq=False)
class LifetimeIntervals:
    """Expectations of every customer with confidence and prediction intervals.

    Parameters
    ----------
    values : LifetimeValue
        The estimates, and the terms they rest on.
    customers : DataFrame
        ``customer_id``, ``repeat_purchases``; ``probability_alive``,
        ``expected_purchases`` and ``lifetime_value``, each with ``_lower`` and ``_upper``
        (confidence); ``predicted_purchases_lower``, ``_upper``, ``predicted_value_lower``,
        ``_upper`` (prediction) and ``chance_of_nothing`` (no purchase up to the horizon).
    totals : DataFrame
        The same of all customers together, a row each for purchases and value:
        ``quantity``, ``unit``, ``estimate``, ``lower``, ``upper``, ``predicted_lower``,
        ``predicted_upper``.
    level : float
        Of both intervals.
    method : str
        ``"draws"`` of the parameters, or ``"derivatives"`` (the delta method), which many
        customers need; the futures are then drawn at the estimates.
    n_draws, n_futures : int
        Draws of the parameters, and futures of each history.
    """

    values: LifetimeValue
    customers: pd.DataFrame
    totals: pd.DataFrame
    level: float
    method: str
    n_draws: int
    n_futures: int

    def table(self) -> pd.DataFrame:
        """All customers together, with both intervals."""
        return self.totals.rename(columns=_spelled(self.level))

    def highest(self, most: int = 10) -> pd.DataFrame:
        """Customers of the highest value; equal values stay in the order of the customers."""
        ranked = self.customers.sort_values("lifetime_value", ascending=False, kind="stable")
        return ranked.head(most).reset_index(drop=True)

    def top(self, most: int = 10) -> pd.DataFrame:
        """Customers of the highest value with both intervals, in words."""
        said = f"{100 * self.level:g}%"
        names = {
            "customer_id": "customer",
            "repeat_purchases": "repeat purchases",
            "probability_alive": "probability of being active",
            "expected_purchases": "expected purchases",
            "lifetime_value": "lifetime value",
            "lifetime_value_lower": f"{said} confidence lower",
            "lifetime_value_upper": f"{said} confidence upper",
            "predicted_value_lower": f"{said} prediction lower",
            "predicted_value_upper": f"{said} prediction upper",
            "chance_of_nothing": "chance of no purchase",
        }
        return self.highest(most)[list(names)].rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Totals with their intervals; median widths relative to the value."""
        value = self.customers[self.customers["lifetime_value"] > 0]
        metrics: dict[str, float] = {
            "level": self.level,
            "n_draws": self.n_draws,
            "n_futures": self.n_futures,
        }
        for row in self.totals.to_dict("records"):
            name = "total_" + str(row["quantity"]).replace(" ", "_")
            metrics[name] = float(row["estimate"])
            for end in ("lower", "upper", "predicted_lower", "predicted_upper"):
                if np.isfinite(row[end]):
                    metrics[f"{name}_{end}"] = float(row[end])
        for name, stem in (("confidence", "lifetime_value"), ("prediction", "predicted_value")):
            width = (value[f"{stem}_upper"] - value[f"{stem}_lower"]) / value["lifetime_value"]
            if len(width) and np.isfinite(width.median()):
                metrics[f"median_{name}_width"] = float(width.median())
        metrics["mean_chance_of_nothing"] = float(self.customers["chance_of_nothing"].mean())
        return metrics


def bound_lifetime_value(
    purchases: PurchaseResult,
    spend: GammaGammaResult | NotAvailable,
    summary: PurchaseSummary,
    *,
    horizon_weeks: float,
    annual_discount_rate: float,
    margin: float,
    n_draws: int,
    seed: int,
    level: float = 0.95,
    n_futures: int = 1000,
) -> LifetimeIntervals:
    """Value each customer with a confidence and a prediction interval.

    *Confidence*: the parameters of both models are drawn from their asymptotic
    distribution (normal in the logarithm), and every expectation is computed at each draw.
    With so many distinct histories that this would take long the delta method takes its
    place: the parameters of so many customers hardly err, and it is linear where they
    hardly err.

    *Prediction*: futures are drawn from the posterior distribution of each customer, with
    the parameters drawn anew for each; see
    :func:`~crmstudy.value.lifetime.simulate_futures.simulate_futures`. Of many customers
    fewer futures are drawn each, at least 200. With the delta method futures are drawn at
    the estimates, and the uncertainty of the parameters is added to the total alone: one
    customer's future hardly feels it.

    Parameters
    ----------
    purchases, spend, summary, horizon_weeks, annual_discount_rate, margin
        As for :func:`~crmstudy.value.lifetime.clv.lifetime_value`; without a spend model
        everything is counted in purchases.
    n_draws : int
        Draws of the parameters, 20 or more; too few for the level (fewer than 39 at 95%)
        give way to the delta method.
    seed : int
        The study's seed.
    level : float
        Of both intervals, between 0 and 1.
    n_futures : int
        Futures of each distinct history, 200 or more.

    Raises
    ------
    SettingsError, ModelError
        As for ``lifetime_value``; and for numbers out of range.
    """
    for name, number, least in (("n_draws", n_draws, MINIMUM_DRAWS), ("n_futures", n_futures, 200)):
        if number < least:
            raise SettingsError(f"{name} must be {least} or more, found {number}")
    if not 0 < level < 1:
        raise SettingsError(f"level must lie between 0 and 1, found {level}")
    values = lifetime_value(
        purchases,
        spend,
        summary,
        horizon_weeks=horizon_weeks,
        annual_discount_rate=annual_discount_rate,
        margin=margin,
    )
    drawn = Drawn(n_draws=n_draws, n_futures=n_futures, level=level, seed=seed)
    return _bound(values, purchases, summary, spend=spend or None, drawn=drawn)


@passes_absence
def _bound(
    values: LifetimeValue,
    purchases: PurchaseResult,
    summary: PurchaseSummary,
    *,
    spend: GammaGammaResult | None,
    drawn: Drawn,
) -> LifetimeIntervals:
    found = bound_histories(values, purchases, spend, summary, drawn)
    customers = pd.DataFrame(
        {
            "customer_id": values.customers["customer_id"],
            "repeat_purchases": summary.customers["repeat_purchases"],
        }
    )
    for name in ("probability_alive", "expected_purchases", "lifetime_value"):
        customers[name] = values.customers[name]
        for end in ("lower", "upper"):
            customers[f"{name}_{end}"] = found.by_customer(f"{name}_{end}")
    for name in ("predicted_purchases", "predicted_value"):
        for end in ("lower", "upper"):
            customers[f"{name}_{end}"] = found.by_customer(f"{name}_{end}")
    customers["chance_of_nothing"] = found.by_customer("chance_of_nothing")
    return LifetimeIntervals(
        values=values,
        customers=customers,
        totals=_total(values, found.totals),
        level=drawn.level,
        method=found.method,
        n_draws=drawn.n_draws if found.method == "draws" else 0,
        n_futures=found.n_futures,
    )


def _total(
    values: LifetimeValue, limits: dict[str, tuple[float, float, float, float]]
) -> pd.DataFrame:
    money = "lifetime value" if values.unit == "currency" else "discounted purchases"
    rows = [
        ("expected purchases", "purchases", float(values.customers["expected_purchases"].sum())),
        (money, values.unit, values.total),
    ]
    ends = [limits["purchases"], limits["value"]]
    columns = ["quantity", "unit", "estimate"]
    columns += ["lower", "upper", "predicted_lower", "predicted_upper"]
    return pd.DataFrame(
        [(*row, *end) for row, end in zip(rows, ends, strict=True)], columns=columns
    )


def _spelled(level: float) -> dict[str, str]:
    said = f"{100 * level:g}%"
    return {
        "quantity": "all customers together",
        "lower": f"{said} confidence lower",
        "upper": f"{said} confidence upper",
        "predicted_lower": f"{said} prediction lower",
        "predicted_upper": f"{said} prediction upper",
    }
