"""The chosen model, estimated anew from everything that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary, summarise_purchases
from crmstudy.value.purchasing import btyd
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.validation.choice import ModelChoice


@dataclass(frozen=True, eq=False)
class WholePeriod:
    """The chosen model estimated anew from everything that is known.

    Parameters
    ----------
    histories : PurchaseSummary
        Every customer, up to the last day.
    purchases : PurchaseResult
        The model, fitted to them.
    before : PurchaseResult
        The same model, fitted to the calibration period.
    """

    histories: PurchaseSummary
    purchases: PurchaseResult
    before: PurchaseResult

    def table(self) -> pd.DataFrame:
        """Parameters before and after, with standard errors."""
        now, then = self.purchases.estimates, self.before.estimates
        return pd.DataFrame(
            {
                "parameter": now.names,
                "calibration": then.values,
                "standard error": then.standard_errors,
                "whole period": now.values,
                "its standard error": now.standard_errors,
                "unit": self.purchases.table()["unit"],
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Estimates from the whole period, and how many customers stand behind them."""
        return self.purchases.to_metrics()


@passes_absence
def refit(choice: ModelChoice, transactions: pd.DataFrame, *, until: str = "") -> WholePeriod:
    """Estimate the chosen model anew from the whole period.

    The hold-out period has done its work once the model is chosen. A customer's value is
    asked for today, not at the end of calibration, and with all data the estimates are
    more precise; so the chosen kind of model is fitted to all of them (Hastie, Tibshirani
    & Friedman, 2009, section 7.10.1). The errors of the hold-out stay what they were: no
    part of the whole period is left to test the new estimates.

    Parameters
    ----------
    choice : ModelChoice
        From :func:`choose_model`.
    transactions : DataFrame
        Canonical transactions.
    until : str
        Last day, as 1998-06-30; empty takes the last purchase of all.

    Raises
    ------
    ModelError
        If the model cannot be fitted to the whole period, or is none that this study fits.

    References
    ----------
    Hastie, T., Tibshirani, R. & Friedman, J. (2009). The Elements of Statistical Learning
    (2nd ed.). Springer.
    """
    last = until or f"{transactions['ordered_at'].max():%Y-%m-%d}"
    histories = summarise_purchases(
        transactions, calibration_end=last, unit_days=choice.result.unit_days
    )
    return WholePeriod(histories, find_fit(choice.result.model)(histories), choice.result)


def find_fit(model: str) -> Callable[[PurchaseSummary], PurchaseResult]:
    """Find the function that fits the model of this name."""
    try:
        return FITS[model]
    except KeyError:
        raise ModelError(f"the {model} model is none of {', '.join(FITS)}") from None


FITS: dict[str, Callable[[PurchaseSummary], PurchaseResult]] = {
    "BG/NBD": btyd.fit_bg_nbd,
    "MBG/NBD": btyd.fit_mbg_nbd,
    "Pareto/NBD": btyd.fit_pareto_nbd,
}
