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


def compose(weights: np.ndarray, memberships: np.ndarray, *, operator: Operator) -> np.ndarray:
    """Compose arrays of shape (..., n) and (..., n, g) to (..., g): many draws at once."""
    require_choice(operator, Operator, "operator")
    return OPERATORS[operator].compose(weights, memberships)


def judge_maximum(shares: np.ndarray) -> float:
    """Effectiveness of taking the largest membership as the verdict.

    ``(m b1 - 1) / (2 b2 (m - 1))`` for m shares that sum to 1 with largest b1 and second
    b2: how far the leader stands above an even spread, against what the runner-up has.
    At least 1 is commonly called very effective, at least .5 fairly, above 0 weakly.
    """
    m = len(shares)
    second, first = np.sort(shares)[-2:]
    lead = (m * first - 1) / (m - 1)
    return float(lead / (2 * second)) if second > 0 else float("inf")
