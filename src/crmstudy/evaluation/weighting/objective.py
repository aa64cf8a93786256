"""Objective weights from a decision matrix (entropy, CRITIC), and their union with judged ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence
from crmstudy.evaluation.comprehensive.membership import Direction
from crmstudy.evaluation.require import require_choice, require_same, require_weights
from crmstudy.evaluation.tabulate import name_metrics, rank_weights

Scaling = Literal["sum", "min-max"]
Rule = Literal["additive", "multiplicative"]


@dataclass(frozen=True, eq=False)
class ObjectiveWeights:
    """Weights that the data give.

    Parameters
    ----------
    weights : Series
        By criterion; they sum to 1.
    steps : DataFrame
        By criterion, the quantities that the weights are made of.
    method : str
        entropy or CRITIC, with the scaling.
    n_units : int
        Units compared.
    """

    weights: pd.Series
    steps: pd.DataFrame
    method: str
    n_units: int

    def table(self) -> pd.DataFrame:
        """One row a criterion: the steps, weight, rank."""
        steps = self.steps.assign(weight=self.weights, rank=rank_weights(self.weights))
        return steps.rename_axis("criterion").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Units and weights."""
        return {"n_units": self.n_units, **name_metrics("weight", self.weights)}


@passes_absence
def weigh_by_entropy(
    decisions: pd.DataFrame,
    *,
    directions: Mapping[str, Direction],
    scaling: Scaling = "min-max",
) -> ObjectiveWeights:
    """Weigh criteria by how unevenly they spread over the units (Shannon's entropy).

    With the shares ``p`` of the scaled values, ``e = -sum(p ln p) / ln m`` and the weight
    is in proportion to ``1 - e``: a criterion alike in all units tells nothing.

    Parameters
    ----------
    decisions : DataFrame
        Units in rows, criteria in columns.
    directions : mapping of str to {"larger", "smaller"}
        Which is better, by criterion.
    scaling : {"min-max", "sum"}
        Bring values to 0-1 between worst and best; or keep positive values as they are,
        with the reciprocal where smaller is better.

    Raises
    ------
    DataError
        If a value is missing, directions do not name the criteria, or a value is not
        positive under the scaling by sums.
    ModelError
        If there are fewer than two units, a criterion is the same in all of them under
        the scaling by min-max, or nothing is left to weigh by.

    References
    ----------
    Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical
    Journal, 27(3), 379-423.
    Hwang, C. L., & Yoon, K. (1981). Multiple Attribute Decision Making. Springer.
    """
    require_choice(scaling, Scaling, "scaling")
    values, better = _read_decisions(decisions, directions)
    scaled = _scale_min_max(values, better) if scaling == "min-max" else _scale_sum(values, better)
    shares = (scaled / scaled.sum(axis=0)).to_numpy()
    # 0 ln 0 is 0 in the limit.
    terms = shares * np.log(np.where(shares > 0, shares, 1.0))
    entropy = np.minimum(-terms.sum(axis=0) / np.log(len(values)), 1.0)
    steps = pd.DataFrame({"entropy": entropy, "divergence": 1 - entropy}, index=values.columns)
    return _conclude(steps["divergence"], steps, f"entropy, scaled by {scaling}", len(values))


@passes_absence
def weigh_by_critic(
    decisions: pd.DataFrame, *, directions: Mapping[str, Direction]
) -> ObjectiveWeights:
    """Weigh criteria by contrast and conflict (CRITIC).

    On values brought to 0-1 between worst and best, the weight is in proportion to the
    standard deviation times the sum of ``1 - r`` over the other criteria.

    Parameters and errors as for :func:`weigh_by_entropy`.

    References
    ----------
    Diakoulaki, D., Mavrotas, G., & Papayannakis, L. (1995). Determining objective weights
    in multiple criteria problems: The CRITIC method. Computers & Operations Research,
    22(7), 763-770.
    """
    scaled = _scale_min_max(*_read_decisions(decisions, directions))
    contrast = scaled.std(ddof=1)
    correlations = np.atleast_2d(np.corrcoef(scaled.to_numpy(), rowvar=False))
    # Criteria in perfect step leave rounding of the order of 1e-16, which is no conflict.
    conflict = (1 - correlations).round(12).sum(axis=1)
    steps = pd.DataFrame({"standard deviation": contrast, "conflict": conflict})
    return _conclude(contrast * conflict, steps, "CRITIC", len(scaled))


@passes_absence
def combine_weights(
    subjective: pd.Series,
    objective: pd.Series,
    *,
    rule: Rule = "multiplicative",
    subjective_share: float = 0.5,
) -> pd.Series:
    """Combine judged with objective weights.

    Parameters
    ----------
    subjective, objective : Series
        Over the same names; each sums to 1.
    rule : {"multiplicative", "additive"}
        In proportion to the product, which asks for both; or the weighted mean.
    subjective_share : float
        Share of the judged weights in the mean; of no effect on the product.

    Raises
    ------
    DataError
        If names differ or weights do not sum to 1.
    SettingsError
        If the share is not between 0 and 1.
    ModelError
        If no criterion has weight in both, for the product.
    """
    require_choice(rule, Rule, "rule")
    if not 0 <= subjective_share <= 1:
        raise SettingsError(f"share of judged weights is {subjective_share}; allowed: 0 to 1")
    require_weights(subjective, of="the judgements")
    require_weights(objective, of="the data")
    require_same(list(subjective.index), list(objective.index), "judged weights", "data's weights")
    data = objective[subjective.index]
    if rule == "additive":
        return (subjective_share * subjective + (1 - subjective_share) * data).rename("weight")
    product = subjective * data
    if product.sum() <= 0:
        raise ModelError("no criterion has weight both in the judgements and in the data")
    return (product / product.sum()).rename("weight")


def _read_decisions(
    decisions: pd.DataFrame, directions: Mapping[str, Direction]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the values, and which criteria are better larger."""
    require_same(list(decisions.columns), list(directions), "decision matrix", "directions")
    for direction in directions.values():
        require_choice(direction, Direction, "direction")
    values = decisions.astype(float)
    if not np.isfinite(values.to_numpy()).all():
        raise DataError("the decision matrix has missing or infinite values; fill or drop them")
    if len(values) < 2:
        raise ModelError(f"objective weights compare units; found {len(values)}")
    return values, np.array([directions[name] == "larger" for name in values.columns])


def _scale_min_max(values: pd.DataFrame, better_larger: np.ndarray) -> pd.DataFrame:
    """Bring each criterion to 0 at its worst and 1 at its best unit."""
    low, high = values.min(), values.max()
    if (low == high).any():
        raise ModelError(f"criterion {low.index[low == high][0]!r} is the same in all units")
    return (values - low.where(better_larger, high)).abs() / (high - low)


def _scale_sum(values: pd.DataFrame, better_larger: np.ndarray) -> pd.DataFrame:
    """Keep positive values, reciprocal where smaller is better."""
    if (values <= 0).any(axis=None):
        raise DataError("scaling by sums needs positive values; choose min-max")
    return values ** np.where(better_larger, 1, -1)


def _conclude(raw: pd.Series, steps: pd.DataFrame, method: str, n_units: int) -> ObjectiveWeights:
    if raw.sum() <= 0:
        raise ModelError("the criteria leave nothing to weigh by: they do not differ, or all agree")
    return ObjectiveWeights((raw / raw.sum()).rename("weight"), steps, method, n_units)
