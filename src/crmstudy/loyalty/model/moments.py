"""The covariance matrix that a model implies, its derivatives and its standardisation.

In LISREL's letters, with items ``y = Lambda eta + epsilon`` and constructs
``eta = B eta + zeta``::

    Sigma = Lambda C Psi C' Lambda' + Theta,    C = (I - B)^-1

where ``Psi`` and ``Theta`` hold the covariances of ``zeta`` and ``epsilon``. Every
function takes complex parameters too, so that derived quantities are differentiated
by the complex step, exact to rounding (:func:`differentiate`).

References
----------
Bollen, K. A. (1989). Structural Equations with Latent Variables. Wiley. Ch. 8.
Squire, W., & Trapp, G. (1998). Using complex variables to estimate derivatives of real
functions. SIAM Review, 40(1), 110-112.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crmstudy.loyalty.model.specify import StructuralModel

Array = NDArray[np.float64]


class Parameter(NamedTuple):
    """One cell of the model in lavaan's notation.

    ``construct =~ item`` is a loading, ``target ~ source`` a path, ``a ~~ b`` a
    variance or covariance (of what is left unexplained).
    """

    left: str
    op: str
    right: str

    def __str__(self) -> str:
        if self.op == "~":
            return f"{self.right} -> {self.left}"
        return f"{self.left} {'->' if self.op == '=~' else '<->'} {self.right}"


class Matrices(NamedTuple):
    """The four matrices of the model at one parameter vector."""

    loadings: Array
    slopes: Array
    disturbances: Array
    errors: Array


@dataclass(frozen=True)
class _Block:
    """Free cells of one matrix and which parameters fill them."""

    fixed: Array
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    index: NDArray[np.intp]
    symmetric: bool

    def fill(self, theta: Array) -> Array:
        filled = self.fixed.astype(theta.dtype)
        filled[self.rows, self.columns] = theta[self.index]
        if self.symmetric:
            filled[self.columns, self.rows] = theta[self.index]
        return filled


@dataclass(frozen=True)
class CovarianceStructure:
    """A model as a function from its free parameters to a covariance matrix.

    Attributes
    ----------
    model : StructuralModel
    parameters : tuple of Parameter
        The free parameters, in the order of every parameter vector ``theta``.
    blocks : tuple of four _Block
        Loadings, slopes, disturbances, errors.
    """

    model: StructuralModel
    parameters: tuple[Parameter, ...]
    blocks: tuple[_Block, _Block, _Block, _Block]

    @property
    def markers(self) -> tuple[Parameter, ...]:
        """The loadings fixed at 1, one a construct."""
        return tuple(Parameter(c.name, "=~", c.items[0]) for c in self.model.constructs)

    @property
    def reported(self) -> tuple[Parameter, ...]:
        """Every loading (markers included), then paths, variances and covariances."""
        loadings = [Parameter(c.name, "=~", i) for c in self.model.constructs for i in c.items]
        return (*loadings, *(p for p in self.parameters if p.op != "=~"))

    @property
    def df(self) -> int:
        """Distinct moments minus free parameters."""
        p = len(self.model.items)
        return p * (p + 1) // 2 - len(self.parameters)

    def matrices(self, theta: Array) -> Matrices:
        """Fill the four matrices."""
        return Matrices(*(block.fill(theta) for block in self.blocks))

    def latent_covariance(self, theta: Array) -> Array:
        """Return the covariance matrix of the constructs, ``C Psi C'``."""
        _, slopes, disturbances, _ = self.matrices(theta)
        total = np.linalg.inv(np.eye(len(slopes)) - slopes)
        return total @ disturbances @ total.T

    def implied(self, theta: Array) -> Array:
        """Return the covariance matrix of the items, ``Sigma``."""
        loadings, _, _, errors = self.matrices(theta)
        return loadings @ self.latent_covariance(theta) @ loadings.T + errors

    def jacobian(self, theta: Array) -> Array:
        """Differentiate ``Sigma``; shape (n_parameters, n_items, n_items)."""
        loadings, slopes, disturbances, _ = self.matrices(theta)
        total = np.linalg.inv(np.eye(len(slopes)) - slopes)
        onto = (loadings @ total).T  # constructs x items
        behind = total @ disturbances @ onto
        loading, slope, disturbance, error = self.blocks
        half = np.zeros((len(theta), len(loadings), len(loadings)), dtype=theta.dtype)
        half[loading.index, loading.rows] = behind[loading.columns]
        half[slope.index] = _outer(onto[slope.rows], behind[slope.columns])
        half[disturbance.index] = _outer(onto[disturbance.rows], onto[disturbance.columns])
        half[error.index, error.rows, error.columns] = 1.0
        for block in (disturbance, error):  # a variance stands once in its matrix
            half[block.index[block.rows == block.columns]] /= 2.0
        return half + half.transpose(0, 2, 1)

    def standardise(self, theta: Array) -> Array:
        """Standardise the :attr:`reported` parameters by items' and constructs' SDs.

        Variances become shares of the variable's variance, covariances correlations of
        the residuals concerned (lavaan's ``std.all``).
        """
        _, _, disturbances, errors = self.matrices(theta)
        names = (*self.model.construct_names, *self.model.items)
        latent, implied = self.latent_covariance(theta), self.implied(theta)
        variance = dict(zip(names, (*np.diag(latent), *np.diag(implied)), strict=True))
        residual = dict(zip(names, (*np.diag(disturbances), *np.diag(errors)), strict=True))
        values = self.report(theta)
        scaled = np.empty_like(values)
        for k, (left, op, right) in enumerate(self.reported):
            if op == "=~":
                scaled[k] = values[k] * np.sqrt(variance[left]) / np.sqrt(variance[right])
            elif op == "~":
                scaled[k] = values[k] * np.sqrt(variance[right]) / np.sqrt(variance[left])
            elif left == right:
                scaled[k] = values[k] / variance[left]
            else:
                scaled[k] = values[k] / np.sqrt(residual[left]) / np.sqrt(residual[right])
        return scaled

    def report(self, theta: Array) -> Array:
        """Return the values of the :attr:`reported` parameters."""
        value = dict(zip(self.parameters, theta, strict=True))
        return np.array([value.get(each, 1.0) for each in self.reported], dtype=theta.dtype)

    def units(self, item_sd: Array) -> Array:
        """Return factors that turn parameters for items of SD 1 into those for ``item_sd``."""
        places = {item: k for k, item in enumerate(self.model.items)}
        latent_sd = item_sd[[places[c.items[0]] for c in self.model.constructs]]
        scales = (
            (item_sd, 1 / latent_sd),
            (latent_sd, 1 / latent_sd),
            (latent_sd, latent_sd),
            (item_sd, item_sd),
        )
        factors = np.empty(len(self.parameters))
        for block, (row, column) in zip(self.blocks, scales, strict=True):
            factors[block.index] = row[block.rows] * column[block.columns]
        return factors


def lay_out(model: StructuralModel) -> CovarianceStructure:
    """Number the free parameters of a model and place them in its matrices.

    Free are: every loading but the marker's, every path, the variance of every construct
    (of its disturbance, where paths explain it), the error variance of every item that
    is not its construct's only one, and the model's free covariances.
    """
    several = [c for c in model.constructs if len(c.items) > 1]
    pairs = model.free_covariances
    between = [pair for pair in pairs if pair[0] in model.construct_names]
    residual = [pair for pair in pairs if pair[0] in model.items]
    variances = [(name, name) for name in model.construct_names]
    errors = [(item, item) for c in several for item in c.items]
    groups = (
        [Parameter(c.name, "=~", item) for c in several for item in c.items[1:]],
        [Parameter(path.target, "~", path.source) for path in model.paths],
        [Parameter(a, "~~", b) for a, b in (*variances, *between)],
        [Parameter(a, "~~", b) for a, b in (*errors, *residual)],
    )
    p, q = len(model.items), len(model.constructs)
    places = {item: k for k, item in enumerate(model.items)}
    places |= {name: k for k, name in enumerate(model.construct_names)}
    marked = np.zeros((p, q))
    for construct in model.constructs:
        marked[places[construct.items[0]], places[construct.name]] = 1.0
    fixed = (marked, np.zeros((q, q)), np.zeros((q, q)), np.zeros((p, p)))
    starts = np.cumsum([0, *(len(group) for group in groups)])
    loadings, slopes, disturbances, residuals = (
        _place(group, places, start, matrix)
        for group, start, matrix in zip(groups, starts, fixed, strict=False)
    )
    return CovarianceStructure(
        model,
        tuple(parameter for group in groups for parameter in group),
        (loadings, slopes, disturbances, residuals),
    )


def differentiate(function: Callable[[Array], Array], theta: Array) -> Array:
    """Differentiate a vector function by the complex step; shape (n_values, n_parameters)."""
    step = 1e-30
    moved = theta + 1j * step * np.eye(len(theta))
    return np.array([function(each).imag / step for each in moved]).T


def delta_errors(function: Callable[[Array], Array], theta: Array, covariance: Array) -> Array:
    """Return delta-method standard errors of a function of the estimates."""
    slope = differentiate(function, theta)
    variance = np.einsum("ij,jk,ik->i", slope, covariance, slope)
    return np.sqrt(np.maximum(variance, 0.0))  # a constant's is zero up to rounding


def _place(
    parameters: Sequence[Parameter], places: Mapping[str, int], start: int, fixed: Array
) -> _Block:
    """Say which cells of a matrix the parameters fill, numbered from ``start``."""
    cells = [
        (places[right], places[left]) if op == "=~" else (places[left], places[right])
        for left, op, right in parameters
    ]
    rows, columns = np.array(cells, dtype=np.intp).reshape(-1, 2).T
    symmetric = all(parameter.op == "~~" for parameter in parameters)
    return _Block(fixed, rows, columns, start + np.arange(len(cells)), symmetric)


def _outer(left: Array, right: Array) -> Array:
    return left[:, :, None] * right[:, None, :]
