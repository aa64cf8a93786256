"""Rival models of purchasing on the same customers."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable, attempt
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.validation.holdout import compare_holdout


def compare_models(
    models: dict[str, PurchaseResult | NotAvailable], summary: PurchaseSummary | NotAvailable
) -> pd.DataFrame | NotAvailable:
    """Put rival purchase models beside each other: fit in calibration, error in the hold-out.

    Parameters
    ----------
    models : dict
        Fitted models by name; one that could not be fitted is left out.
    summary : PurchaseSummary
        The histories they were fitted to, with a hold-out period.

    Returns
    -------
    DataFrame
        Columns model, parameters, log-likelihood, hold-out purchases expected, made,
        mean absolute error per customer.
    """
    rows = []
    for name, model in models.items():
        test = attempt(compare_holdout, model, summary).to_metrics()
        if isinstance(model, NotAvailable) or isinstance(test, NotAvailable):
            continue
        rows.append(
            {
                "model": name,
                "parameters": len(model.estimates.values),
                "log-likelihood": model.to_metrics()["log_likelihood"],
                "hold-out purchases expected": test["holdout_expected"],
                "made": test["holdout_actual"],
                "mean absolute error": test["mae_model"],
            }
        )
    return pd.DataFrame(rows) if rows else NotAvailable("no purchase model could be fitted")
