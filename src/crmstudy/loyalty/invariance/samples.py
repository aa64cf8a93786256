"""The answers of each group: its own fit, its moments, and a start for the joint models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.fit import multiplier
from crmstudy.loyalty.estimation.result import Divisor, SemResult
from crmstudy.loyalty.invariance.groups import Groups, find_complete
from crmstudy.loyalty.invariance.joint import GroupSample
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import StructuralModel


def split_answers(
    survey: pd.DataFrame, model: StructuralModel, groups: Groups
) -> dict[str, pd.DataFrame]:
    """Take the complete answers of each group, as floats."""
    if len(groups.labels) < 2:
        raise ModelError(f"{groups.column!r} has {len(groups.labels)} groups; 2 are needed")
    rows = survey.loc[find_complete(survey, model), list(model.items)].astype(float)
    membership = groups.membership.reindex(rows.index)
    return {label: rows[membership == label] for label in groups.labels}


def fit_each(
    answers: Mapping[str, pd.DataFrame], model: StructuralModel, divisor: Divisor
) -> dict[str, SemResult]:
    """Fit a model to every group alone; an error names the group."""
    fitted = {}
    for label, rows in answers.items():
        try:
            fitted[label] = fit_sem(rows, model=model, divisor=divisor)
        except ModelError as error:
            raise ModelError(f"group {label!r}: {error}") from None
    return fitted


def sample_groups(single: Mapping[str, SemResult]) -> tuple[GroupSample, ...]:
    """Take each group's moments out of its own fit."""
    return tuple(
        GroupSample(
            label,
            each.n_used,
            multiplier(each.n_used, each.divisor),
            each.answers.mean(axis=0),
            each.sample,
        )
        for label, each in single.items()
    )


def start_cells(single: Mapping[str, SemResult]) -> Array:
    """Arrange the groups' own solutions with free means as cells of a joint model."""
    rows = []
    for each in single.values():
        theta = each.solution.theta
        means = each.answers.mean(axis=0)
        rows.append(np.concatenate([theta, means, np.zeros(len(each.model.constructs))]))
    return np.array(rows)


def name_checks(single: Mapping[str, SemResult]) -> tuple[Check, ...]:
    """Put the group's name before every check of its own model."""
    return tuple(
        replace(check, name=f"{label}: {check.name}")
        for label, each in single.items()
        for check in each.checks
    )
