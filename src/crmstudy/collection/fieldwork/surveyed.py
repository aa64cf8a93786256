"""The survey's fieldwork with the constructs, variables and shares that study.yml declares."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.fieldwork.constructs import score_constructs
from crmstudy.collection.fieldwork.frame import FrameComparison, compare_frame
from crmstudy.collection.fieldwork.nonresponse import EarlyLate, compare_early_late
from crmstudy.collection.fieldwork.weighted import estimate_means
from crmstudy.collection.fieldwork.weighting import (
    RespondentWeights,
    attach_levels,
    frame_margins,
    poststratify,
    rake,
)
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable, passes_absence

#: Roles of items whose constructs stand beside the codes of interviews.
TELLING_ROLES = ("overall_satisfaction", "repurchase_intention")
NO_VARIABLE = "study.yml names no variable to weight by (fieldwork: weight_by)"


@passes_absence
def compare_late(
    data: StudyData, survey: pd.DataFrame, invitations: pd.DataFrame
) -> EarlyLate | NotAvailable:
    """Compare early with late respondents on the constructs of study.yml.

    Parameters
    ----------
    data : StudyData
        Its instrument names the constructs.
    survey, invitations : DataFrame
        Canonical tables of the same respondents.
    """
    scored = score_constructs(survey, data.settings.instrument)
    constructs = [name for name in data.settings.instrument.constructs if name in scored]
    if not constructs:
        return NotAvailable("study.yml names no construct that the survey measures")
    return compare_early_late(scored, invitations, items=constructs)


def compare_respondents(
    data: StudyData,
    survey: pd.DataFrame | NotAvailable,
    customers: pd.DataFrame | NotAvailable,
) -> FrameComparison | NotAvailable:
    """Compare the respondents with the population by the variables of study.yml."""
    fieldwork = data.settings.fieldwork
    by = list(fieldwork.weight_by or fieldwork.population)
    if isinstance(survey, NotAvailable):
        return survey
    if not by:
        return NotAvailable(NO_VARIABLE)
    return compare_frame(survey, customers, columns=by, population=fieldwork.population)


def weigh_respondents(
    data: StudyData,
    survey: pd.DataFrame | NotAvailable,
    customers: pd.DataFrame | NotAvailable,
) -> RespondentWeights | NotAvailable:
    """Weight the respondents by the variables and shares of study.yml.

    One variable is post-stratified, several are raked. Shares that study.yml does not
    state are those of the customers, the frame; a variable that the survey lacks is taken
    from the customers through ``customer_id``.
    """
    fieldwork = data.settings.fieldwork
    by = list(fieldwork.weight_by or fieldwork.population)
    if isinstance(survey, NotAvailable):
        return survey
    if not by:
        return NotAvailable(NO_VARIABLE)
    framed = [name for name in by if name not in fieldwork.population]
    population = {name: fieldwork.population[name] for name in by if name not in framed}
    if isinstance(customers, NotAvailable):
        if framed or any(name not in survey for name in by):
            return customers
    else:
        survey = attach_levels(survey, customers, by=by)
        population |= frame_margins(customers, by=framed) if framed else {}
    if len(by) == 1:
        return poststratify(survey, population[by[0]], by=by)
    return rake(survey, population, by=by)


@passes_absence
def weigh_means(
    data: StudyData, survey: pd.DataFrame, weights: RespondentWeights
) -> pd.DataFrame | NotAvailable:
    """Estimate the weighted mean of each construct, beside the plain one."""
    scored = score_constructs(survey, data.settings.instrument)
    constructs = [name for name in data.settings.instrument.constructs if name in scored]
    if not constructs:
        return NotAvailable("study.yml names no construct that the survey measures")
    means = estimate_means(scored, weights, columns=constructs)
    return means.rename(columns=lambda name: str(name).replace("_", " "))


def number_customers(
    data: StudyData,
    purchases: pd.DataFrame | NotAvailable,
    survey: pd.DataFrame | NotAvailable,
) -> pd.DataFrame | NotAvailable:
    """Put what customers spend and what they answered side by side, for the joint display.

    Returns
    -------
    DataFrame
        Indexed by customer_id: ``revenue``, ``n_purchases`` and, for linked respondents, the
        means of the constructs that hold the items of overall satisfaction and of the
        intention to buy again.
    """
    if isinstance(purchases, NotAvailable):
        return purchases
    numbers = purchases[["revenue", "n_purchases"]].astype("float64")
    if isinstance(survey, NotAvailable) or "customer_id" not in survey:
        return numbers
    instrument = data.settings.instrument
    scored = score_constructs(survey.dropna(subset=["customer_id"]), instrument)
    asked = {instrument.roles.get(role) for role in TELLING_ROLES}
    constructs = [
        name
        for name, construct in instrument.constructs.items()
        if name in scored and asked & set(construct.items)
    ]
    answers = scored.groupby("customer_id")[constructs].mean()
    return numbers.join(answers, how="outer")
