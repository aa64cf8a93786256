"""Sentences on what the purchase models say about the customers at large."""

from __future__ import annotations

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.words import compose, enumerate_words, number, percent_within
from crmstudy.value.histories.purchases import TIME_UNITS
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.purchasing.parameters import half_life, leaving_share, leaving_when

# Within a year or two of data, a longer time to leave is no finding.
FORESEEABLE_DAYS = 36_525


def read_purchasing(models: dict[str, PurchaseResult | NotAvailable]) -> str:
    """Say how often customers buy, how much they differ and how they leave, model by model."""
    if not models:
        return "No purchase model was asked for."
    refused: dict[str, list[str]] = {}
    said = []
    for name, model in models.items():
        if isinstance(model, NotAvailable):
            refused.setdefault(str(model), []).append(name)
        else:
            said.append(_say_model(name, model))
    return compose(*said, *(_say_refusal(names, reason) for reason, names in refused.items()))


def _say_refusal(names: list[str], reason: str) -> str:
    return f"{enumerate_words(names)} {'is' if len(names) == 1 else 'are'} {reason}."


def _say_model(name: str, model: PurchaseResult) -> str:
    unit, found = TIME_UNITS[model.unit_days], model.estimates
    rate = found["r"] / found["alpha"]
    return (
        f"By {name}, customers make {number(rate, 3)} purchases a {unit} on average while active, "
        f"and these rates have a coefficient of variation of {number(found['r'] ** -0.5)} over "
        f"customers; {_say_leaving(model)}."
    )


def _say_leaving(model: PurchaseResult) -> str:
    share = leaving_share(model)
    if share is not None:
        return f"{leaving_when(model)}, {percent_within(share)} leave for good on average"
    half = half_life(model)
    if half * model.unit_days > FORESEEABLE_DAYS:
        return "it takes more than a hundred years until half of the customers have left"
    unit = f"{TIME_UNITS[model.unit_days]}s"
    return f"half of the customers have left {number(half, 1)} {unit} after their first purchase"
