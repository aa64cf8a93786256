"""Clusters by distance and by density: k-means, Ward, Gaussian mixture."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError
from crmstudy.segmentation.clusters import kmeans
from crmstudy.segmentation.criteria.space import Space
from crmstudy.statistics.draws import count_distinct, sort_points

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Assign = Callable[[Space], Integers]

N_STARTS = 10  # of each k-means
MIXTURE_STARTS = 2
COVARIANCES = ("diag", "full")
RIDGE = 1e-4  # added to variances of the mixture; the numbers have variance about 1


def arrange(space: Space) -> Space:
    """Sort the customers by their points, so that no result depends on their order."""
    return space.take(sort_points(space.points))


def fit_kmeans_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Assign:
    """Find segments by k-means on the points; new customers go to the nearest centre.

    Where fewer than ``n_segments`` points are distinct, each is a segment of its own.

    Parameters
    ----------
    space : Space
        Customers; categories count by their indicators among the points.
    n_segments, seed : int
        Segments to find; seed of the starts.
    target : ignored
        For the common signature.

    Returns
    -------
    callable
        Gives the labels 0, 1, ... of the customers of any space of the same block.

    References
    ----------
    Lloyd, S. P. (1982). IEEE Transactions on Information Theory, 28(2), 129-137.
    """
    from sklearn.cluster import KMeans

    points = arrange(space).points
    k = min(n_segments, count_distinct(points))
    model = KMeans(k, n_init=N_STARTS, max_iter=1_000, random_state=seed).fit(points)
    return assign_nearest(model.cluster_centers_)


def fit_ward_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Assign:
    """Find segments by Ward's hierarchical method; customers go to the nearest mean.

    Every customer, joined in the tree or new, belongs to the segment whose mean is nearest,
    so that all are assigned by one rule.

    References
    ----------
    Ward, J. H. (1963). Hierarchical grouping to optimize an objective function.
    J. American Statistical Association, 58(301), 236-244.
    """
    points = arrange(space).points
    labels = cut_ward_tree(points, min(n_segments, count_distinct(points)))
    means = [points[labels == label].mean(axis=0) for label in np.unique(labels)]
    return assign_nearest(np.array(means))


def cut_ward_tree(points: Floats, n_segments: int) -> Integers:
    """Join the two clusters whose union costs least until ``n_segments`` are left."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if n_segments < 2:
        return np.zeros(len(points), dtype=np.int64)
    return np.asarray(fcluster(linkage(points, "ward"), n_segments, "maxclust"), dtype=np.int64)


def fit_mixture_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Assign:
    """Find segments as the components of a mixture of normal distributions.

    Covariances are full or diagonal, whichever has the smaller BIC; a customer belongs
    to the component with the highest posterior probability.

    Raises
    ------
    ModelError
        If the likelihood finds no maximum within 500 steps, or no covariance.

    References
    ----------
    Fraley, C., & Raftery, A. E. (2002). Model-based clustering, discriminant analysis,
    and density estimation. J. American Statistical Association, 97(458), 611-631.
    """
    points = arrange(space).numeric.to_numpy(dtype=float)
    k = min(n_segments, count_distinct(points[sort_points(points)]))
    models = [_fit_mixture(points, k, seed, kind) for kind in COVARIANCES]
    best = min(models, key=lambda model: float(model.bic(points)))
    return lambda others: best.predict(others.numeric.to_numpy(dtype=float)).astype(np.int64)


def assign_nearest(centres: Floats) -> Assign:
    """Make the function that assigns customers to the nearest of these centres."""
    nearest = kmeans.assign_nearest(centres)
    return lambda space: nearest(space.points)


def _fit_mixture(points: Floats, k: int, seed: int, covariance: Any) -> GaussianMixture:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        k,
        covariance_type=covariance,
        n_init=MIXTURE_STARTS,
        max_iter=500,
        reg_covar=RIDGE,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)  # an error here, not a remark
        try:
            return model.fit(points)
        except (ConvergenceWarning, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"the mixture of {k} components has no solution: {reason}") from error
