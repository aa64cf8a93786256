"""What a latent product does, in standard deviations: moderation, simple slopes, regions.

With satisfaction ``s`` and moderator ``m`` in standard deviations, the model says

    loyalty = a s + b m + c s m + rest,

so that the path from satisfaction to loyalty is ``a + c m``. The product of two standardised
constructs does not have variance 1: ``c`` is the raw coefficient times the standard deviations
of its factors over that of loyalty, not times the product's own (Wen, Marsh & Hau, 2010),
and does not depend on which items are markers.

References
----------
Wen, Z., Marsh, H. W., & Hau, K.-T. (2010). Structural equation models of latent interactions:
An appropriate standardized solution and its scale-free properties. Structural Equation
Modeling, 17(1), 1-22.
Johnson, P. O., & Neyman, J. (1936). Tests of certain linear hypotheses and their application
to some educational problems. Statistical Research Memoirs, 1, 57-93.
Bauer, D. J., & Curran, P. J. (2005). Probing interactions in fixed and multilevel regression:
Inferential and graphical techniques. Multivariate Behavioral Research, 40(3), 373-400.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from crmstudy.loyalty.estimation.result import SemResult, Solution, wald_columns
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, differentiate
from crmstudy.loyalty.moderation.products import Term


@dataclass(frozen=True)
class Coefficients:
    """Standardised coefficients of one outcome, with their covariance matrix.

    Attributes
    ----------
    names : tuple of str
        The constructs and latent products that act on the outcome, in the model's order.
    values, covariance : arrays of shape (n,) and (n, n)
    """

    names: tuple[str, ...]
    values: Array
    covariance: Array

    def select(self, *names: str) -> tuple[Array, Array]:
        """Return values and covariance of the named ones, in that order."""
        places = [self.names.index(name) for name in names]
        return self.values[places], self.covariance[np.ix_(places, places)]

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a coefficient: source, effect, se, z, p value, lower, upper."""
        se = np.sqrt(np.diag(self.covariance))
        return pd.DataFrame(
            {
                "source": self.names,
                "effect": self.values,
                "se": se,
                **wald_columns(self.values, se, level=level),
            }
        )


@dataclass(frozen=True)
class Region:
    """Where along the moderator the path of satisfaction is told apart from zero.

    Attributes
    ----------
    kind : {"everywhere", "nowhere", "below", "above", "between", "outside"}
    bounds : tuple of float
        Ends in standard deviations of the moderator, none for the first two kinds, one
        for the next two, two for the last two.
    """

    kind: str
    bounds: tuple[float, ...]

    def holds(self, at: Array) -> Array:
        """Say for values of the moderator, in standard deviations, whether they are inside."""
        if self.kind in ("everywhere", "nowhere"):
            return np.full(np.shape(at), self.kind == "everywhere")
        if self.kind in ("below", "above"):
            return np.asarray(at < self.bounds[0] if self.kind == "below" else at > self.bounds[0])
        within = (at > self.bounds[0]) & (at < self.bounds[1])
        return np.asarray(within if self.kind == "between" else ~within)


def standardise_products(result: SemResult, *, terms: Sequence[Term], outcome: str) -> Coefficients:
    """Standardise what acts on the outcome, by the delta method with the result's covariance.

    Parameters
    ----------
    result : SemResult
        Admissible, as :func:`~crmstudy.loyalty.moderation.latent_products.fit_products`
        gives it.
    """
    found = result.estimates
    assert isinstance(found, Solution)
    structure = result.structure
    names = tuple(path.source for path in result.model.paths if path.target == outcome)

    def function(theta: Array) -> Array:
        return _standardise(structure, theta, names=names, terms=terms, outcome=outcome)

    slope = differentiate(function, found.theta)
    return Coefficients(names, function(found.theta), slope @ found.covariance @ slope.T)


def add_explained(result: SemResult, *, term: Term, outcome: str) -> float:
    """Return the share of the outcome's variance that one latent product adds to the rest."""
    found = result.estimates
    assert isinstance(found, Solution)
    covariance = result.structure.latent_covariance(found.theta)
    names = list(result.model.construct_names)
    sources = [path.source for path in result.model.paths if path.target == outcome]
    target = names.index(outcome)

    def explain(chosen: Sequence[str]) -> float:
        places = [names.index(name) for name in chosen]
        common = covariance[places, target]
        return float(common @ np.linalg.solve(covariance[np.ix_(places, places)], common))

    gained = explain(sources) - explain([name for name in sources if name != term.name])
    return gained / float(covariance[target, target])


def slope_at(values: Array, covariance: Array, at: Array) -> tuple[Array, Array]:
    """Return the path ``a + c m`` at values of the moderator, and its standard error.

    Parameters
    ----------
    values, covariance : arrays of shape (2,) and (2, 2)
        Of ``a`` and ``c``.
    at : array of shape (k,)
        Standard deviations of the moderator from its mean.
    """
    design = np.column_stack([np.ones_like(at), at])
    variance = np.einsum("ki,ij,kj->k", design, covariance, design)
    return design @ values, np.sqrt(np.maximum(variance, 0.0))


def find_region(values: Array, covariance: Array, *, level: float = 0.95) -> Region:
    """Find where the path differs from zero: the region of Johnson and Neyman.

    The interval of ``a + c m`` is pointwise (Bauer & Curran, 2005).
    """
    critical = float(ndtri(0.5 + level / 2)) ** 2
    square = values[1] ** 2 - critical * covariance[1, 1]
    middle = values[0] * values[1] - critical * covariance[0, 1]
    rest = values[0] ** 2 - critical * covariance[0, 0]
    root = middle**2 - square * rest
    if root <= 0:  # the sign of the quadratic does not change
        return Region("everywhere" if rest > 0 else "nowhere", ())
    if square == 0:
        return Region("above" if middle > 0 else "below", (float(-rest / (2 * middle)),))
    ends = sorted(((-middle - np.sqrt(root)) / square, (-middle + np.sqrt(root)) / square))
    return Region("outside" if square > 0 else "between", (float(ends[0]), float(ends[1])))


def _standardise(
    structure: CovarianceStructure,
    theta: Array,
    *,
    names: Sequence[str],
    terms: Sequence[Term],
    outcome: str,
) -> Array:
    constructs = structure.model.construct_names
    places = {name: k for k, name in enumerate(constructs)}
    items = {name: k for k, name in enumerate(structure.model.items)}
    loadings, slopes, _, _ = structure.matrices(theta)
    sd = np.sqrt(np.diag(structure.latent_covariance(theta)))
    scale = dict(zip(constructs, sd, strict=True))
    for term in terms:  # the product's unit is that of its first pair of items
        a, b = term.pairs[0]
        unit = loadings[items[a], places[term.first]] * loadings[items[b], places[term.second]]
        scale[term.name] = unit * scale[term.first] * scale[term.second]
    row = slopes[places[outcome]]
    return np.array([row[places[name]] * scale[name] / scale[outcome] for name in names])
