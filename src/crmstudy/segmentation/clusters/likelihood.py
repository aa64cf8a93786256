"""BIC of Gaussian mixtures, the likelihood's view on the number of segments."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from crmstudy.segmentation.clusters.kmeans import Floats

#: Added to the variances, of numbers whose variance is about 1: keeps components from
#: shrinking onto customers who are equal in a variable.
RIDGE = 1e-4
COVARIANCES = ("diag", "full")
MOST_STEPS = 300


def mixture_bic(points: Floats, candidates: Sequence[int], *, seed: int) -> Floats:
    """Fit mixtures of normal distributions and give the smaller BIC of two kinds.

    Components have diagonal or full covariances of their own. Where neither kind finds a
    maximum within 300 steps, the BIC is infinite: that number is not favoured.

    Parameters
    ----------
    points : array of shape (n, n_dimensions)
    candidates : sequence of int
        Numbers of components, 1 among them.

    Returns
    -------
    array of shape (n_candidates,)
        ``-2 log L + q log n`` with ``q`` free parameters; smaller is better.

    References
    ----------
    Fraley, C., & Raftery, A. E. (2002). Model-based clustering, discriminant analysis,
    and density estimation. J. American Statistical Association, 97(458), 611-631.
    """
    return np.array([min(_bic(points, k, seed, kind) for kind in COVARIANCES) for k in candidates])


def _bic(points: Floats, k: int, seed: int, covariance: str) -> float:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        k, covariance_type=covariance, max_iter=MOST_STEPS, reg_covar=RIDGE, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)  # caught below, not hidden
        try:
            return float(model.fit(points).bic(points))
        except (ConvergenceWarning, ValueError):
            return float("inf")
