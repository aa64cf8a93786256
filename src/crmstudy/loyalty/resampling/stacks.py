"""Many solutions of one model at once: standardised, and judged as the gate judges one.

The rules are those of :mod:`crmstudy.loyalty.estimation.admissible`, written for stacks of
parameter vectors.
"""

from __future__ import annotations

import numpy as np

from crmstudy.loyalty.estimation.admissible import SINGULAR
from crmstudy.loyalty.model.moments import Array, CovarianceStructure
from crmstudy.loyalty.resampling.likelihood import (
    Flags,
    Places,
    fill_matrices,
    find_definite,
    relate_constructs,
)


def standardise_draws(structure: CovarianceStructure, thetas: Array) -> Array:
    """Standardise many solutions as :meth:`CovarianceStructure.standardise` does one.

    Returns
    -------
    array of shape (n_draws, n_reported)
        Not a number where a variance that is divided by is not positive.
    """
    return _standardise(structure, thetas, of_any_sign=False)


def report_draws(structure: CovarianceStructure, thetas: Array) -> Array:
    """Values of the reported parameters, shape (n_draws, n_reported); markers are 1."""
    place = {parameter: k for k, parameter in enumerate(structure.parameters)}
    values = np.ones((len(thetas), len(structure.reported)))
    for k, parameter in enumerate(structure.reported):
        if parameter in place:
            values[:, k] = thetas[:, place[parameter]]
    return values


def are_possible(structure: CovarianceStructure, thetas: Array) -> Flags:
    """Flag solutions whose variances and correlations are possible numbers.

    Parameters
    ----------
    structure : CovarianceStructure
    thetas : array of shape (n_draws, n_parameters)

    Returns
    -------
    array of bool, shape (n_draws,)
        Unexplained variances positive, latent and residual covariances positive
        definite, standardised loadings and paths within 1.
    """
    magnitudes = _standardise(structure, thetas, of_any_sign=True)
    kinds = np.array([p.op if p.left != p.right else "variance" for p in structure.reported])
    variance, directed = kinds == "variance", np.isin(kinds, ("=~", "~"))
    shares = np.copysign(magnitudes, report_draws(structure, thetas))[:, variance]
    matrices = fill_matrices(structure, thetas)
    _, latent = relate_constructs(matrices)
    possible = (shares > SINGULAR).all(axis=1)
    possible &= (magnitudes[:, directed] <= 1.0 + SINGULAR).all(axis=1)
    possible &= find_definite(scale_to_unit(latent), least=SINGULAR)
    if (structure.blocks[3].rows != structure.blocks[3].columns).any():
        measured = np.unique(structure.blocks[3].rows)  # an only item has no residual
        errors = matrices.errors[:, measured[:, None], measured]
        possible &= find_definite(scale_to_unit(errors), least=SINGULAR)
    return possible


def scale_to_unit(matrices: Array) -> Array:
    """Scale each matrix of a stack to a unit diagonal, signs and zeros left as they are."""
    root = np.sqrt(np.abs(np.einsum("nii->ni", matrices)))
    root = np.where(root > 0.0, root, 1.0)
    return np.asarray(matrices / (root[:, :, None] * root[:, None, :]))


def _standardise(structure: CovarianceStructure, thetas: Array, *, of_any_sign: bool) -> Array:
    """Divide by standard deviations; of a negative variance by its magnitude's, if told."""
    matrices = fill_matrices(structure, thetas)
    _, latent = relate_constructs(matrices)
    implied = matrices.loadings @ latent @ matrices.loadings.swapaxes(1, 2) + matrices.errors
    variances = [np.einsum("nii->ni", each) for each in (latent, implied)]
    residuals = [np.einsum("nii->ni", each) for each in (matrices.disturbances, matrices.errors)]
    known = np.concatenate([*variances, *residuals], axis=1)
    known = np.abs(known) if of_any_sign else np.where(known > 0.0, known, np.nan)
    values, (above, below, other) = report_draws(structure, thetas), _place_variances(structure)
    sd = np.sqrt(np.concatenate([known, np.ones((len(thetas), 1))], axis=1))
    lower = sd[:, below] * sd[:, other]
    scaled = values * sd[:, above] / np.where(lower != 0.0, lower, np.inf)
    return np.abs(scaled) if of_any_sign else scaled


def _place_variances(structure: CovarianceStructure) -> tuple[Places, Places, Places]:
    """Say which SD multiplies each reported parameter, and which two divide it.

    Places count total variances of constructs and items, their residual variances, and at
    last a 1.
    """
    names = (*structure.model.construct_names, *structure.model.items)
    place = {name: k for k, name in enumerate(names)}
    n, one = len(names), 2 * len(names)
    rows = []
    for left, op, right in structure.reported:
        if op == "=~":
            rows.append((place[left], place[right], one))
        elif op == "~":
            rows.append((place[right], place[left], one))
        elif left == right:
            rows.append((one, place[left], place[left]))
        else:
            rows.append((one, n + place[left], n + place[right]))
    above, below, other = np.array(rows, dtype=np.intp).T
    return above, below, other
