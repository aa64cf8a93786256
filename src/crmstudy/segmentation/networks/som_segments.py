"""Segments from a self-organising map: its units joined by Ward's rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.networks.som import (
    MOST_EPOCHS,
    Floats,
    Places,
    TrainedMap,
    find_winners,
    train_map,
)
from crmstudy.statistics.draws import draw_rows, sort_points

LARGEST_TRAINING = 20_000  # customers; the map of 100,000 is hardly finer (mean error + 1%)
SEGMENT_EPOCHS = 30  # for segments alone: the codes hardly move any more


def _require_spread(points: Floats) -> None:
    if len(points) < 3 or not (points != points[0]).any():
        raise ModelError(
            f"a self-organising map needs three customers that are not all alike; "
            f"found: {len(points)}"
        )


def join_units(codes: Floats, weights: npt.ArrayLike, *, n_groups: int) -> Places:
    """Join units into groups by Ward's rule, each unit as heavy as its customers.

    Each step joins the two groups whose union adds least to the sum of squares within
    groups, counted over the customers that the units stand for.

    Parameters
    ----------
    codes : array of shape (n_units, n_dimensions)
        Places of the units.
    weights : array of shape (n_units,)
        Customers at each unit. Units without any join the group of the nearest unit that
        has some.
    n_groups : int
        Groups to form; as many as there are units with customers, if fewer.

    Returns
    -------
    array of int
        Group of each unit, 0 to ``n_groups - 1``, in the order of their first units.

    References
    ----------
    Ward, J. H. (1963). Hierarchical grouping to optimize an objective function. J. American
    Statistical Association, 58, 236-244.
    """
    heavy = np.asarray(weights, dtype=float)
    full = np.flatnonzero(heavy > 0)
    group = _join(codes[full].copy(), heavy[full].copy(), n_groups)
    return group[find_winners(codes, codes[full])]


def _join(centres: Floats, heavy: Floats, n_groups: int) -> Places:
    alive = np.ones(len(centres), dtype=bool)
    group = np.arange(len(centres))
    apart = ((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=-1)
    cost = apart * heavy[:, None] * heavy[None, :] / (heavy[:, None] + heavy[None, :])
    np.fill_diagonal(cost, np.inf)
    for _ in range(len(centres) - n_groups):
        one, other = divmod(int(cost.argmin()), len(centres))
        total = heavy[one] + heavy[other]
        centres[one] = (heavy[one] * centres[one] + heavy[other] * centres[other]) / total
        heavy[one], alive[other] = total, False
        group[group == other] = one
        raised = heavy * total / (heavy + total) * ((centres - centres[one]) ** 2).sum(axis=1)
        raised[~alive] = np.inf
        raised[one] = np.inf
        cost[one, :] = cost[:, one] = raised
        cost[other, :] = cost[:, other] = np.inf
    return np.unique(group, return_inverse=True)[1]


def fit_som_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Callable[[Space], npt.NDArray[np.int64]]:
    """Segment customers by a self-organising map whose units are joined by Ward's rule.

    Parameters
    ----------
    space : Space
        Customers to learn from.
    n_segments : int
        Segments to form, fewer where fewer units have customers.
    seed : int
        Draws the customers to train on where there are more than 20,000; nothing else is
        random.
    target : ignored
        The method is unsupervised.

    Returns
    -------
    callable
        Assigns any space of the same block: integers from 0.

    Raises
    ------
    ModelError
        If all customers are alike.

    References
    ----------
    Vesanto, J., & Alhoniemi, E. (2000). Clustering of the self-organizing map. IEEE Trans.
    Neural Networks, 11(3), 586-600.
    """
    from crmstudy.statistics.threads import hold_one_thread

    trained, group = train_segments(space, n_segments, seed, most_epochs=SEGMENT_EPOCHS)

    def assign(others: Space) -> npt.NDArray[np.int64]:
        if others.points.shape[1] != trained.codes.shape[1]:
            raise ModelError(
                f"the map was trained on {trained.codes.shape[1]} dimensions of {space.name!r}, "
                f"not on the {others.points.shape[1]} of {others.name!r}"
            )
        with hold_one_thread():
            return group[find_winners(others.points, trained.codes)].astype("int64")

    return assign


def train_segments(
    space: Space, n_segments: int, seed: int, *, most_epochs: int = MOST_EPOCHS
) -> tuple[TrainedMap, Places]:
    """Train a map and join its units: the map, and the group of each unit."""
    from crmstudy.statistics.threads import hold_one_thread

    points = space.points[sort_points(space.points)]
    _require_spread(points)
    with hold_one_thread():  # sums of several threads differ in the last digit
        training = points[draw_rows(len(points), seed, most=LARGEST_TRAINING)]
        trained = train_map(training, most_epochs=most_epochs)
        hits = np.bincount(find_winners(training, trained.codes), minlength=len(trained.codes))
        return trained, join_units(trained.codes, hits, n_groups=n_segments)
