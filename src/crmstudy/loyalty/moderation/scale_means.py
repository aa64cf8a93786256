"""Answers as points from 0 to 100, and the regression of their means.

References
----------
MacKinnon, J. G., & White, H. (1985). Some heteroskedasticity-consistent covariance matrix
estimators with improved finite sample properties. J. Econometrics, 29(3), 305-325 (HC3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.questionnaire.screen import read_numbers

FULL = 100.0  # points of an answer at the upper end of its scale


def score_points(
    answers: pd.DataFrame, *, items: Sequence[str], scales: Mapping[str, Mapping[str, Any]]
) -> pd.Series:
    """Average a construct's answered items as points from 0 to 100.

    Parameters
    ----------
    answers : DataFrame
        Reverse-scored items already turned round.
    items : sequence of str
    scales : mapping
        Item to its ``minimum`` and ``maximum``.

    Returns
    -------
    Series
        Indexed as ``answers``; missing where more than half of the items are.
    """
    absent = [item for item in items if item not in answers.columns or item not in scales]
    if absent:
        raise ModelError(f"item {absent[0]!r} is no column of the survey, or has no scale")
    numbers = read_numbers(answers, items=items)
    low = pd.Series({item: float(scales[item]["minimum"]) for item in items})
    high = pd.Series({item: float(scales[item]["maximum"]) for item in items})
    points = FULL * (numbers - low) / (high - low)
    enough = 2 * points.notna().sum(axis=1) >= len(items)
    return points.mean(axis=1).where(enough)


def regress_products(
    outcome: Array, predictors: Array, pairs: Sequence[tuple[int, int]]
) -> tuple[Array, Array]:
    """Regress a standardised outcome on standardised predictors and products of them.

    Parameters
    ----------
    outcome, predictors : arrays of shape (n,) and (n, k)
    pairs : sequence of pairs of int
        Columns of ``predictors`` whose products are added.

    Returns
    -------
    coefficients, covariance : arrays
        Without the constant; least squares with HC3 (MacKinnon & White, 1985).
    """
    y, x = _standardise(outcome), _standardise(predictors)
    products = [x[:, a] * x[:, b] for a, b in pairs]
    design = np.column_stack([np.ones(len(y)), x, *products])
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    coefficients = inverse @ design.T @ y
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    weighted = design * ((y - design @ coefficients) / (1 - leverage))[:, None]
    covariance = inverse @ (weighted.T @ weighted) @ inverse
    return coefficients[1:], covariance[1:, 1:]


def _standardise(values: Array) -> Array:
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0))
