"""Models that foresee the logged value of customers: means, a line, a tree, a network."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.statistics.draws import draw_rows

Floats = npt.NDArray[np.float64]

SIZES = ((4,), (16,), (16, 8))  # hidden units that a network may have
LARGEST_TRAINING = 5_000  # customers that a network is trained on
HELD_OUT = 0.15  # share of the training customers that choose size and epochs
PATIENCE = 15  # epochs without improvement on them
MOST_EPOCHS = 500
LEARNING_RATE = 0.01
DECAY = 0.1  # weight of the squared weights in the loss
SMALLEST_LEAF = 0.02  # share of the customers


def average_segments(
    segment: npt.NDArray[np.intp], y: Floats
) -> Callable[[npt.NDArray[np.intp]], Floats]:
    """Average each segment; a segment that nobody was seen of gets the mean of all."""
    means = pd.Series(y).groupby(segment).mean()
    return lambda others: np.asarray(means.reindex(others).fillna(y.mean()), dtype=np.float64)


def fit_line(points: Floats, y: Floats) -> Callable[[Floats], Floats]:
    """Fit a linear regression by least squares."""
    # Indicators of all levels add up to a constant: the shortest solution is taken.
    centre = points.mean(axis=0)
    slopes = np.linalg.lstsq(points - centre, y - y.mean(), rcond=None)[0]
    return lambda others: y.mean() + (others - centre) @ slopes


def fit_tree(points: Floats, y: Floats, n_leaves: int, seed: int) -> Callable[[Floats], Floats]:
    """Fit a regression tree whose leaves hold 2% of the customers and 5 at least."""
    from sklearn.tree import DecisionTreeRegressor

    smallest = max(int(np.ceil(SMALLEST_LEAF * len(y))), 5)
    tree = DecisionTreeRegressor(
        max_leaf_nodes=max(n_leaves, 2), min_samples_leaf=smallest, random_state=seed
    )
    return tree.fit(points, y).predict


def fit_network(
    points: Floats, y: Floats, seed: int
) -> tuple[Callable[[Floats], Floats], str, bool]:
    """Fit networks of several sizes and keep the one that held-out customers prefer.

    Returns
    -------
    callable, str, bool
        Predicts; the hidden units chosen; whether held-out customers ended its training.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    rows = draw_rows(len(points), seed, most=LARGEST_TRAINING)
    points, y = points[rows], y[rows]
    centre, scale = y.mean(), y.std() or 1.0
    networks, ended = [], []
    for size in SIZES:
        network = MLPRegressor(
            hidden_layer_sizes=size,
            activation="tanh",
            alpha=DECAY,
            learning_rate_init=LEARNING_RATE,
            early_stopping=True,
            validation_fraction=HELD_OUT,
            n_iter_no_change=PATIENCE,
            max_iter=MOST_EPOCHS,
            random_state=seed,
        )
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", ConvergenceWarning)
            networks.append(network.fit(points, (y - centre) / scale))
        ended.append(not any(issubclass(one.category, ConvergenceWarning) for one in told))
    best = int(np.argmax([network.best_validation_score_ for network in networks]))
    name = ", ".join(map(str, SIZES[best]))
    return lambda others: centre + scale * networks[best].predict(others), name, ended[best]
