"""Customers without segments: one unbroken cloud that resembles the data in all else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crmstudy.segmentation.clusters.kmeans import Floats

Draw = Callable[[np.random.Generator, int], Floats]

N_MODES = 61  # places at which the one peak of a variable is looked for
REACH = 0.75  # of the smaller step to a neighbour; a half would leave holes where steps shrink


@dataclass(frozen=True)
class Unimodal:
    """Distribution of one variable with one peak, as pieces of constant density.

    Parameters
    ----------
    edges, cumulated : array of shape (n_pieces + 1,)
        Where pieces begin and end, and the share of customers up to there, from 0 to 1.
    values, reach : array of shape (n_pieces,)
        The value observed in each piece, and how far around it the distribution is
        drawn together into it: customers are equal in counts and answers.
    """

    edges: Floats
    cumulated: Floats
    values: Floats
    reach: Floats

    def quantile(self, shares: Floats) -> Floats:
        """Give the values below which these shares lie."""
        drawn = np.interp(shares, self.cumulated, self.edges)
        piece = np.searchsorted(self.edges[1:-1], drawn)
        near = np.abs(drawn - self.values[piece]) <= self.reach[piece]
        return np.where(near, self.values[piece], drawn)


def fit_unimodal(values: Floats) -> Unimodal:
    """Find the distribution with one peak that is closest to a sample.

    For each of about 60 places of the peak the density is the isotonic regression of the
    sample's: rising before the peak, falling behind it. That place is taken at which the
    two distribution functions are nearest to each other at their widest. A valley
    between two groups is filled by this; skewness, bounds, tails and equal values stay.

    Parameters
    ----------
    values : array of shape (n,)
        At least two of them different.

    References
    ----------
    Hartigan, J. A., & Hartigan, P. M. (1985). The dip test of unimodality. Annals of
    Statistics, 13(1), 70-84.
    """
    distinct, counts = np.unique(values, return_counts=True)
    between = (distinct[1:] + distinct[:-1]) / 2
    first, last = 2 * distinct[0] - between[0], 2 * distinct[-1] - between[-1]
    edges = np.concatenate([[first], between, [last]])
    widths, shares = np.diff(edges), counts / len(values)
    reached = np.concatenate([[0.0], np.cumsum(shares)])
    places = np.unique(np.searchsorted(reached, np.linspace(0, 1, N_MODES)).clip(0, len(shares)))
    candidates = [_peak_at(place, shares / widths, widths) for place in places]
    misses = [float(np.abs(candidate - reached).max()) for candidate in candidates]
    reach = np.where(counts > 1, _measure_reach(np.diff(distinct)), 0.0)
    return Unimodal(edges, candidates[int(np.argmin(misses))], distinct, reach)


def _measure_reach(steps: Floats) -> Floats:
    """Say how far equal values reach: not across a step that is wide beside the next one."""
    left = np.concatenate([[2 * steps[min(1, len(steps) - 1)]], steps])
    right = np.concatenate([steps, [2 * steps[max(-2, -len(steps))]]])
    return REACH * np.minimum(left, right)


def _peak_at(place: int, density: Floats, widths: Floats) -> Floats:
    """Cumulate the density made rising before a place and falling behind it."""
    from scipy.optimize import isotonic_regression

    fitted = np.empty_like(density)
    if place > 0:
        fitted[:place] = isotonic_regression(density[:place], weights=widths[:place]).x
    if place < len(density):
        behind = isotonic_regression(density[place:], weights=widths[place:], increasing=False)
        fitted[place:] = behind.x
    cumulated = np.concatenate([[0.0], np.cumsum(fitted * widths)])
    return cumulated / cumulated[-1]


def skewed_cloud(points: Floats) -> Draw:
    """Make the draw of one cloud with the variables' shapes and their correlations.

    Every variable keeps its range, skewness and tails but has one peak
    (:func:`fit_unimodal`), and they are joined by a normal copula with the correlation
    of their normal scores. So the cloud differs from the data by what makes segments:
    valleys within variables, and clusters in their joint distribution. Not covered is a
    cloud in which one variable bends with another, or spreads with it like a funnel.

    References
    ----------
    Hennig, C., & Lin, C.-J. (2015). Flexible parametric bootstrap for testing homogeneity
    against clustering and assessing the number of clusters. Statistics and Computing,
    25, 821-833.
    """
    from scipy.special import ndtr, ndtri
    from scipy.stats import rankdata

    shapes = [fit_unimodal(column) if np.ptp(column) else None for column in points.T]
    scores = ndtri((rankdata(points, axis=0) - 0.5) / len(points))
    spread = scores.std(axis=0)
    scaled = (scores - scores.mean(axis=0)) / np.where(spread == 0, 1.0, spread)
    size, directions = np.linalg.eigh(scaled.T @ scaled / len(points))
    root = directions * np.sqrt(np.maximum(size, 0.0))

    def draw(generator: np.random.Generator, n: int) -> Floats:
        shares = ndtr(generator.standard_normal((n, len(shapes))) @ root.T)
        columns = [
            np.full(n, points[0, place]) if shape is None else shape.quantile(shares[:, place])
            for place, shape in enumerate(shapes)
        ]
        return np.column_stack(columns)

    return draw


def uniform_box(points: Floats) -> Draw:
    """Make the draw of uniform points over the box along the data's principal axes.

    References
    ----------
    Tibshirani, R., Walther, G., & Hastie, T. (2001). Estimating the number of clusters
    in a data set via the gap statistic. J. Royal Statistical Society B, 63(2), 411-423,
    choice (b).
    """
    middle = points.mean(axis=0)
    axes = np.linalg.svd(points - middle, full_matrices=False)[2]
    turned = (points - middle) @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)

    def draw(generator: np.random.Generator, n: int) -> Floats:
        return generator.uniform(low, high, size=(n, len(low))) @ axes + middle

    return draw
