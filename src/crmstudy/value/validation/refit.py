"""The chosen model, estimated anew from everything that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence
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
    refused : str
        Why another model stands in for the chosen one; empty when none does.
    """

    histories: PurchaseSummary
    purchases: PurchaseResult
    before: PurchaseResult
    refused: str = ""

    def table(self) -> pd.DataFrame:
        """Parameters before and after, with standard errors; and the model, if it stands in."""
        now, then = self.purchases.estimates, self.before.estimates
        table = pd.DataFrame(
            {
                "parameter": now.names,
                "calibration": then.values,
                "standard error": then.standard_errors,
                "whole period": now.values,
                "its standard error": now.standard_errors,
                "unit": self.purchases.table()["unit"],
            }
        )
        if self.refused:
            table["model"] = f"{self.purchases.model}, since {self.refused}"
        return table

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
    part of the whole period is left to test the new estimates. Where the chosen model has
    no estimates there, the first that has them of those the hold-out did not tell apart
    from it stands in, by their errors; others do not.

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
        If neither the model nor one not told apart from it can be fitted to the whole
        period, or the model is none that this study fits.

    References
    ----------
    Hastie, T., Tibshirani, R. & Friedman, J. (2009). The Elements of Statistical Learning
    (2nd ed.). Springer.
    """
    last = until or f"{transactions['ordered_at'].max():%Y-%m-%d}"
    histories = summarise_purchases(
        transactions, calibration_end=last, unit_days=choice.result.unit_days
    )
    try:
        return WholePeriod(histories, find_fit(choice.result.model)(histories), choice.result)
    except ModelError as reason:
        return _stand_in(choice, histories, reason)


def _stand_in(choice: ModelChoice, histories: PurchaseSummary, reason: ModelError) -> WholePeriod:
    """Fit the next best of the models that the hold-out did not tell apart."""
    rest = choice.scores.loc[[name for name in choice.tied if name != choice.best]]
    for name in rest["root mean squared error"].sort_values(kind="stable").index:
        before = choice.models[str(name)]
        now = attempt(find_fit(before.model), histories)
        if not isinstance(now, NotAvailable):
            refused = f"{choice.result.model} cannot be fitted to the whole period: {reason}"
            return WholePeriod(histories, now, before, refused)
    raise reason


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
