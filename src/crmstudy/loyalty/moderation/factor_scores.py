"""Latent scores of respondents, for regressions in which a construct explains something else.

Regression scores, each from the construct's own items, make the slope of a linear regression
on them consistent: what measurement error takes from the score's variance it takes from
the covariance too (Skrondal & Laake, 2001). With covariates, and in logistic and Poisson
regression, this holds nearly.

References
----------
Skrondal, A., & Laake, P. (2001). Regression among factor scores. Psychometrika, 66(4), 563-575.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.result import SemResult, Solution
from crmstudy.loyalty.model.specify import Construct, StructuralModel
from crmstudy.loyalty.questionnaire.screen import read_numbers

BY_FACTORS = "factor scores (regression method)"
BY_MEANS = "means of the items"


def score_respondents(
    answers: pd.DataFrame, *, constructs: Sequence[Construct]
) -> tuple[pd.DataFrame, str]:
    """Score every respondent who answered all items of a construct.

    Parameters
    ----------
    answers : DataFrame
        One column an item, reverse-scored items turned round.
    constructs : sequence of Construct
        Measured together, each scored by its own items.

    Returns
    -------
    scores : DataFrame
        One column a construct, in standard deviations of the latent variable; missing where
        an item is.
    method : str
        :data:`BY_FACTORS`, or :data:`BY_MEANS` (standardised) where the measurement model
        cannot be estimated or is inadmissible.
    """
    try:
        found = fit_sem(answers, model=StructuralModel(tuple(constructs), (), "scores"))
    except ModelError:
        return _score_means(answers, constructs), BY_MEANS
    if not found.admissible:
        return _score_means(answers, constructs), BY_MEANS
    return _score_factors(answers, found), BY_FACTORS


def weigh_items(loadings: np.ndarray, errors: np.ndarray, variance: float) -> np.ndarray:
    """Return the weights of centred items in a regression score of latent SD 1.

    ``sqrt(phi) lambda' Sigma^-1`` with ``Sigma = phi lambda lambda' + Theta``.
    """
    sigma = variance * np.outer(loadings, loadings) + np.diag(errors)
    return np.asarray(np.sqrt(variance) * np.linalg.solve(sigma, loadings))


def _score_factors(answers: pd.DataFrame, found: SemResult) -> pd.DataFrame:
    solution = found.estimates
    assert isinstance(solution, Solution)
    loadings, _, latent, errors = found.structure.matrices(solution.theta)
    places = {item: k for k, item in enumerate(found.model.items)}
    scores = {}
    for k, construct in enumerate(found.model.constructs):
        own = [places[item] for item in construct.items]
        weights = weigh_items(loadings[own, k], np.diag(errors)[own], float(latent[k, k]))
        items = read_numbers(answers, items=construct.items)
        scores[construct.name] = (items - items.dropna().mean()) @ weights
    return pd.DataFrame(scores, index=answers.index)


def _score_means(answers: pd.DataFrame, constructs: Sequence[Construct]) -> pd.DataFrame:
    scores = {}
    for construct in constructs:
        mean = read_numbers(answers, items=construct.items).mean(axis=1, skipna=False)
        spread = mean.std(ddof=0)
        if not spread > 0.0:
            raise ModelError(f"{construct.name} is the same for all respondents")
        scores[construct.name] = (mean - mean.mean()) / spread
    return pd.DataFrame(scores, index=answers.index)
