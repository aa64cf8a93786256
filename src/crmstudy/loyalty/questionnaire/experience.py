"""Satisfaction as experience minus expectation: from answers to scores and regressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.measurement.coefficients import alpha_from_covariance
from crmstudy.loyalty.questionnaire.difference import (
    QUADRATIC,
    Regression,
    difference_reliability,
    regress,
)
from crmstudy.loyalty.questionnaire.disconfirmation import DIFFERENCE, Disconfirmation
from crmstudy.loyalty.questionnaire.reading import Instrument, read_numbers
from crmstudy.loyalty.questionnaire.screen import name_construct

R = TypeVar("R")

#: What the scores are of, in the order of the columns.
ROLES = ("expectation", "experience", "satisfaction", "loyalty")
MIDDLE, UNIT = 50.0, 10.0  # predictors of a regression: centred, in tens of points


@passes_absence
def compare_experience(
    survey: pd.DataFrame,
    *,
    instrument: Instrument,
    focus: Mapping[str, str],
    level: float = 0.95,
) -> Disconfirmation:
    """Compare what customers experienced with what they had expected.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        Numeric answers, reverse-scored items turned round already (:func:`recode_reversed`).
    instrument : mapping
        Items with construct, label and scale.
    focus : mapping
        Names of the constructs ``expectation``, ``experience``, ``satisfaction`` and
        ``loyalty``; the last two may be empty.
    level : float
        Of all intervals.

    Raises
    ------
    ModelError
        If study.yml names no expectation or no experience, fewer than three respondents
        have both, or all have the same difference.
    """
    asked = {role: _items_of(instrument, focus.get(role, "")) for role in ROLES}
    for role in ("expectation", "experience"):
        if not asked[role]:
            raise ModelError(f"study.yml names no construct for {role} under focus")
    if focus["expectation"] == focus["experience"]:
        raise ModelError("expectation and experience are the same construct under focus")
    points = {role: rescale(survey, instrument, items) for role, items in asked.items() if items}
    scores = pd.DataFrame({role: average_answered(each) for role, each in points.items()})
    scores[DIFFERENCE] = scores["experience"] - scores["expectation"]
    known = scores[DIFFERENCE].dropna()
    if len(known) < 3:
        raise ModelError(f"{len(known)} respondents rated both: at least three are needed")
    if known.max() - known.min() < 1e-9:
        raise ModelError("experience and expectation differ by the same in all respondents")
    labels = {role: name_construct(instrument[items[0]]) for role, items in asked.items() if items}
    both = [item for role in ("expectation", "experience") for item in asked[role]]
    steps = [100.0 / (instrument[item]["maximum"] - instrument[item]["minimum"]) for item in both]
    reliability = _absorb(_tabulate_reliability, points, labels)
    linear, quadratic = _absorb(_fit, scores, False), _absorb(_fit, scores, True)
    return Disconfirmation(scores, labels, max(steps) / 2, reliability, linear, quadratic, level)


def rescale(survey: pd.DataFrame, instrument: Instrument, items: Sequence[str]) -> pd.DataFrame:
    """Turn answers into points from 0, the lowest on an item's scale, to 100."""
    numbers = read_numbers(survey, items=items)
    for item in items:
        low, high = instrument[item]["minimum"], instrument[item]["maximum"]
        numbers[item] = 100.0 * (numbers[item] - low) / (high - low)
    return numbers


def average_answered(points: pd.DataFrame) -> pd.Series:
    """Average the answered items; NaN where more than half of them are missing."""
    enough = 2 * points.notna().sum(axis=1) >= points.shape[1]
    return points.mean(axis=1).where(enough)


def _items_of(instrument: Instrument, construct: str) -> list[str]:
    return [i for i, spec in instrument.items() if construct and spec["construct"] == construct]


def _absorb(function: Callable[..., R], *args: Any) -> R | NotAvailable:
    try:
        return function(*args)
    except ModelError as error:
        return NotAvailable(str(error))


def _tabulate_reliability(
    points: Mapping[str, pd.DataFrame], labels: Mapping[str, str]
) -> pd.DataFrame:
    """Alpha of both scores and the reliability of their difference, from complete rows."""
    pair = {role: points[role] for role in ("expectation", "experience")}
    for role, each in pair.items():
        if each.shape[1] < 2:
            raise ModelError(f"{labels[role]} has one item: its reliability is not known")
    rated = pd.concat(pair.values(), axis=1).notna().all(axis=1)
    if rated.sum() < 3:
        raise ModelError("fewer than three respondents rated all items of both")
    alphas = [alpha_from_covariance(each[rated].cov()) for each in pair.values()]
    scores = [each[rated].mean(axis=1) for each in pair.values()]
    correlation = float(np.corrcoef(scores)[0, 1])
    sds = (float(scores[0].std()), float(scores[1].std()))
    difference = difference_reliability((alphas[0], alphas[1]), sds, correlation)
    names = [*(labels[role] for role in pair), "experience minus expectation"]
    counts = [each.shape[1] for each in pair.values()]
    return pd.DataFrame(
        {
            "score": names,
            "items": [*counts, sum(counts)],
            "reliability": [*alphas, difference],
        }
    )


def _fit(scores: pd.DataFrame, squares: bool) -> Regression:
    """Regress satisfaction on both scores, in tens of points from the middle."""
    if "satisfaction" not in scores:
        raise ModelError("study.yml names no construct for satisfaction under focus")
    used = scores[["satisfaction", "expectation", "experience"]].dropna()
    outcome = used["satisfaction"].to_numpy() / UNIT
    x, y = ((used[role].to_numpy() - MIDDLE) / UNIT for role in ("expectation", "experience"))
    terms = {"expectation": x, "experience": y}
    if squares:
        terms |= dict(zip(QUADRATIC[3:], (x**2, x * y, y**2), strict=True))
    return regress(outcome, terms)
