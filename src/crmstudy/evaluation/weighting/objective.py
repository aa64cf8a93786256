"""Objective weights from a decision matrix: entropy and CRITIC.

Both are our own. pymcdm knows no directions here, takes the entropy of a column with a zero
for 0 (its limit, 0 ln 0 = 0, belongs to one term, not to the sum), divides by zero on a
constant column in CRITIC, and shows no steps; where these do not matter it agrees, which
our tests check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, NotAvailable, attempt, passes_absence
from crmstudy.evaluation.require import require_choice
from crmstudy.evaluation.tabulate import name_metrics, rank_weights
from crmstudy.evaluation.weighting.decisions import Decisions, Direction, read_decisions

Scaling = Literal["sum", "min-max"]

#: With two units every criterion spreads alike and any two are in step or opposed.
FEWEST_UNITS = 3
ENTROPY, CRITIC = "entropy", "CRITIC"


@dataclass(frozen=True, eq=False)
class ObjectiveWeights:
    """Weights that the data give: they say where units differ, not what matters.

    Parameters
    ----------
    weights : Series
        By criterion; they sum to 1. A criterion that is the same in all units has 0.
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
        """One row an indicator: the steps, weight, rank."""
        steps = self.steps.assign(weight=self.weights, rank=rank_weights(self.weights))
        return steps.rename_axis("indicator").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Units and weights."""
        return {"n_units": self.n_units, **name_metrics("weight", self.weights)}


@passes_absence
def weigh_by_entropy(
    decisions: pd.DataFrame,
    *,
    directions: Mapping[str, Direction],
    scaling: Scaling | None = None,
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
    scaling : {"sum", "min-max"}, optional
        Keep values as they are, with the reciprocal where smaller is better; or bring them
        to 0-1 between worst and best. Not said, values are kept where all allow it: none
        negative, and no zero where smaller is better. The method's name says which.

    Raises
    ------
    DataError
        If a value is missing, a criterion has no direction, or a value does not allow the
        scaling by sums that was asked for.
    ModelError
        If there are fewer than three units, or they differ in no criterion.

    References
    ----------
    Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical
    Journal, 27(3), 379-423.
    Hwang, C. L., & Yoon, K. (1981). Multiple Attribute Decision Making. Springer.
    """
    read = read_decisions(decisions, directions, fewest=FEWEST_UNITS)
    chosen = _choose_scaling(read, scaling)
    scaled = read.scaled if chosen == "min-max" else _scale_by_sums(read)
    shares = (scaled / scaled.sum(axis=0)).to_numpy()
    # 0 ln 0 is 0 in the limit.
    terms = shares * np.log(np.where(shares > 0, shares, 1.0))
    entropy = np.minimum(-terms.sum(axis=0) / np.log(len(scaled)), 1.0)
    steps = pd.DataFrame({"entropy": entropy, "divergence": 1 - entropy}, index=scaled.columns)
    told = {"entropy": 1.0, "divergence": 0.0}
    return _conclude(steps["divergence"], steps, f"{ENTROPY}, scaled by {chosen}", decisions, told)


@passes_absence
def weigh_by_critic(
    decisions: pd.DataFrame, *, directions: Mapping[str, Direction]
) -> ObjectiveWeights:
    """Weigh criteria by contrast and conflict (CRITIC).

    On values brought to 0-1 between worst and best, the weight is in proportion to the
    standard deviation (denominator m - 1) times the sum of ``1 - r`` over the other criteria.

    Parameters and errors as for :func:`weigh_by_entropy`; criteria that are all in perfect
    step leave nothing to weigh by, a ModelError.

    References
    ----------
    Diakoulaki, D., Mavrotas, G., & Papayannakis, L. (1995). Determining objective weights
    in multiple criteria problems: The CRITIC method. Computers & Operations Research,
    22(7), 763-770.
    """
    scaled = read_decisions(decisions, directions, fewest=FEWEST_UNITS).scaled
    contrast = scaled.std(ddof=1)
    correlations = np.atleast_2d(np.corrcoef(scaled.to_numpy(), rowvar=False))
    # Criteria in perfect step leave rounding of the order of 1e-16, which is no conflict.
    conflict = (1 - correlations).round(12).sum(axis=1)
    steps = pd.DataFrame({"standard deviation": contrast, "conflict": conflict})
    told = {"standard deviation": 0.0, "conflict": 0.0}
    return _conclude(contrast * conflict, steps, CRITIC, decisions, told)


@passes_absence
def weigh_objectively(
    decisions: pd.DataFrame, *, directions: Mapping[str, Direction]
) -> dict[str, ObjectiveWeights | NotAvailable]:
    """Weigh by entropy and by CRITIC; what cannot be had keeps its reason.

    Raises
    ------
    DataError
        See :func:`weigh_by_entropy`.
    """
    return {
        ENTROPY: attempt(weigh_by_entropy, decisions, directions=directions),
        CRITIC: attempt(weigh_by_critic, decisions, directions=directions),
    }


def _choose_scaling(decisions: Decisions, scaling: Scaling | None) -> Scaling:
    if scaling is not None:
        require_choice(scaling, Scaling, "scaling")
    values = decisions.values.to_numpy()
    fits = (values >= 0).all() and (values[:, ~decisions.better_larger] > 0).all()
    if scaling == "sum" and not fits:
        raise DataError(
            "scaling by sums needs values that are not negative, and above 0 where smaller is "
            "better; choose min-max"
        )
    return scaling or ("sum" if fits else "min-max")


def _scale_by_sums(decisions: Decisions) -> pd.DataFrame:
    """Keep values, with the reciprocal where smaller is better."""
    return decisions.values ** np.where(decisions.better_larger, 1.0, -1.0)


def _conclude(
    raw: pd.Series,
    steps: pd.DataFrame,
    method: str,
    decisions: pd.DataFrame,
    constant: Mapping[str, float],
) -> ObjectiveWeights:
    """Bring raw weights to a sum of 1; criteria that are the same in all units get 0."""
    if raw.sum() <= 0:
        raise ModelError("the criteria leave nothing to weigh by: they do not differ, or all agree")
    names = decisions.columns
    weights = (raw / raw.sum()).reindex(names, fill_value=0.0).rename("weight")
    full = steps.reindex(names).fillna(dict(constant))
    return ObjectiveWeights(weights, full, method, len(decisions))
