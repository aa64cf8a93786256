"""Indicators that respondents' answers measure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, SettingsError
from crmstudy.indicators.answers import read_item
from crmstudy.indicators.evidence import Evidence
from crmstudy.indicators.intervals import Measurement, measure_mean, measure_share

Floats = npt.NDArray[np.float64]

PROMOTER_FROM, DETRACTOR_TO = 9, 6
#: Boxes counted as satisfied, and how many a scale has at least to tell them apart.
TOP_BOXES, FEWEST_BOXES = 2, 4


def measure_satisfaction(evidence: Evidence, role: str) -> Measurement:
    """Mean over respondents of their mean answer to the items of a role, in points of 100."""
    return measure_mean(score_satisfaction(evidence, role), level=evidence.level)


def score_satisfaction(evidence: Evidence, role: str) -> Floats:
    """Points of 100 of each respondent with an answer."""
    survey, items = evidence.table("survey"), evidence.items(role)
    points = [_read_points(survey, item, evidence) for item in items]
    return pd.concat(points, axis=1).mean(axis=1).dropna().to_numpy(dtype=float)


def measure_satisfied(evidence: Evidence) -> Measurement:
    """Share of answers on overall satisfaction in the two upper boxes (CSAT)."""
    values, low, high = _read_single(evidence, "overall_satisfaction")
    boxes = int(high - low) + 1
    if boxes < FEWEST_BOXES:
        raise ModelError(f"two upper boxes need a scale of {FEWEST_BOXES} or more; it has {boxes}")
    satisfied = int((values > high - TOP_BOXES).sum())
    found = measure_share(satisfied, len(values), level=evidence.level)
    return found.say(f"answers {high - 1:g} and {high:g} of {low:g} to {high:g}")


def measure_recommendation(evidence: Evidence) -> Measurement:
    """Share of answers in the upper part of the recommendation item's scale."""
    values, low, high = _read_single(evidence, "recommendation")
    limit = low + evidence.terms.recommends_above * (high - low)
    found = measure_share(int((values > limit).sum()), len(values), level=evidence.level)
    return found.say(f"answers above {limit:g} of {low:g} to {high:g}")


def measure_promoters(evidence: Evidence) -> Measurement:
    """Net promoter score: promoters less detractors, times 100."""
    found = measure_mean(score_promoters(evidence), level=evidence.level)
    _, low, _ = _read_single(evidence, "recommendation")
    return found.say("its scale begins at 1, not at 0") if low == 1 else found


def score_promoters(evidence: Evidence) -> Floats:
    """Votes of each respondent with an answer: 100 a promoter, -100 a detractor."""
    values, low, high = _read_single(evidence, "recommendation")
    if high != 10 or low not in (0, 1):
        raise ModelError(
            f"the net promoter score needs a scale from 0 (or 1) to 10, the item has "
            f"{low:g} to {high:g}"
        )
    return 100 * ((values >= PROMOTER_FROM).astype(float) - (values <= DETRACTOR_TO))


def _read_single(evidence: Evidence, role: str) -> tuple[Floats, float, float]:
    survey, items = evidence.table("survey"), evidence.items(role)
    if len(items) > 1 and role == "recommendation":
        raise SettingsError(f"role {role!r} names {', '.join(items)}; allowed: one item")
    if len(items) > 1:
        raise ModelError(f"role {role!r} names {len(items)} items; a share of answers needs one")
    return read_item(survey, items[0], evidence.instrument)


def _read_points(survey: pd.DataFrame, item: str, evidence: Evidence) -> pd.Series:
    """Answers to an item as points from 0 to 100, by respondent who answered."""
    values, low, high = read_item(survey, item, evidence.instrument)
    return pd.Series(100 * (values - low) / (high - low), index=survey.index[survey[item].notna()])
