"""From values at many parameter points to limits: by draws, or by derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from crmstudy.value.lifetime.points import STEP, draw_points, log_covariance, step_points
from crmstudy.value.purchasing.likelihood import Estimates

Floats = NDArray[np.float64]
Limits = tuple[Floats, Floats]


def order_limits(drawn: Floats, level: float) -> Limits:
    """Take the order statistics that leave out as much at either end, along the first axis.

    No value between two draws is made up, so that counts stay counts, and infinite draws
    are values like others.
    """
    n = len(drawn)
    out = max(int(np.floor((1 - level) / 2 * (n + 1))), 1)
    parts = np.partition(drawn, sorted({out - 1, n - out}), axis=0)
    return parts[out - 1], parts[n - out]


@dataclass(frozen=True, eq=False)
class FromDraws:
    """Limits are order statistics over parameters drawn from their distribution."""

    purchases: Floats
    spend: Floats | None
    level: float

    method: ClassVar[str] = "draws"

    @property
    def n_points(self) -> int:
        """Number of points at which a value is known."""
        return len(self.purchases)

    def pair(self, of_purchases: Floats) -> Floats:
        """Draws are paired already."""
        return of_purchases

    def pair_spend(self, of_spend: Floats) -> Floats:
        """Draws are paired already."""
        return of_spend

    def limits(self, at_points: Floats, *, share: bool = False) -> Limits:
        """Order statistics."""
        return order_limits(at_points, self.level)


@dataclass(frozen=True, eq=False)
class FromDerivatives:
    """Limits are those of the delta method, for the logarithm of a value, the logit of a share.

    Points: the estimates; a step up and a step down for each parameter of the purchase
    model; the same for the spend model.
    """

    purchases: Floats
    spend: Floats | None
    covariances: tuple[Floats, ...]
    level: float

    method: ClassVar[str] = "derivatives"

    @property
    def n_points(self) -> int:
        """Number of points at which a value is known."""
        return 1 + 2 * sum(len(covariance) for covariance in self.covariances)

    def pair(self, of_purchases: Floats) -> Floats:
        """The spend model's steps leave the purchase model where it is."""
        more = 0 if self.spend is None else len(self.spend) - 1
        return of_purchases[[*range(len(of_purchases)), *[0] * more]]

    def pair_spend(self, of_spend: Floats) -> Floats:
        """The purchase model's steps leave the spend model where it is."""
        return of_spend[[0] * len(self.purchases) + [*range(1, len(of_spend))]]

    def limits(self, at_points: Floats, *, share: bool = False) -> Limits:
        """Estimate plus and minus the normal quantile times its error, taken back."""
        if share:
            certain = at_points[0] >= 1
            curved = logit(np.clip(at_points, 1e-300, 1 - 1e-15))
        else:
            certain, curved = at_points[0] <= 0, np.log(np.maximum(at_points, 1e-300))
        spread = ndtri((1 + self.level) / 2) * self._errors_of(curved)
        back = expit if share else np.exp
        lower, upper = back(curved[0] - spread), back(curved[0] + spread)
        return np.where(certain, at_points[0], lower), np.where(certain, at_points[0], upper)

    def errors(self, at_points: Floats) -> Floats:
        """Standard errors of the logarithm of a positive quantity."""
        return self._errors_of(np.log(np.maximum(at_points, 1e-300)))

    def _errors_of(self, curved: Floats) -> Floats:
        variance, first = np.zeros(curved.shape[1]), 1
        for covariance in self.covariances:
            k = len(covariance)
            up, down = curved[first : first + k], curved[first + k : first + 2 * k]
            slopes = (up - down) / (2 * STEP)
            variance += np.einsum("ik,ij,jk->k", slopes, covariance, slopes)
            first += 2 * k
        return np.sqrt(variance)


def spread_parameters(
    purchases: Estimates,
    spend: Estimates | None,
    *,
    by_draws: bool,
    n_draws: int,
    level: float,
    rng: np.random.Generator,
) -> FromDraws | FromDerivatives:
    """Choose parameter points of both models, which are estimated from independent parts."""
    if by_draws:
        of_spend = None if spend is None else draw_points(spend, n_draws, rng)
        return FromDraws(draw_points(purchases, n_draws, rng), of_spend, level)
    known = [purchases] if spend is None else [purchases, spend]
    of_spend = None if spend is None else step_points(spend)
    covariances = tuple(log_covariance(estimates) for estimates in known)
    return FromDerivatives(step_points(purchases), of_spend, covariances, level)
