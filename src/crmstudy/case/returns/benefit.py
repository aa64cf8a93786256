"""What a measure brings a customer and window, in money, as an estimate with its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.special import stdtrit

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.effects.did import DidResult
from crmstudy.errors import ModelError, NotAvailable, passes_absence

#: Quantile of the normal distribution for an interval of 95%.
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class EffectInMoney:
    """The effect of a measure on revenue, per customer addressed and window.

    Parameters
    ----------
    effect, standard_error, lower, upper : float
        Revenue per customer addressed and window, its standard error and interval.
    customers : int
        Customers addressed.
    start : Timestamp
        First day of the measure.
    window_days : int
        Length of the window over which the effect was measured.
    claim_allowed : bool
        Whether the difference may be called an effect.
    method : str
        How it was estimated.
    price : float
        Revenue of one unit of the outcome, 1 where the outcome is revenue itself.
    """

    effect: float
    standard_error: float
    lower: float
    upper: float
    customers: int
    start: pd.Timestamp
    window_days: int
    claim_allowed: bool
    method: str
    price: float = 1.0


@dataclass(frozen=True)
class ChosenEstimate:
    """The one estimate that the return is computed from.

    Parameters
    ----------
    method : str
        Design that gave it.
    effect, standard_error, lower, upper : float
        Effect per customer addressed and window, its error and 95% interval.
    claim_allowed : bool
        Whether its checks allow to call it an effect.
    considered : DataFrame
        One row a design: ``design``, ``estimate``, ``claim``, ``carried on``.
    """

    method: str
    effect: float
    standard_error: float
    lower: float
    upper: float
    claim_allowed: bool
    considered: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Arrange one row a design, and which is carried on."""
        return self.considered


def choose_estimate(designs: Mapping[str, Any]) -> ChosenEstimate:
    """Choose the estimate that the return rests on: the first whose claim is allowed.

    Where no design allows the claim, the first that gave an estimate stands, as an
    association.

    Parameters
    ----------
    designs : mapping of str to result or NotAvailable
        Results in the order of trust, by the name of the design: each with ``effect``,
        ``claim_allowed`` and ``standard_error`` (its own, or that of its ``best`` or ``carried``
        estimate).

    Raises
    ------
    ModelError
        If there is no estimate at all.
    """
    found = {name: one for name, one in designs.items() if not isinstance(one, NotAvailable)}
    if not found:
        reasons = "; ".join(dict.fromkeys(str(one.reason) for one in designs.values()))
        raise ModelError(f"no design gave an estimate: {reasons}")
    allowed = [name for name, one in found.items() if one.claim_allowed]
    method = allowed[0] if allowed else next(iter(found))
    rows = [
        {
            "design": name,
            "estimate": float(found[name].effect) if name in found else None,
            "claim": "not available" if name not in found
            else "effect" if found[name].claim_allowed else "association",
            "carried on": "yes" if name == method else "no",
        }
        for name in designs
    ]  # fmt: skip
    effect, error = float(found[method].effect), _find_error(found[method])
    lower, upper = _bound(found[method], effect, error)
    return ChosenEstimate(
        method=method,
        effect=effect,
        standard_error=error,
        lower=lower,
        upper=upper,
        claim_allowed=bool(found[method].claim_allowed),
        considered=pd.DataFrame(rows).astype({"estimate": "Float64"}),
    )


def _bound(result: Any, effect: float, error: float) -> tuple[float, float]:
    """Give the 95% interval, by Student's t where the design's own table has it."""
    if isinstance(result, DidResult):
        return result.lower, result.upper
    degrees = getattr(getattr(result, "best", None), "degrees", None)  # of an experiment
    reach = error * (NORMAL_95 if degrees is None else float(stdtrit(degrees, 0.975)))
    return effect - reach, effect + reach


def _find_error(result: Any) -> float:
    for holder in (result, getattr(result, "best", None), getattr(result, "carried", None)):
        error = getattr(holder, "standard_error", None)
        if error is not None:
            return float(error)
    raise ModelError("the estimate of the effect has no standard error")


@passes_absence
def value_effect(
    campaign: Campaign,
    purchases: pd.DataFrame,
    *,
    estimate: ChosenEstimate,
    outcome: str = "revenue",
) -> EffectInMoney:
    """Turn the estimated effect of a campaign into revenue per customer and window.

    Parameters
    ----------
    campaign : Campaign
        Whom it addressed and when; its length is the window.
    purchases : DataFrame
        Canonical transactions. Where the outcome is a number of purchases, each is worth the
        mean revenue of a basket in these; the doubt about that mean is not carried on.
    estimate : ChosenEstimate
        Effect per customer addressed and window, from any of the designs.
    outcome : {"revenue", "n_purchases"}
        What the effect is measured in.

    Raises
    ------
    ModelError
        If the standard error is negative, the ends do not hold the effect, or no basket can
        be priced.
    """
    effect, error = estimate.effect, estimate.standard_error
    if not (estimate.lower <= effect <= estimate.upper and error >= 0):
        raise ModelError(
            f"an effect of {effect:g} with standard error {error:g} cannot have the "
            f"interval {estimate.lower:g} to {estimate.upper:g}"
        )
    price = _price_basket(purchases) if outcome == "n_purchases" else 1.0
    return EffectInMoney(
        effect=price * effect,
        standard_error=price * error,
        lower=price * estimate.lower,
        upper=price * estimate.upper,
        customers=len(campaign.treated_ids),
        start=campaign.start,
        window_days=campaign.days,
        claim_allowed=estimate.claim_allowed,
        method=estimate.method,
        price=price,
    )


def _price_basket(purchases: pd.DataFrame) -> float:
    baskets = purchases["basket_id"].nunique()
    revenue = float(purchases["revenue"].sum())
    if not baskets or revenue <= 0:
        raise ModelError("no basket with revenue tells what a purchase is worth")
    return revenue / baskets
