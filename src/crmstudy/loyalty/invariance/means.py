"""How far groups lie apart on the constructs, when their scales have the same origin.

References
----------
Hancock, G. R. (2001). Effect size, power, and sample size determination for structured
means modeling and MIMIC approaches to between-groups hypothesis testing of means on a
single latent construct. Psychometrika, 66(3), 373-388.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import wald_columns
from crmstudy.loyalty.invariance.solve import JointResult
from crmstudy.loyalty.invariance.steps import Invariance
from crmstudy.loyalty.model.moments import Array, delta_errors
from crmstudy.statistics.multiplicity import adjust_p_values


@dataclass(frozen=True)
class LatentMeans:
    """Differences of the constructs' means between groups.

    Attributes
    ----------
    pairs : tuple of (construct label, group, reference)
    difference, se : arrays of shape (n_pairs,)
        Mean in the group minus mean in the reference, in the units of the marker items.
    effect, effect_se : arrays of shape (n_pairs,)
        The difference in standard deviations of the construct, pooled over all groups
        (Hancock 2001); errors by the delta method.
    n_used : int
    """

    pairs: tuple[tuple[str, str, str], ...]
    difference: Array
    se: Array
    effect: Array
    effect_se: Array
    n_used: int

    @cached_property
    def p_holm(self) -> Array:
        """p-values of the differences that count all of them (Holm)."""
        wald = wald_columns(self.difference, self.se, level=0.95)
        return adjust_p_values(pd.Series(wald["p value"]))["p_holm"].to_numpy()

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a construct and group; Holm counts all rows."""
        wald = wald_columns(self.difference, self.se, level=level)
        return pd.DataFrame(
            {
                "construct": [pair[0] for pair in self.pairs],
                "group": [pair[1] for pair in self.pairs],
                "compared with": [pair[2] for pair in self.pairs],
                "difference": self.difference,
                "se": self.se,
                **wald,
                "p value, Holm": self.p_holm,
                "effect size": self.effect,
                "effect size se": self.effect_se,
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """How many differences there are, how many hold after Holm, and the largest effect."""
        return {
            "n_differences": len(self.pairs),
            "n_told_apart": int((self.p_holm < 0.05).sum()),
            "largest_effect": float(np.abs(self.effect).max()),
        }


@passes_absence
def compare_latent_means(invariance: Invariance) -> LatentMeans | NotAvailable:
    """Compare the means of the constructs in every group with those of the largest group.

    Returns
    -------
    LatentMeans or NotAvailable
        Not available unless scalar invariance holds: with unequal intercepts the scales
        have no common origin.
    """
    if not invariance.admissible:
        return invariance.withheld
    if not invariance.holds("scalar"):
        return NotAvailable(
            f"means of constructs are not compared: invariance holds at the {invariance.held} "
            "level only, and they need the scalar one"
        )
    result = invariance.levels["scalar"]
    model = result.joint.structure.model
    base = invariance.labels.index(invariance.groups.reference)
    compared = [group for group in range(len(result.samples)) if group != base]

    def gaps(theta: Array) -> Array:
        means = _latent_means(result, theta)
        return np.concatenate([means[group] - means[base] for group in compared])

    def effects(theta: Array) -> Array:
        return gaps(theta) / np.tile(_pool_sd(result, theta), len(compared))

    labels = [construct.label or construct.name for construct in model.constructs]
    named = tuple(
        (label, result.samples[group].label, result.samples[base].label)
        for group in compared
        for label in labels
    )
    return LatentMeans(
        pairs=named,
        difference=gaps(result.theta),
        se=delta_errors(gaps, result.theta, result.covariance),
        effect=effects(result.theta),
        effect_se=delta_errors(effects, result.theta, result.covariance),
        n_used=invariance.n_used,
    )


def _latent_means(result: JointResult, theta: Array) -> Array:
    """Means of the constructs by group; no paths stand between them in a measurement model."""
    return result.joint.spread(theta)[:, -len(result.joint.structure.model.constructs) :]


def _pool_sd(result: JointResult, theta: Array) -> Array:
    structure = result.joint.structure
    k = len(structure.parameters)
    weights = np.array([sample.n_used for sample in result.samples])
    variances = [
        np.diag(structure.latent_covariance(cells[:k])) for cells in result.joint.spread(theta)
    ]
    return np.sqrt(weights @ np.array(variances) / weights.sum())
