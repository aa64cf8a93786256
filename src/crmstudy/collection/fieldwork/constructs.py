"""Means of the constructs of a questionnaire."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.settings import Instrument


@passes_absence
def score_constructs(survey: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Put the mean of each construct's answered items beside the survey.

    Reverse-scored items are turned round first; a respondent who left out more than half
    of a construct's items has no mean of it.

    Returns
    -------
    DataFrame
        The survey with one further column a construct of which it holds an item.
    """
    scored = survey.copy()
    for name, construct in instrument.constructs.items():
        items = [item for item in construct.items if item in survey]
        if not items:
            continue
        answers = survey[items].astype("float64")
        for item in items:
            low, high = instrument.bounds(item)
            if item in instrument.items and instrument.items[item].reverse:
                answers[item] = low + high - answers[item]
        enough = 2 * answers.notna().sum(axis=1) >= len(items)
        scored[name] = answers.mean(axis=1).where(enough)
    return scored
