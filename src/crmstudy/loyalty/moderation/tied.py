"""A model with latent products, whose loadings follow from those of their factors.

With ``x = lambda S + e`` and ``z = kappa M + d``, the product of the two items is
``x z = lambda kappa S M + (lambda S d + kappa M e + e d)``: its loading on the latent
product is the product of the loadings, whatever the distributions, as long as errors are
independent of the constructs. Loadings are tied so here; variances and covariances of the
products are not, as their restrictions hold under normality only (Wall & Amemiya, 2001).
Without the tie a latent product of two pairs is identified only by its effect: where
that is zero the model falls apart.

References
----------
Jöreskog, K. G., & Yang, F. (1996). Nonlinear structural equation models: The Kenny-Judd
model with interaction effects. In G. A. Marcoulides & R. E. Schumacker (Eds.), Advanced
Structural Equation Modeling (pp. 57-88). Erlbaum.
Wall, M. M., & Amemiya, Y. (2001). Generalized appended product indicator procedure for
nonlinear structural equation analysis. J. Educational and Behavioral Statistics, 26(1), 1-29.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crmstudy.errors import ModelError
from crmstudy.loyalty.model.moments import (
    Array,
    CovarianceStructure,
    Matrices,
    Parameter,
    differentiate,
    lay_out,
)
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.moderation.products import Pair, Term, name_product


class Tie(NamedTuple):
    """One loading as a ratio of products of others, by their places."""

    place: int
    over: tuple[int, ...]
    under: tuple[int, ...]


@dataclass(frozen=True)
class TiedStructure(CovarianceStructure):
    """A structure some of whose loadings are functions of the other parameters.

    Parameter vectors hold the free parameters only; everything else is inherited.

    Attributes
    ----------
    whole : CovarianceStructure
        The same model with every loading free.
    free : array of int
        Places of the free parameters among those of ``whole``.
    ties : tuple of Tie
    """

    whole: CovarianceStructure
    free: NDArray[np.intp]
    ties: tuple[Tie, ...]

    def expand(self, theta: Array) -> Array:
        """Fill in the tied loadings."""
        full = np.empty(len(self.whole.parameters), dtype=theta.dtype)
        full[self.free] = theta
        for place, over, under in self.ties:
            full[place] = np.prod(full[list(over)]) / np.prod(full[list(under)])
        return full

    def matrices(self, theta: Array) -> Matrices:
        """Fill the four matrices."""
        return self.whole.matrices(self.expand(theta))

    def jacobian(self, theta: Array) -> Array:
        """Differentiate ``Sigma`` with respect to the free parameters."""
        inner = self.whole.jacobian(self.expand(theta))
        return np.einsum("kij,kl->lij", inner, differentiate(self.expand, theta))

    def report(self, theta: Array) -> Array:
        """Return the values of the reported parameters, tied ones included."""
        return self.whole.report(self.expand(theta))

    def units(self, item_sd: Array) -> Array:
        """Return factors that turn parameters for items of SD 1 into those for ``item_sd``."""
        factors = self.whole.units(item_sd)
        for place, over, under in self.ties:
            told = np.prod(factors[list(over)]) / np.prod(factors[list(under)])
            if not np.isclose(told, factors[place], rtol=1e-9):
                raise ModelError(
                    "the unit of a product of items is the product of their units; robust standard "
                    "errors of a model with latent products are in its covariance already"
                )
        return np.asarray(factors[self.free])


def tie_loadings(model: StructuralModel, *, terms: Sequence[Term]) -> TiedStructure:
    """Lay out a model and tie the loadings of its latent products; no terms, no ties."""
    whole = lay_out(model)
    places = {parameter: place for place, parameter in enumerate(whole.parameters)}
    ties = []
    for term in terms:
        under = _places_of(places, term, term.pairs[0])
        for pair in term.pairs[1:]:
            place = places[Parameter(term.name, "=~", name_product(pair))]
            ties.append(Tie(place, _places_of(places, term, pair), under))
    tied = {tie.place for tie in ties}
    free = np.array([k for k in range(len(whole.parameters)) if k not in tied], dtype=np.intp)
    parameters = tuple(whole.parameters[k] for k in free)
    return TiedStructure(model, parameters, whole.blocks, whole, free, tuple(ties))


def _places_of(places: dict[Parameter, int], term: Term, pair: Pair) -> tuple[int, ...]:
    """Find the free loadings of two items; a marker's is 1 and has no place."""
    loadings = (Parameter(term.first, "=~", pair[0]), Parameter(term.second, "=~", pair[1]))
    return tuple(places[loading] for loading in loadings if loading in places)
