"""The four operators that compose weights with memberships, and how firm a verdict is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crmstudy.evaluation.require import require_choice

Operator = Literal["min-max", "product-max", "min-sum", "product-sum"]


@dataclass(frozen=True)
class Composition:
    """How weights and memberships are composed: symbol, and the rule in words."""

    symbol: str
    rule: str
    compose: Callable[[np.ndarray, np.ndarray], np.ndarray]


def _each_min(weights: np.ndarray, memberships: np.ndarray) -> np.ndarray:
    return np.minimum(weights[..., None], memberships)


OPERATORS: dict[str, Composition] = {
    "min-max": Composition(
        "M(∧, ∨)",
        "the largest of the smaller of weight and membership",
        lambda a, r: _each_min(a, r).max(axis=-2),
    ),
    "product-max": Composition(
        "M(·, ∨)",
        "the largest product of weight and membership",
        lambda a, r: (a[..., None] * r).max(axis=-2),
    ),
    "min-sum": Composition(
        "M(∧, ⊕)",
        "the sum of the smaller of weight and membership, at most 1",
        lambda a, r: np.minimum(_each_min(a, r).sum(axis=-2), 1.0),
    ),
    "product-sum": Composition(
        "M(·, +)",
        "the weighted mean of the memberships",
        lambda a, r: np.vecmat(a, r),
    ),
}

#: What the validity of the largest membership is commonly called, from this value on.
VALIDITY_WORDS = ((1.0, "very effective"), (0.5, "fairly effective"), (0.0, "hardly effective"))


def compose(weights: np.ndarray, memberships: np.ndarray, *, operator: Operator) -> np.ndarray:
    """Compose arrays of shape (..., n) and (..., n, g) to (..., g): many draws at once."""
    require_choice(operator, Operator, "operator")
    return OPERATORS[operator].compose(weights, memberships)


def judge_maximum(shares: np.ndarray) -> float:
    """Effectiveness of taking the largest membership as the verdict.

    For m shares that sum to 1, with largest b1 and second b2, the largest is placed
    between an even spread and certainty, ``(b1 - 1/m) / (1 - 1/m)``, the second between 0
    and its most, ``b2 / (1/2)``, and the one is divided by the other:
    ``(m b1 - 1) / (2 b2 (m - 1))``. 0: all grades are equal; infinite: one has everything.
    At least 1 is commonly called very effective, at least 0.5 fairly, less hardly. The
    index and these limits are a convention of textbooks on fuzzy evaluation, not a test.
    """
    m = len(shares)
    second, first = np.sort(shares)[-2:]
    lead = (m * first - 1) / (m - 1)
    return float(lead / (2 * second)) if second > 0 else float("inf")


def word_validity(validity: float) -> str:
    """Say what a validity of the largest membership is commonly called."""
    return next((word for least, word in VALIDITY_WORDS if validity >= least), "hardly effective")
