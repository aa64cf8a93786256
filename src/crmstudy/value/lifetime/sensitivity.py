"""What lifetime value owes to its terms: horizon, discount rate and margin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, attempt, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.clv import LifetimeValue, check_terms, lifetime_value
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.purchasing.btyd import DAYS_A_YEAR, PurchaseResult

HORIZONS_WEEKS = (13.0, 26.0, 52.0, 104.0, 156.0)
DISCOUNT_RATES = (0.0, 0.05, 0.10, 0.15, 0.20)
MARGINS = (0.1, 0.2, 0.3, 0.4, 0.5)
# What the discount leaves of a purchase at the end of a horizon that stands for all time.
NEGLIGIBLE = 1e-9


@dataclass(frozen=True, eq=False)
class LifetimeSensitivity:
    """Total and mean value when one term is changed and the others stay.

    Parameters
    ----------
    base : LifetimeValue
        At the terms asked for.
    rows : DataFrame
        ``term`` (horizon, discount rate, margin), ``setting`` (its value; infinity for a
        horizon without end), ``total``, ``mean``, ``relative`` (total over the base's) and
        ``base`` (whether the setting is the base's).
    left_out : tuple of str
        Settings at which the model's expectation cannot be computed, in words.
    """

    base: LifetimeValue
    rows: pd.DataFrame
    left_out: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """One row a setting, in words."""
        written = [
            _write(term, setting)
            for term, setting in zip(self.rows["term"], self.rows["setting"], strict=True)
        ]
        return pd.DataFrame(
            {
                "term": self.rows["term"],
                "setting": written,
                "total": self.rows["total"],
                "mean of a customer": self.rows["mean"],
                "relative to the terms of the study": self.rows["relative"],
                "term of the study": np.where(self.rows["base"], "yes", ""),
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Smallest and largest relative value by term."""
        by_term = self.rows.groupby("term", sort=False)["relative"]
        ends = {"lowest": by_term.min(), "highest": by_term.max()}
        return {
            f"{str(term).replace(' ', '_')}_{name}": float(value)
            for name, values in ends.items()
            for term, value in values.items()
        }


def vary_terms(
    purchases: PurchaseResult,
    spend: GammaGammaResult | NotAvailable,
    summary: PurchaseSummary,
    *,
    horizon_weeks: float,
    annual_discount_rate: float,
    margin: float,
    horizons_weeks: Sequence[float] = HORIZONS_WEEKS,
    discount_rates: Sequence[float] = DISCOUNT_RATES,
    margins: Sequence[float] = MARGINS,
) -> LifetimeSensitivity:
    """Value the customers at other horizons, discount rates and margins, one term at a time.

    Where future purchases are discounted their value is finite without a horizon, and that
    value is shown too (for Pareto/NBD: Fader, Hardie & Lee's discounted expected residual
    transactions). The value scales with the margin; counted in purchases it has none.

    Parameters
    ----------
    purchases, spend, summary, horizon_weeks, annual_discount_rate, margin
        As for :func:`~crmstudy.value.lifetime.clv.lifetime_value`.
    horizons_weeks, discount_rates, margins : sequence of float
        Settings beside those of the study.

    Raises
    ------
    SettingsError, ModelError
        As for ``lifetime_value`` on the terms asked for; another setting that cannot be
        computed is left out and named.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005b). RFM and CLV: Using iso-value
    curves for customer base analysis. Journal of Marketing Research, 42(4), 415-430.
    """
    terms = {
        "horizon_weeks": horizon_weeks,
        "annual_discount_rate": annual_discount_rate,
        "margin": margin,
    }
    base = lifetime_value(purchases, spend, summary, **terms)

    def value(horizon: float, rate: float) -> float:
        changed = {**terms, "horizon_weeks": horizon, "annual_discount_rate": rate}
        return lifetime_value(purchases, spend, summary, **changed).total

    choices = {
        "horizon_weeks": (*horizons_weeks, *([np.inf] if annual_discount_rate > 0 else [])),
        "annual_discount_rate": tuple(discount_rates),
        "margin": tuple(margins),
    }
    return _vary(base, value, terms, choices)


@passes_absence
def _vary(
    base: LifetimeValue,
    value: Callable[[float, float], float],
    terms: dict[str, float],
    choices: dict[str, tuple[float, ...]],
) -> LifetimeSensitivity:
    rows, left = [], []
    for term, settings in choices.items():
        if term == "margin" and base.without_money:
            continue
        for setting in sorted({*settings, terms[term]}):
            changed = {**terms, term: setting}
            rate = changed["annual_discount_rate"]
            check_terms(base.horizon_weeks, rate, changed["margin"])
            horizon = min(changed["horizon_weeks"], endless_weeks(rate))
            total = base.total if term == "margin" else attempt(value, horizon, rate)
            if isinstance(total, NotAvailable):
                left.append(f"{_TERMS[term]} {_write(_TERMS[term], setting)}")
                continue
            total *= changed["margin"] / base.margin
            rows.append((_TERMS[term], setting, total, setting == terms[term]))
    frame = pd.DataFrame(rows, columns=["term", "setting", "total", "base"])
    frame["mean"] = frame["total"] / len(base.customers)
    frame["relative"] = frame["total"] / base.total
    return LifetimeSensitivity(base, frame, tuple(left))


_TERMS = {
    "horizon_weeks": "horizon",
    "annual_discount_rate": "discount rate",
    "margin": "margin",
}


def endless_weeks(annual_discount_rate: float) -> float:
    """Horizon after which the discount leaves nothing that counts; infinite without one."""
    if annual_discount_rate <= 0:
        return np.inf
    years = -np.log(NEGLIGIBLE) / np.log1p(annual_discount_rate)
    return float(years * DAYS_A_YEAR / 7)


def _write(term: str, setting: float) -> str:
    if term == "horizon":
        weeks = "1 week" if setting == 1 else f"{setting:g} weeks"
        return "without end" if np.isinf(setting) else weeks
    return f"{100 * setting:.3g}%" + (" a year" if term == "discount rate" else "")
