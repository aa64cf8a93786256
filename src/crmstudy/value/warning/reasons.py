"""What a model looked at: Shapley values of one customer, importance over all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.warning.measures import LIMITS, draw_samples
from crmstudy.value.warning.models import hold_one_thread
from crmstudy.value.warning.rolling import WarningModels
from crmstudy.value.warning.scores import measure_precision, rank_scores
from crmstudy.value.warning.topics import find_topic

Floats = npt.NDArray[np.float64]

STAGE = 124
N_REPEATS = 5
#: Rows scored at a time.
LARGEST_BATCH = 50_000


def share_out(
    score: Callable[[Floats], Floats],
    rows: Floats,
    background: Floats,
    owners: tuple[str, ...],
    *,
    seed: int,
) -> pd.DataFrame:
    """Share out each row's distance from the mean background score among the features.

    Shapley values by sampling orders: features are turned, one after the other, from a
    background row's value to the customer's own, and what each turn adds is its feature's.
    Every background row is taken with one order and its reverse. Three laws hold exactly:
    contributions add up to the row's score less the mean score of the background; a
    feature that the score does not look at gets 0; of an additive score each gets its
    term's distance from the background mean. Otherwise they are estimates, free of bias.

    Parameters
    ----------
    score : callable
        From a matrix to one number a row.
    rows, background : arrays of shape (n_rows, n_columns), (n_background, n_columns)
        Whom to explain, and with whom they are compared.
    owners : tuple of str
        The feature that each column belongs to; columns of a feature turn together.
    seed : int
        Of the orders.

    Returns
    -------
    DataFrame of shape (n_rows, n_features)
        Contributions in the unit of the score.

    References
    ----------
    Strumbelj, E., & Kononenko, I. (2014). Explaining prediction models and individual
    predictions with feature contributions. Knowledge and Information Systems, 41(3),
    647-665.
    """
    features = tuple(dict.fromkeys(owners))
    groups = [np.flatnonzero([owner == name for owner in owners]) for name in features]
    generator = np.random.default_rng(seed)
    orders = [generator.permutation(len(groups)) for _ in range(len(background))]
    orders = [order for pair in orders for order in (pair, pair[::-1])]
    starts = np.repeat(background, 2, axis=0)
    shares = np.zeros((len(rows), len(groups)))
    for place, row in enumerate(rows):
        shares[place] = _share_out_one(score, row, starts, orders, groups)
    return pd.DataFrame(shares, columns=list(features))


def _share_out_one(
    score: Callable[[Floats], Floats],
    row: Floats,
    starts: Floats,
    orders: list[npt.NDArray[np.intp]],
    groups: list[npt.NDArray[np.intp]],
) -> Floats:
    # Axis 1 counts the features turned so far, from none to all.
    turned = np.repeat(starts[:, None, :], len(groups) + 1, axis=1)
    for path, order in zip(turned, orders, strict=True):
        for step, group in enumerate(order, start=1):
            path[step:, groups[group]] = row[groups[group]]
    n_points = len(starts) * (len(groups) + 1)
    scores = _score_all(score, turned.reshape(n_points, starts.shape[1]))
    scores = scores.reshape(len(starts), len(groups) + 1)
    shares = np.zeros(len(groups))
    for path, order in zip(np.diff(scores, axis=1), orders, strict=True):
        shares[order] += path
    return shares / len(starts)


def _score_all(score: Callable[[Floats], Floats], matrix: Floats) -> Floats:
    parts = [
        score(matrix[start : start + LARGEST_BATCH])
        for start in range(0, len(matrix), LARGEST_BATCH)
    ]
    return np.concatenate(parts)


@passes_absence
def rank_importance(
    models: WarningModels, *, n_replicates: int = 200
) -> pd.DataFrame | NotAvailable:
    """Shuffle one topic at a time on the test, and see how much average precision is lost.

    Features of one topic are shuffled together, because of two that say the same neither
    would be missed alone. The interval covers both the shuffle and the customers: each
    bootstrap sample takes one of five shuffles.

    Returns
    -------
    DataFrame
        ``topic``, ``importance``, ``lower``, ``upper``, the most important first.

    References
    ----------
    Breiman, L. (2001). Random forests. Machine Learning, 45(1), 5-32.
    """
    model, test = models.learned[models.chosen], models.test
    if not model.owners:
        return NotAvailable(f"the chosen model, {models.chosen}, looks at no feature")
    seeds = draw_seeds(models.seed, stage=STAGE, n=2)
    generator = np.random.default_rng(seeds[0])
    n = len(test.events)
    orders = [generator.permutation(n) for _ in range(N_REPEATS)]
    samples = list(draw_samples(test.events, seed=seeds[1], n_replicates=n_replicates))
    with hold_one_thread():
        matrix = model.prepare(test.features)
        whole = rank_scores(model.score(matrix))
        measure = [measure_precision(*whole.count(test.events, w)) for w in (np.ones(n), *samples)]
        rows = []
        owners = [find_topic(name) for name in model.owners]
        for name in dict.fromkeys(owners):
            columns = np.flatnonzero([owner == name for owner in owners])
            cuts = []
            for order in orders:
                shuffled = matrix.copy()
                shuffled[:, columns] = matrix[np.ix_(order, columns)]
                cuts.append(rank_scores(model.score(shuffled)))
            lost = [measure[0] - measure_precision(*c.count(test.events, np.ones(n))) for c in cuts]
            drawn = [
                measure[i + 1] - measure_precision(*cuts[i % N_REPEATS].count(test.events, w))
                for i, w in enumerate(samples)
            ]
            lower, upper = np.quantile(drawn, LIMITS)
            rows.append((name, float(np.mean(lost)), float(lower), float(upper)))
    frame = pd.DataFrame(rows, columns=["topic", "importance", "lower", "upper"])
    return frame.sort_values("importance", ascending=False, kind="stable", ignore_index=True)
