"""Constructs in points from 0 to 100, and what a point of one adds to another.

The *performance* of a construct is the mean of its items, each counted from the lowest
answer to the highest and weighted by its loading. The same formula gives the customer
satisfaction indices; in the importance-performance maps of partial least squares the
weights are the outer weights in the items' units. The *importance* of a construct is its
total effect on the target, turned from the units of the marker items into these points, so
that it does not depend on which item sets the unit.

References
----------
Fornell, C., Johnson, M. D., Anderson, E. W., Cha, J., & Bryant, B. E. (1996). The American
Customer Satisfaction Index: Nature, purpose, and findings. Journal of Marketing, 60(4), 7-18.
Ringle, C. M., & Sarstedt, M. (2016). Gain more insight from your PLS-SEM results: The
importance-performance map analysis. Industrial Management & Data Systems, 116(9), 1865-1886.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crmstudy.errors import ModelError
from crmstudy.loyalty.model.moments import Array


def share_weights(weights: ArrayLike, minima: ArrayLike, maxima: ArrayLike) -> Array:
    """Return each item's share in its construct's points; the shares add up to 1.

    ``w_i (max_i - min_i) / sum of w_j (max_j - min_j)``: the outer weights of items that
    are rescaled to 0..100, normed to sum 1 (Ringle & Sarstedt 2016).

    Parameters
    ----------
    weights : array of shape (..., n_items)
        In the items' units (loadings, or standardised weights divided by the items'
        standard deviations). Negative ones count as 0.
    minima, maxima : arrays of shape (n_items,)
        Ends of the scale, not of the answers.

    Raises
    ------
    ModelError
        If an end is not below the other, or no weight is positive.
    """
    ranges = np.asarray(maxima, dtype=float) - np.asarray(minima, dtype=float)
    if not (ranges > 0.0).all():
        raise ModelError("the lowest answer of an item must lie below its highest")
    parts = np.maximum(np.asarray(weights, dtype=float), 0.0) * ranges
    total = parts.sum(axis=-1, keepdims=True)
    if not (total > 0.0).all():
        raise ModelError("a construct none of whose items has a positive weight has no points")
    return parts / total


def rescale_means(means: ArrayLike, minima: ArrayLike, maxima: ArrayLike) -> Array:
    """Count means of items from 0 (all give the lowest answer) to 100 (all the highest)."""
    low, high = np.asarray(minima, dtype=float), np.asarray(maxima, dtype=float)
    return 100.0 * (np.asarray(means, dtype=float) - low) / (high - low)


def points_per_unit(loadings: ArrayLike, minima: ArrayLike, maxima: ArrayLike) -> Array:
    """Return by how many points a construct's performance moves with its latent unit.

    One unit moves item ``i`` by its loading; the items are then rescaled and weighted as
    in :func:`share_weights`.
    """
    values = np.asarray(loadings, dtype=float)
    ranges = np.asarray(maxima, dtype=float) - np.asarray(minima, dtype=float)
    shares = share_weights(values, minima, maxima)
    return np.asarray((shares * 100.0 * values / ranges).sum(axis=-1))
