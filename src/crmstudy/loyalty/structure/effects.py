"""What acts on what, and through what: direct, indirect and total effects.

A route's effect is the product of its paths; the indirect effect is the sum over all
routes with at least one construct in between; the total effect adds the direct path.
Standard errors are by the delta method, of standardised effects too.

References
----------
Sobel, M. E. (1982). Asymptotic confidence intervals for indirect effects in structural
equation models. Sociological Methodology, 13, 290-312.
Bollen, K. A. (1987). Total, direct, and indirect effects in structural equation models.
Sociological Methodology, 17, 37-69.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import NamedTuple

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult, wald_columns
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, delta_errors
from crmstudy.loyalty.model.specify import StructuralModel

Route = tuple[str, ...]


class Effect(NamedTuple):
    """One effect as a set of routes from a source to a target.

    ``kind`` is ``direct``, ``indirect`` (one route), ``total indirect`` or ``total``.
    """

    source: str
    target: str
    kind: str
    routes: tuple[Route, ...]


@dataclass(frozen=True)
class Effects:
    """All effects of a model.

    Attributes
    ----------
    effects : tuple of Effect
    estimate, se, standardised, standardised_se : arrays of shape (n_effects,)
    """

    effects: tuple[Effect, ...]
    estimate: Array
    se: Array
    standardised: Array
    standardised_se: Array

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row an effect; ``route`` spells the constructs passed through."""
        return pd.DataFrame(
            {
                "source": [effect.source for effect in self.effects],
                "target": [effect.target for effect in self.effects],
                "effect": [effect.kind for effect in self.effects],
                "route": [_spell(effect) for effect in self.effects],
                "estimate": self.estimate,
                "se": self.se,
                **wald_columns(self.estimate, self.se, level=level),
                "standardised": self.standardised,
                "standardised se": self.standardised_se,
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Total and total indirect effects, e.g. ``std_total_indirect_quality_loyalty``."""
        metrics = {}
        for k, effect in enumerate(self.effects):
            if effect.kind.startswith("total"):
                name = f"{effect.kind}_{effect.source}_{effect.target}".replace(" ", "_").lower()
                metrics[name] = float(self.estimate[k])
                metrics[f"se_{name}"] = float(self.se[k])
                metrics[f"std_{name}"] = float(self.standardised[k])
        return metrics


@passes_absence
def trace_effects(result: SemResult) -> Effects | NotAvailable:
    """Compute every direct, indirect and total effect of an estimated model.

    Parameters
    ----------
    result : SemResult

    Returns
    -------
    Effects or NotAvailable
        Not available when the model is inadmissible or has no paths.
    """
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    effects = list_effects(result.model)
    if not effects:
        return NotAvailable(f"model {result.model.name!r} has no paths")
    structure, theta, covariance = result.structure, found.theta, found.covariance

    def raw(theta: Array) -> Array:
        return weigh_effects(structure, theta, effects, standardised=False)

    def standardised(theta: Array) -> Array:
        return weigh_effects(structure, theta, effects, standardised=True)

    return Effects(
        effects=effects,
        estimate=raw(theta),
        se=delta_errors(raw, theta, covariance),
        standardised=standardised(theta),
        standardised_se=delta_errors(standardised, theta, covariance),
    )


def list_effects(model: StructuralModel) -> tuple[Effect, ...]:
    """List the effects that a model's paths imply, by source and target."""
    effects = []
    for source, target in permutations(model.construct_names, 2):
        routes = find_routes(model, source=source, target=target)
        longer = tuple(route for route in routes if len(route) > 2)
        if len(longer) < len(routes):
            effects.append(Effect(source, target, "direct", ((source, target),)))
        effects += [Effect(source, target, "indirect", (route,)) for route in longer]
        if longer:
            effects.append(Effect(source, target, "total indirect", longer))
        if routes:
            effects.append(Effect(source, target, "total", routes))
    return tuple(effects)


def find_routes(model: StructuralModel, *, source: str, target: str) -> tuple[Route, ...]:
    """Find every route along the paths of an acyclic model."""
    if source == target:
        return ((source,),)
    onward = [path.target for path in model.paths if path.source == source]
    return tuple(
        (source, *rest)
        for step in onward
        for rest in find_routes(model, source=step, target=target)
    )


def weigh_effects(
    structure: CovarianceStructure,
    theta: Array,
    effects: tuple[Effect, ...],
    *,
    standardised: bool,
) -> Array:
    """Evaluate effects at one parameter vector, a complex one too."""
    names = structure.model.construct_names
    slopes = structure.matrices(theta).slopes
    if standardised:
        sd = np.sqrt(np.diag(structure.latent_covariance(theta)))
        slopes = slopes * sd / sd[:, None]
    slope = {(s, t): slopes[j, i] for i, s in enumerate(names) for j, t in enumerate(names)}
    return np.array(
        [
            sum(np.prod([slope[step] for step in pairwise(route)]) for route in effect.routes)
            for effect in effects
        ]
    )


def _spell(effect: Effect) -> str:
    return "; ".join(" -> ".join(route) for route in effect.routes)
