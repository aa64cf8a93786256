"""The population a planned survey is drawn from: what is supposed to be true.

Either a model with hypothesised standardised values, before any answer is in, or the
estimates of a survey that was taken, as a guess for the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter, lay_out
from crmstudy.loyalty.model.specify import StructuralModel

Ends = tuple[str, str]


@dataclass(frozen=True)
class Population:
    """A model with true values.

    Attributes
    ----------
    structure : CovarianceStructure
    theta : array of shape (n_parameters,)
        True parameters, ordered as the structure's ``parameters``.
    origin : str
        Where they come from, in words.
    """

    structure: CovarianceStructure
    theta: Array
    origin: str

    @property
    def model(self) -> StructuralModel:
        """The model whose parameters are given."""
        return self.structure.model

    def standardised_paths(self) -> dict[Ends, float]:
        """Map each path, source to target, to its true standardised value."""
        values = zip(self.structure.reported, self.structure.standardise(self.theta), strict=True)
        return {(p.right, p.left): float(value) for p, value in values if p.op == "~"}


@passes_absence
def take_estimates(result: SemResult) -> Population | NotAvailable:
    """Take the estimates of an admissible model for the truth of the next survey."""
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    origin = f"estimates from {result.n_used:,} respondents"
    return Population(result.structure, found.theta, origin)


def suppose_population(
    model: StructuralModel,
    *,
    paths: Mapping[Ends, float],
    loading: float = 0.7,
    correlation: float = 0.3,
) -> Population:
    """Suppose standardised values for a model that no survey was taken for yet.

    Parameters
    ----------
    model : StructuralModel
    paths : mapping of (source, target) to float
        Standardised, one for each path of the model.
    loading : float
        Standardised loading of every item of a construct with several, between 0 and 1.
    correlation : float
        Of constructs without incoming paths. Covariances that the model frees besides are
        supposed to be 0.

    Returns
    -------
    Population
        With items of variance 1.

    Raises
    ------
    ModelError
        If a path has no value or a value no path, the paths explain all the variance of a
        construct or more, or a loading is not between 0 and 1.
    """
    if not 0.0 < loading < 1.0:
        raise ModelError(f"a standardised loading lies between 0 and 1, found {loading:g}")
    known = {(path.source, path.target) for path in model.paths}
    for source, target in sorted(known ^ set(paths)):
        what = "has no value" if (source, target) in known else "is not a path of the model"
        raise ModelError(f"{source} -> {target} {what}")
    correlations = _correlate(model, paths, correlation)
    structure = lay_out(model)
    sd = {each.name: loading if len(each.items) > 1 else 1.0 for each in model.constructs}
    theta = np.array(
        [_place(p, sd, paths, correlations, model, loading) for p in structure.parameters]
    )
    return Population(structure, theta, f"hypothesised values, with loadings of {loading:g}")


def _correlate(
    model: StructuralModel, paths: Mapping[Ends, float], correlation: float
) -> dict[Ends, float]:
    """Correlations of the constructs; at ``(name, name)`` its unexplained variance."""
    causes = {name: [p.source for p in model.paths if p.target == name] for name in _order(model)}
    known: dict[Ends, float] = {}
    among: dict[Ends, float] = {}
    for name, sources in causes.items():
        earlier = [other for other in causes if (other, other) in among]
        for other in earlier:
            value = sum(paths[s, name] * among[s, other] for s in sources)
            among[name, other] = among[other, name] = value if sources else correlation
        among[name, name] = 1.0
        left = 1.0 - sum(paths[s, name] * among[s, name] for s in sources)
        if left <= 0.0:
            raise ModelError(f"the paths into {name!r} explain {1 - left:.3g} of its variance")
        known |= {(name, other): among[name, other] for other in earlier}
        known |= {(other, name): among[name, other] for other in earlier}
        known[name, name] = left
    return known


def _order(model: StructuralModel) -> list[str]:
    """Constructs in causal order, those without causes first."""
    graph = {
        name: [p.source for p in model.paths if p.target == name] for name in model.construct_names
    }
    ordered = list(TopologicalSorter(graph).static_order())
    return [n for n in ordered if not graph[n]] + [n for n in ordered if graph[n]]


def _place(
    parameter: Parameter,
    sd: Mapping[str, float],
    paths: Mapping[Ends, float],
    correlations: Mapping[Ends, float],
    model: StructuralModel,
    loading: float,
) -> float:
    """Turn a standardised value into the metric of marker items with variance 1."""
    left, op, right = parameter
    if op == "=~":
        return 1.0
    if op == "~":
        return paths[right, left] * sd[left] / sd[right]
    if left in model.items:
        return 1.0 - loading**2 if left == right else 0.0
    if left == right:
        return correlations[left, left] * sd[left] ** 2
    exogenous = {left, right}.isdisjoint(model.endogenous)
    return correlations[left, right] * sd[left] * sd[right] if exogenous else 0.0
