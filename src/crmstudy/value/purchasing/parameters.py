"""Parameters of the purchase models side by side, and what they say about the customers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from crmstudy.checks import tabulate_checks
from crmstudy.errors import NotAvailable
from crmstudy.value.histories.purchases import TIME_UNITS
from crmstudy.value.purchasing.btyd import MbgNbdResult, PurchaseResult

Models = dict[str, PurchaseResult | NotAvailable]

MEANINGS = {
    "r": "shape of the purchase rates",
    "alpha": "rate parameter of the purchase rates",
    "a": "first shape of the probabilities of leaving",
    "b": "second shape of the probabilities of leaving",
    "s": "shape of the rates of leaving",
    "beta": "rate parameter of the rates of leaving",
}


def tabulate_parameters(models: Models, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
    """Put the estimates of several models into one table.

    Parameters
    ----------
    models : dict of str to PurchaseResult
        Fitted models by name; one that could not be fitted is left out.
    level : float
        Of the Wald intervals, which are taken on the scale of the logarithm.

    Returns
    -------
    DataFrame
        Columns model, parameter, meaning, estimate, standard error, 95% lower, 95% upper,
        unit; one row a parameter. Not available if no model is.
    """
    frames = []
    for name, model in _fitted(models):
        table = model.table(level=level)
        table.insert(1, "meaning", [MEANINGS[parameter] for parameter in table["parameter"]])
        table.insert(0, "model", name)
        frames.append(table)
    return pd.concat(frames, ignore_index=True) if frames else _nothing(models)


def tabulate_heterogeneity(models: Models) -> pd.DataFrame | NotAvailable:
    """Say what the estimates imply for the customers at large.

    The mean rate of buying is r / alpha and its coefficient of variation 1 / sqrt(r) in all
    models. A customer leaves after a purchase with a mean probability of a / (a + b); with
    Pareto/NBD half of the customers have left ``beta (2^(1/s) - 1)`` after their first
    purchase.

    Parameters
    ----------
    models : dict of str to PurchaseResult
        Fitted models by name; one that could not be fitted is left out.

    Returns
    -------
    DataFrame
        Columns model, quantity, value, unit. Not available if no model is.
    """
    rows = [
        (name, quantity, value, unit)
        for name, model in _fitted(models)
        for quantity, value, unit in _implied(model)
    ]
    if not rows:
        return _nothing(models)
    return pd.DataFrame(rows, columns=["model", "quantity", "value", "unit"])


def tabulate_fit_checks(models: Models) -> pd.DataFrame | NotAvailable:
    """Put the checks of several models' estimates into one table.

    Parameters
    ----------
    models : dict of str to PurchaseResult
        Fitted models by name; one that could not be fitted is left out.

    Returns
    -------
    DataFrame
        Column model and those of :func:`~crmstudy.checks.tabulate_checks`. Not available if
        no model is.
    """
    frames = []
    for name, model in _fitted(models):
        table = tabulate_checks(model.checks)
        table.insert(0, "model", name)
        frames.append(table)
    return pd.concat(frames, ignore_index=True) if frames else _nothing(models)


def leaving_share(model: PurchaseResult) -> float | None:
    """Mean probability of leaving at a chance to leave; None if leaving needs no purchase."""
    found = model.estimates.to_dict()
    return found["a"] / (found["a"] + found["b"]) if "a" in found else None


def leaving_when(model: PurchaseResult) -> str:
    """When customers can leave, in words."""
    if leaving_share(model) is None:
        return "at any time"
    return "after each purchase" if isinstance(model, MbgNbdResult) else "after a repeat purchase"


def half_life(model: PurchaseResult) -> float:
    """Time until half of the customers have left (Pareto/NBD), in the model's unit of time."""
    with np.errstate(over="ignore"):  # hardly anybody leaves: infinitely long
        return model.estimates["beta"] * float(np.expm1(np.log(2) / model.estimates["s"]))


def _implied(model: PurchaseResult) -> Iterator[tuple[str, float, str]]:
    unit, found = TIME_UNITS[model.unit_days], model.estimates
    yield "mean purchase rate while active", found["r"] / found["alpha"], f"purchases a {unit}"
    yield "coefficient of variation of that rate", found["r"] ** -0.5, "none"
    share = leaving_share(model)
    if share is None:
        yield "time until half of the customers have left", half_life(model), f"{unit}s"
    else:
        yield f"mean probability of leaving {leaving_when(model)}", share, "share"


def _fitted(models: Models) -> Iterator[tuple[str, PurchaseResult]]:
    for name, model in models.items():
        if not isinstance(model, NotAvailable):
            yield name, model


def _nothing(models: Models) -> NotAvailable:
    reasons = {model.reason for model in models.values() if isinstance(model, NotAvailable)}
    return NotAvailable("no purchase model could be fitted: " + "; ".join(sorted(reasons)))
