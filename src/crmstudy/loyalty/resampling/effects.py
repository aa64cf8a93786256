"""Bootstrap intervals of direct, indirect and total effects.

A product of paths is not normally distributed in samples of ordinary size, so that limits
taken from the bootstrap are truer than a symmetric interval (MacKinnon et al., 2004).

References
----------
MacKinnon, D. P., Lockwood, C. M., & Williams, J. (2004). Confidence limits for the
indirect effect: Distribution of the product and resampling methods. Multivariate
Behavioral Research, 39(1), 99-128.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.model.moments import Array, CovarianceStructure
from crmstudy.loyalty.resampling.bootstrap import Bootstrap, Bounds, tabulate_bounds
from crmstudy.loyalty.resampling.likelihood import fill_matrices, relate_constructs
from crmstudy.loyalty.structure.effects import Effect, Effects


@dataclass(frozen=True)
class BoundedEffects:
    """Effects with bootstrap limits.

    Attributes
    ----------
    effects : tuple of Effect
    percentile, bca : Bounds
        Of the effects in the items' units.
    standardised_percentile, standardised_bca : Bounds
    """

    effects: tuple[Effect, ...]
    percentile: Bounds
    bca: Bounds
    standardised_percentile: Bounds
    standardised_bca: Bounds

    def table(self, *, standardised: bool = False) -> pd.DataFrame:
        """One row an effect; ``route`` spells the constructs passed through."""
        plain, bca = (
            (self.standardised_percentile, self.standardised_bca)
            if standardised
            else (self.percentile, self.bca)
        )
        return pd.DataFrame(
            {
                "source": [effect.source for effect in self.effects],
                "target": [effect.target for effect in self.effects],
                "effect": [effect.kind for effect in self.effects],
                "route": ["; ".join(map(" -> ".join, each.routes)) for each in self.effects],
                **tabulate_bounds(plain, bca),
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """BCa limits of total and total indirect effects, raw and standardised."""
        metrics = {}
        for k, effect in enumerate(self.effects):
            if effect.kind.startswith("total"):
                name = f"{effect.kind}_{effect.source}_{effect.target}".replace(" ", "_").lower()
                for mark, found in (("", self.bca), ("std_", self.standardised_bca)):
                    metrics[f"{mark}lower_{name}"] = float(found.lower[k])
                    metrics[f"{mark}upper_{name}"] = float(found.upper[k])
        return metrics


@passes_absence
def bound_effects(
    effects: Effects, bootstrap: Bootstrap, *, level: float = 0.95
) -> BoundedEffects | NotAvailable:
    """Bound every effect of a model by percentile and BCa limits.

    Parameters
    ----------
    effects : Effects
        Of :func:`crmstudy.loyalty.structure.effects.trace_effects`, of the same model.
    bootstrap : Bootstrap
    level : float
    """
    found = {}
    for standardised in (False, True):
        function = partial(
            evaluate_effects, bootstrap.structure, effects.effects, standardised=standardised
        )
        mark = "standardised_" if standardised else ""
        found[f"{mark}percentile"] = bootstrap.bound(
            function, level=level, kind="percentile", stacked=True
        )
        found[f"{mark}bca"] = bootstrap.bound(function, level=level, kind="bca", stacked=True)
    return BoundedEffects(effects.effects, **found)


def evaluate_effects(
    structure: CovarianceStructure,
    effects: tuple[Effect, ...],
    thetas: Array,
    *,
    standardised: bool,
) -> Array:
    """Evaluate effects at many parameter vectors, shape (n_draws, n_effects).

    A standardised effect is not a number where a construct's variance is not positive.
    """
    matrices = fill_matrices(structure, thetas)
    slopes = matrices.slopes
    if standardised:
        _, latent = relate_constructs(matrices)
        variance = np.einsum("nii->ni", latent)
        sd = np.sqrt(np.where(variance > 0.0, variance, np.nan))
        slopes = slopes * sd[:, None, :] / sd[:, :, None]
    place = {name: k for k, name in enumerate(structure.model.construct_names)}
    values = np.zeros((len(thetas), len(effects)))
    for k, effect in enumerate(effects):
        for route in effect.routes:
            steps = [slopes[:, place[target], place[source]] for source, target in pairwise(route)]
            values[:, k] += np.prod(steps, axis=0)
    return values
