"""Whose answers a model is estimated from, and which answers cannot be used."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, nearest
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.questionnaire.screen import read_numbers


def collect_answers(survey: pd.DataFrame, model: StructuralModel) -> pd.DataFrame:
    """Take the model's items out of the survey as numbers."""
    for construct in model.constructs:
        for item in construct.items:
            if item not in survey.columns:
                hint = nearest(item, map(str, survey.columns))
                raise ModelError(
                    f"item {item!r} of {construct.name} is not a column of the survey{hint}"
                )
    answers = read_numbers(survey, items=model.items)
    empty = [item for item in model.items if answers[item].isna().all()]
    if 0 < len(empty) < len(model.items):
        raise ModelError(
            f"item {empty[0]!r} was answered by none of {len(answers)} respondents; take it out of "
            "the model"
        )
    return answers


def refuse_degenerate(used: pd.DataFrame, model: StructuralModel, *, n_dropped: int) -> None:
    """Refuse too few respondents and items without differences, by name."""
    complete = "" if used.isna().any(axis=None) else "complete "
    if len(used) <= len(model.items):
        noun, verb = ("respondent", "is") if len(used) == 1 else ("respondents", "are")
        raise ModelError(
            f"{len(used)} {complete}{noun} ({n_dropped} left out for missing answers) {verb} "
            f"too few for {len(model.items)} items: their covariance matrix would be singular"
        )
    for item in model.items:
        given = used[item].dropna()
        if given.empty:
            raise ModelError(
                f"item {item!r} was answered by none of {len(used)} respondents; take it out of "
                "the model"
            )
        if given.min() == given.max():
            raise ModelError(
                f"item {item!r} is constant: {given.iloc[0]:g} in all {len(given)} {complete}rows; "
                "take it out of the model"
            )


def refuse_strangers(coverage: Array, model: StructuralModel) -> None:
    """Refuse two items that nobody answered both, by name."""
    left, right = divmod(int(np.argmin(coverage)), len(coverage))
    if coverage[left, right] == 0.0:
        raise ModelError(
            f"no respondent answered both {model.items[left]!r} and {model.items[right]!r}: "
            "their covariance is unknown; take one of them out of the model"
        )


def note_assumptions(model: StructuralModel) -> tuple[str, ...]:
    """Say what the model takes for granted."""
    return tuple(
        f"{each.name} has one item ({each.items[0]}): taken as measured without error"
        for each in model.constructs
        if len(each.items) == 1
    )
