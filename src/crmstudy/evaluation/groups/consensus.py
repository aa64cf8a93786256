"""Consensus of experts from the diversity of their weights (Shannon entropy)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError

Floats = npt.NDArray[np.float64]

#: The largest judgement of Saaty's scale.
SCALE_MAXIMUM = 9.0

#: Goepel's words, from the limit upwards.
WORDS = ((0.875, "very high"), (0.75, "high"), (0.625, "moderate"), (0.5, "low"))


@dataclass(frozen=True)
class Consensus:
    """How far experts spread weight over the same names.

    Parameters
    ----------
    alpha, beta, gamma : float
        Diversities (numbers equivalent): of the average expert, between experts, and of
        the panel's mean weights; ``gamma = alpha * beta``.
    consensus : float
        0 where experts are as different as the scale allows, 1 where they are equal.
    """

    alpha: float
    beta: float
    gamma: float
    consensus: float

    @property
    def words(self) -> str:
        """Consensus in Goepel's words: very low, low, moderate, high, very high."""
        return next((word for limit, word in WORDS if self.consensus >= limit), "very low")


def measure_consensus(weights: Floats, *, scale_maximum: float = SCALE_MAXIMUM) -> Consensus:
    """Measure the consensus of experts from their weights of the same names.

    Entropies are of natural logarithms; ``H_alpha`` is the mean of the experts' own,
    ``H_gamma`` that of their mean weights, and ``H_beta = H_gamma - H_alpha``. With the
    diversities ``D = exp(H)``, ``n`` names and judgements up to ``M``, the consensus is
    ``(1/D_beta - r) / (1 - r)`` with ``r = D_alpha,min / n``, where ``D_alpha,min`` belongs
    to an expert who puts one name ``M`` times above all the others. The largest diversity
    of the mean weights is ``n``, as in Goepel's later version; in the first it depended on
    the number of experts.

    Parameters
    ----------
    weights : ndarray of shape (n_experts, n_names)
        Each row sums to 1.

    Raises
    ------
    ModelError
        If there is one expert or one name.

    References
    ----------
    Goepel, K. D. (2013). Implementing the analytic hierarchy process as a standard method
    for multi-criteria decision making in corporate enterprises. Proceedings of the
    International Symposium on the AHP, Kuala Lumpur.
    Goepel, K. D. (2018). Implementation of an online software tool for the analytic
    hierarchy process (AHP-OS). Int. J. Analytic Hierarchy Process, 10(3), 469-487.
    Jost, L. (2006). Entropy and diversity. Oikos, 113(2), 363-375.
    """
    weights = np.asarray(weights, dtype=float)
    m, n = weights.shape
    if m < 2 or n < 2:
        raise ModelError(f"consensus needs two experts and two names; there are {m} and {n}")
    h_alpha = float(_entropy(weights).mean())
    h_gamma = float(_entropy(weights.mean(axis=0)))
    # Gamma is never below alpha (Jensen); rounding can be.
    beta = float(np.exp(max(h_gamma - h_alpha, 0.0)))
    extreme = np.array([scale_maximum, *np.ones(n - 1)]) / (scale_maximum + n - 1)
    least = float(np.exp(_entropy(extreme))) / n
    return Consensus(
        float(np.exp(h_alpha)), beta, float(np.exp(h_gamma)), (1 / beta - least) / (1 - least)
    )


def _entropy(weights: Floats) -> Floats:
    """Shannon entropy of each row; a weight of zero adds nothing."""
    logs = np.log(np.where(weights > 0, weights, 1.0))
    return -(weights * logs).sum(axis=-1)
