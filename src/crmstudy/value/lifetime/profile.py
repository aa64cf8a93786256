"""Profile-likelihood intervals: follow the ridge of the likelihood until it has fallen enough.

One logarithm of a parameter is held, the others are maximised by Newton steps with exact
derivatives; the signed root of the deviance, which is nearly straight in the held one, is
brought to the normal quantile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crmstudy.errors import ModelError
from crmstudy.value.purchasing.likelihood import Estimates, Likelihood

Floats = NDArray[np.float64]

# As in the search for the maximum: so far from it a parameter is on its way to 0 or infinity.
FURTHEST = np.log(1e4)
# The others may not run so far: beyond it the likelihood is lost in its rounding.
FENCE = np.log(1e3)
LONGEST_STEP = 1.0  # of a log parameter
ROOT_TOLERANCE = 1e-6  # of the root of the deviance
CREST_TOLERANCE = 1e-10  # expected rise of the log-likelihood in the next Newton step


def follow_profile(
    likelihood: Likelihood, estimates: Estimates, *, reach: float
) -> tuple[Floats, Floats]:
    """Find where the root of the deviance of each parameter reaches a normal quantile.

    Parameters
    ----------
    likelihood : callable
        The one that the estimates maximise.
    estimates : Estimates
        The maximum.
    reach : float
        Quantile of the standard normal distribution, its square that of chi-square(1).

    Returns
    -------
    lower, upper : arrays of shape (n_parameters,)
        0 and infinity where the likelihood never falls so far.

    Raises
    ------
    ModelError
        If the crest of the likelihood cannot be followed.
    """
    ridge = _Ridge(likelihood, estimates)
    positions = range(len(estimates.names))
    return (
        np.array([ridge.limit(held, -reach) for held in positions]),
        np.array([ridge.limit(held, reach) for held in positions]),
    )


class _Ridge:
    """The likelihood over log parameters, maximised over all but one."""

    def __init__(self, likelihood: Likelihood, estimates: Estimates) -> None:
        self._likelihood, self._names = likelihood, estimates.names
        self._best, self._highest = np.log(estimates.values), estimates.log_likelihood
        self._errors = estimates.standard_errors / estimates.values

    def limit(self, held: int, reach: float) -> float:
        """Value of the held parameter at which the signed root of the deviance is ``reach``."""
        point, aim = self._best, self._best[held] + reach * self._errors[held]
        for _ in range(60):
            point, slope = self._climb(self._move(point, held, aim), held)
            root = self._root(point, held)
            if abs(root - reach) < ROOT_TOLERANCE:
                return float(np.exp(point[held]))
            if abs(point[held] - self._best[held]) > FURTHEST:
                return np.inf if reach > 0 else 0.0
            # d root / d held = -slope / root, by the envelope theorem.
            step = (reach - root) * root / -slope if slope * root < 0 else LONGEST_STEP * reach
            aim = point[held] + float(np.clip(step, -LONGEST_STEP, LONGEST_STEP))
        raise ModelError(f"the profile likelihood of {self._names[held]} cannot be followed")

    def _root(self, point: Floats, held: int) -> float:
        fall = max(self._highest - self._at(point)[0], 0.0)
        return float(np.sign(point[held] - self._best[held]) * np.sqrt(2 * fall))

    def _move(self, point: Floats, held: int, aim: float) -> Floats:
        """Move the held parameter, and the others along the tangent of the crest."""
        others = np.arange(point.size) != held
        _, _, hessian = self._at(point)
        along = np.linalg.lstsq(hessian[np.ix_(others, others)], -hessian[others, held])[0]
        moved = point.copy()
        moved[held] = aim
        moved[others] += np.clip(along * (aim - point[held]), -LONGEST_STEP, LONGEST_STEP)
        return self._fence(moved, held)

    def _fence(self, point: Floats, held: int) -> Floats:
        """Keep the others from running to infinity where the likelihood rises for ever."""
        fenced = np.clip(point, self._best - FENCE, self._best + FENCE)
        fenced[held] = point[held]
        return fenced

    def _climb(self, point: Floats, held: int) -> tuple[Floats, float]:
        """Maximise over the others; return the crest and the slope along the held one."""
        value, gradient, hessian = self._at(point)
        for _ in range(100):
            out = np.sign(gradient) * (point - self._best) >= FENCE
            free = (np.arange(point.size) != held) & ~out
            step = _ascent(gradient[free], hessian[np.ix_(free, free)])
            if gradient[free] @ step < CREST_TOLERANCE:
                break
            trial, found = self._search(point, free, step, held, value)
            if found[0] <= value:  # no higher within rounding: this is the crest
                break
            point, (value, gradient, hessian) = trial, found
        else:
            raise ModelError(f"the profile likelihood of {self._names[held]} cannot be followed")
        return point, float(gradient[held])

    def _search(
        self, point: Floats, free: NDArray[np.bool_], step: Floats, held: int, value: float
    ) -> tuple[Floats, tuple[float, Floats, Floats]]:
        """Shorten the step until it leads upwards."""
        for shrink in 0.5 ** np.arange(14):
            trial = point.copy()
            trial[free] += shrink * step
            trial = self._fence(trial, held)
            found = self._at(trial)
            if found[0] > value:
                break
        return trial, found

    def _at(self, point: Floats) -> tuple[float, Floats, Floats]:
        """Log-likelihood with derivatives by the log parameters."""
        values = np.exp(point)
        value, gradient, hessian = self._likelihood(values)
        gradient = values * gradient
        return float(value), gradient, np.outer(values, values) * hessian + np.diag(gradient)


def _ascent(gradient: Floats, hessian: Floats) -> Floats:
    """Newton step, upwards also where the likelihood is not concave, and not too long."""
    if not gradient.size:  # every other parameter stands at the fence
        return gradient
    curvatures, directions = np.linalg.eigh(-hessian)
    floor = 1e-8 * max(float(np.abs(curvatures).max()), 1e-300)
    step = directions @ ((directions.T @ gradient) / np.maximum(np.abs(curvatures), floor))
    return step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
