"""Sentences on the spend model of chapter 04: its fit, and whether spend hangs on frequency."""

from __future__ import annotations

from typing import Any

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import amount, compose, number, p_value, percent
from crmstudy.value.lifetime.gamma_gamma import SMALL_CORRELATION, GammaGammaResult
from crmstudy.value.lifetime.independence import (
    PEARSON,
    RANKS,
    WEIGHTED,
    SpendIndependence,
)
from crmstudy.value.lifetime.spend_fit import SpendFit


def read_spend(
    spend: GammaGammaResult | NotAvailable,
    independence: SpendIndependence | NotAvailable,
    fit: SpendFit | NotAvailable,
    *,
    currency: str = "",
) -> str:
    """Say what a customer spends a purchase, how well the model fits, and what it assumes.

    Parameters
    ----------
    currency : str
        Name of the currency, behind amounts.
    """
    return compose(
        _say_mean(spend, currency),
        _say_fit(fit),
        _say_correlation(independence),
        _say_influence(independence),
        _say_ranks(independence),
        _say_size(independence),
    )


@passes_absence
def _say_mean(spend: GammaGammaResult, currency: str) -> str:
    p, q, v = spend.estimates.values
    customers = f"{spend.estimates.n:,} customers with a repeat purchase of known amount"
    if q <= 1:
        return f"From {customers} no mean spend over customers can be had: it is infinite."
    return (
        f"From {customers} the mean spend per purchase is estimated at "
        f"{amount(p * v / (q - 1), currency)}; that is what is expected of a customer of "
        "whom no repeat purchase is known."
    )


@passes_absence
def _say_fit(fit: SpendFit) -> str:
    return (
        "The expected and the observed distribution of mean spend differ nowhere by more than "
        f"{percent(fit.largest_distance)} of the customers."
    )


@passes_absence
def _say_correlation(independence: SpendIndependence) -> str:
    found = independence.found(PEARSON)
    verdict = "below" if abs(found) < SMALL_CORRELATION else "not below"
    return (
        f"Number of purchases and mean spend correlate by {number(found, 3)} over customers, "
        f"in size {verdict} the {SMALL_CORRELATION} that is called small."
    )


@passes_absence
def _say_influence(independence: SpendIndependence) -> str:
    low, high = number(independence.lowest, 3), number(independence.highest, 3)
    if independence.checks[0].passed:
        return f"No single customer decides that: without any one it lies from {low} to {high}."
    return (
        f"A single customer decides that: without one or another it lies from {low} to {high}, "
        "so that neither verdict is firm."
    )


@passes_absence
def _say_ranks(independence: SpendIndependence) -> str:
    row = independence.measures.set_index("measure").to_dict("index")[RANKS]
    judged = (
        "more than the model gives" if row["p"] < 0.05 else "no more than the model itself gives"
    )
    if row["found"] < row["expected if independent"] and row["p"] < 0.05:
        judged = "less than the model gives"
    return (
        f"Their ranks correlate by {number(row['found'], 3)}, {judged} when spend does not "
        f"depend on frequency ({number(row['95% lower'], 3)} to {number(row['95% upper'], 3)} in "
        f"95% of {independence.n_replicates:,} draws, {p_value(row['p'])})."
    )


@passes_absence
def _say_size(independence: SpendIndependence) -> str:
    row = independence.measures.set_index("measure").to_dict("index")[WEIGHTED]
    ratio = row["found"]
    if abs(ratio - 1) < 0.0005:
        return "A purchase brings on average as much as the average customer spends on one."
    side = "more" if ratio > 1 else "less"
    said = (
        f"The average purchase brings {percent(abs(ratio - 1))} {side} than the average customer "
        "spends on one"
    )
    if row["p"] >= 0.05:
        return f"{said}, no more of a difference than the model gives by chance ({_p(row)})."
    bias = "too low" if ratio > 1 else "too high"
    return (
        f"{said} ({_p(row)}); lifetime values of frequent buyers tend to be {bias} where their "
        "own few amounts are drawn towards the mean of all."
    )


def _p(row: dict[Any, Any]) -> str:
    return p_value(row["p"])
