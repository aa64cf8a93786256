"""Factors turned until each variable loads on few of them, in a fixed order and with fixed signs.

References
----------
Kaiser, H. F. (1958). The varimax criterion for analytic rotation in factor analysis.
Psychometrika, 23(3), 187-200.
Hendrickson, A. E., & White, P. O. (1964). Promax: A quick method for rotation to oblique
simple structure. British J. Statistical Psychology, 17(1), 65-70.
Jennrich, R. I. (2002). A simple general method for oblique rotation. Psychometrika, 67(1),
7-19.
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np

from crmstudy.errors import ModelError
from crmstudy.statistics.correlations import Matrix

Rotation = Literal["varimax", "oblimin", "promax", "none"]

PROMAX_POWER = 4
TOLERANCE, SETTLED, MOST_STEPS = 1e-9, 1e-5, 5_000


def rotate_loadings(loadings: Matrix, *, rotation: Rotation) -> tuple[Matrix, Matrix]:
    """Rotate loadings and order the factors by what they explain.

    Factors stand by falling explained variance; each points where its large loadings are
    positive (the sum of their cubes is), so that order and signs do not depend on the
    computer and a factor is read by what it has much of.

    Parameters
    ----------
    loadings : array of shape (n_variables, n_factors)
        Unrotated.
    rotation : {"varimax", "oblimin", "promax", "none"}
        Varimax with Kaiser's normalisation; direct oblimin with parameter 0 (quartimin)
        without; promax with power 4 from varimax.

    Returns
    -------
    pattern : array of shape (n_variables, n_factors)
    correlations : array of shape (n_factors, n_factors)
        Of the factors; the identity unless the rotation is oblique.

    Raises
    ------
    ModelError
        If the rotation does not settle.
    """
    if rotation == "none" or loadings.shape[1] == 1:
        pattern, correlations = loadings, np.eye(loadings.shape[1])
    elif rotation == "varimax":
        pattern, correlations = _varimax(loadings), np.eye(loadings.shape[1])
    elif rotation == "oblimin":
        pattern, correlations = _oblimin(loadings)
    else:
        pattern, correlations = _promax(_varimax(loadings))
    return _arrange(pattern, correlations)


def explained_variance(pattern: Matrix, correlations: Matrix) -> Matrix:
    """Sum of squared loadings of each factor, its share of joint ones included."""
    return np.diag(correlations @ pattern.T @ pattern).copy()


def _varimax(loadings: Matrix) -> Matrix:
    """Turn pairs of factors until the variance of the squared loadings is largest.

    Rows are brought to length 1 first. Each turn raises the criterion, so that the turns
    cannot go round in a circle, as the common iteration by singular values can.
    """
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    length[length == 0] = 1.0  # a variable without any loading stays where it is
    pattern = loadings / length
    for _ in range(MOST_STEPS):
        largest = 0.0
        for j, k in combinations(range(pattern.shape[1]), 2):
            angle = _best_angle(pattern[:, j], pattern[:, k])
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            pattern[:, [j, k]] = pattern[:, [j, k]] @ turn
            largest = max(largest, abs(angle))
        if largest < TOLERANCE:
            return pattern * length
    raise ModelError("varimax did not settle; ask for fewer factors")


def _best_angle(first: Matrix, second: Matrix) -> float:
    """Give Kaiser's (1958) angle between two factors at which the criterion is largest."""
    apart, joint = first**2 - second**2, 2 * first * second
    rows = len(first)
    above = 2 * (apart @ joint - apart.sum() * joint.sum() / rows)
    below = apart @ apart - joint @ joint - (apart.sum() ** 2 - joint.sum() ** 2) / rows
    return float(np.arctan2(above, below)) / 4


def _oblimin(loadings: Matrix) -> tuple[Matrix, Matrix]:
    """Lower the products of squared loadings along the gradient, factors kept at length 1.

    statsmodels holds the same method, but its line search stops a thousand times slower
    near the solution.
    """
    turn, step = np.eye(loadings.shape[1]), 1.0
    value, gradient = _quartimin(loadings, turn)
    for _ in range(MOST_STEPS):
        direction = gradient - turn * (turn * gradient).sum(axis=0)
        slope = float(np.linalg.norm(direction))
        if slope < TOLERANCE:
            break
        step = 2 * step
        for _ in range(60):
            moved = turn - step * direction
            moved /= np.sqrt((moved**2).sum(axis=0))
            reached, slopes = _quartimin(loadings, moved)
            if reached < value - 0.5 * slope**2 * step:
                break
            step /= 2
        else:
            break  # no step lowers it any more: the numbers end here
        turn, value, gradient = moved, reached, slopes
    if slope > SETTLED:
        raise ModelError("oblimin did not settle; ask for fewer factors or use varimax")
    return loadings @ np.linalg.inv(turn).T, turn.T @ turn


def _quartimin(loadings: Matrix, turn: Matrix) -> tuple[float, Matrix]:
    inverse = np.linalg.inv(turn)
    pattern = loadings @ inverse.T
    squared = pattern**2
    others = squared.sum(axis=1, keepdims=True) - squared
    gradient = -((pattern.T @ (pattern * others) @ inverse).T)
    return float((squared * others).sum() / 4), gradient


def _promax(varimax: Matrix) -> tuple[Matrix, Matrix]:
    target = varimax * np.abs(varimax) ** (PROMAX_POWER - 1)
    turn = np.linalg.lstsq(varimax, target, rcond=None)[0]
    turn = turn * np.sqrt(np.diag(np.linalg.inv(turn.T @ turn)))
    inverse = np.linalg.inv(turn)
    return varimax @ turn, inverse @ inverse.T


def _arrange(pattern: Matrix, correlations: Matrix) -> tuple[Matrix, Matrix]:
    sign = np.where((pattern**3).sum(axis=0) < 0, -1.0, 1.0)
    pattern, correlations = pattern * sign, correlations * np.outer(sign, sign)
    order = np.argsort(-explained_variance(pattern, correlations), kind="stable")
    return pattern[:, order], correlations[np.ix_(order, order)]
