"""Standardised loadings with intervals, and the fit of several measurement models."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import name_failures
from crmstudy.loyalty.estimation.fit import FitMeasures
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.constructs import name_in_print


@passes_absence
def bound_loadings(result: SemResult, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
    """Arrange the loadings of an admissible model, standardised ones with intervals.

    Parameters
    ----------
    result : SemResult
    level : float
        Confidence of the intervals of standardised loadings, by the delta method.

    Returns
    -------
    DataFrame or NotAvailable
        One row an item: ``construct`` (label), ``item``, ``estimate`` (1 where the item
        sets the unit), ``se``, ``standardised``, ``lower``, ``upper``, ``explained``
        (share of the item's variance). A construct's only item, taken as measured without
        error, is left out.
    """
    loadings = result.loadings()
    if isinstance(loadings, NotAvailable):
        return loadings
    several = [each.name for each in result.model.constructs if len(each.items) > 1]
    rows = loadings[loadings["construct"].isin(several)].reset_index(drop=True)
    if rows.empty:
        return NotAvailable("no construct has two items or more")
    reach = ndtri(0.5 + level / 2.0) * rows["standardised se"]
    return pd.DataFrame(
        {
            "construct": rows["construct"].map(name_in_print(result.model.constructs)),
            "item": rows["item"],
            "estimate": rows["estimate"],
            "se": rows["se"],
            "standardised": rows["standardised"],
            "lower": rows["standardised"] - reach,
            "upper": rows["standardised"] + reach,
            "explained": rows["standardised"] ** 2,
        }
    )


def compare_measurement(*results: SemResult | NotAvailable) -> pd.DataFrame | NotAvailable:
    """Set measurement models beside each other: admissible or not, and their fit.

    Returns
    -------
    DataFrame or NotAvailable
        One row a model: ``model``, ``constructs``, ``items``, ``respondents``,
        ``admissible`` (yes, or no and which checks fail), ``chi2``, ``df``, ``CFI``,
        ``TLI``, ``RMSEA``, ``SRMR``; fit is empty where a model is inadmissible.
    """
    there = [each for each in results if isinstance(each, SemResult)]
    if not there:
        gone = [each for each in results if isinstance(each, NotAvailable)]
        return gone[0] if gone else NotAvailable("no measurement model was given")
    return pd.DataFrame([_describe(each) for each in there])


def _describe(result: SemResult) -> dict[str, object]:
    wrong = name_failures(result.checks)
    fit = result.fit
    numbers = fit.to_metrics() if isinstance(fit, FitMeasures) else {}
    columns = {"cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}
    return {
        "model": result.model.name.replace("_", " "),
        "constructs": len(result.model.constructs),
        "items": len(result.model.items),
        "respondents": result.n_used,
        "admissible": f"no: {wrong}" if wrong else "yes",
        "chi2": numbers.get("chi2", np.nan),
        "df": result.structure.df,
        **{said: numbers.get(key, np.nan) for key, said in columns.items()},
    }
