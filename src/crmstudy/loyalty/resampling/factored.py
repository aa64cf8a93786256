"""The discrepancy's slope without inverting a matrix as large as the items.

Where residuals do not covary, ``Sigma = Lambda Phi Lambda' + D`` with ``D`` diagonal, and
its inverse needs no more than matrices as large as the constructs (Woodbury). An item that
is its construct's only one has no residual; part of its variance is moved from ``Phi`` to
``D``, which leaves ``Sigma`` as it is.

References
----------
Jöreskog, K. G. (1969). A general approach to confirmatory maximum likelihood factor
analysis. Psychometrika, 34(2), 183-202.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crmstudy.loyalty.model.moments import Array

LEAST_ERROR = 0.01  # error variance, items of SD 1, from which Woodbury's formula is safe
_MOVED = 0.25  # variance of an only item that is moved; Phi need not stay definite


class Factored(NamedTuple):
    """What the slope is made of, with ``Q = Sigma^-1 - Sigma^-1 S Sigma^-1``.

    ``value`` is the discrepancy without the sample's own part, ``onto`` is ``Q Lambda Phi``,
    ``inner`` is ``[C Phi]' Lambda' Q Lambda [C Phi]``, ``diagonal`` that of ``Q``.
    """

    value: Array
    onto: Array
    inner: Array
    diagonal: Array


def evaluate_factored(
    loadings: Array, total: Array, latent: Array, errors: Array, samples: Array
) -> Factored | None:
    """Evaluate what the slope is made of; None where some ``Sigma`` is not definite.

    Parameters
    ----------
    loadings : array of shape (n, n_items, n_constructs)
    total, latent : arrays of shape (n, n_constructs, n_constructs)
        Total effects ``C`` and covariances ``Phi`` of the constructs.
    errors : array of shape (n, n_items)
        Error variances; zero of a construct's only item.
    samples : array of shape (n_samples, n_items, n_items)
        ``n`` is ``n_samples``, or 1 for all samples.
    """
    only = np.where(errors == 0.0, _MOVED, 0.0)
    inverse_d = 1.0 / (errors + only)
    lifted = latent - (loadings.swapaxes(1, 2) * only[:, None, :]) @ loadings
    scaled = loadings * inverse_d[:, :, None]
    inside = np.asarray(loadings.swapaxes(1, 2) @ scaled)
    try:
        root = np.linalg.cholesky(inside)
        spread = lifted @ root
        core = np.linalg.cholesky(_identify(np.asarray(root.swapaxes(1, 2) @ spread)))
    except np.linalg.LinAlgError:
        return None
    back = np.linalg.solve(core, spread.swapaxes(1, 2))
    shrink = lifted - back.swapaxes(1, 2) @ back
    logs = 2.0 * np.log(np.einsum("nii->ni", core)).sum(axis=1) - np.log(inverse_d).sum(axis=1)
    seen = samples @ scaled
    pressed = scaled.swapaxes(1, 2) @ seen
    variances = np.einsum("nii->ni", samples)
    value = logs + (variances * inverse_d).sum(axis=1) - np.einsum("nij,nij->n", shrink, pressed)
    folded = scaled @ shrink
    echoed = folded @ pressed
    own = seen * inverse_d[:, :, None]
    pulled = (scaled - own + echoed) @ _identify(-shrink @ inside)
    both = np.concatenate(np.broadcast_arrays(total, latent), axis=2)
    inner = both.swapaxes(1, 2) @ (loadings.swapaxes(1, 2) @ pulled) @ both
    diagonal = inverse_d - variances * inverse_d**2
    diagonal = diagonal - np.einsum("npq,npq->np", folded, scaled - 2.0 * own + echoed)
    return Factored(value, pulled @ latent, inner, diagonal)


def _identify(matrices: Array) -> Array:
    """Add the identity."""
    return np.asarray(matrices + np.eye(matrices.shape[-1]))
