"""Means of the items in the samples that a bootstrap of the model drew."""

from __future__ import annotations

import numpy as np

from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.resampling.bootstrap import Bootstrap
from crmstudy.loyalty.resampling.draws import draw_covariances, draw_rows, order_answers
from crmstudy.loyalty.resampling.engine import refit_samples
from crmstudy.loyalty.resampling.likelihood import Flags

_CELLS = 2_000_000  # counts held at once


def average_samples(bootstrap: Bootstrap) -> Array:
    """Return the items' means in each sample that gave estimates.

    The bootstrap keeps estimates only; its samples are drawn once more by its seed, so
    that means and estimates of a row belong to the same respondents.

    Returns
    -------
    array of shape (n_kept, n_items)
    """
    means = draw_means(bootstrap.result.answers, n_draws=bootstrap.n_draws, seed=bootstrap.seed)
    return means[_find_kept(bootstrap)] if bootstrap.n_failed else means


def draw_means(answers: Array, *, n_draws: int, seed: int) -> Array:
    """Average the answers in each of the samples that :func:`draw_covariances` draws."""
    ordered = order_answers(answers)
    rows = draw_rows(len(ordered), n_draws=n_draws, seed=seed)
    means = np.empty((n_draws, ordered.shape[1]))
    size = max(1, _CELLS // len(ordered))
    for first in range(0, n_draws, size):
        part = rows[first : first + size]
        counts = np.stack([np.bincount(each, minlength=len(ordered)) for each in part])
        means[first : first + size] = counts @ ordered / len(ordered)
    return means


def _find_kept(bootstrap: Bootstrap) -> Flags:
    result = bootstrap.result
    ddof = 0 if result.divisor == "n" else 1
    samples = draw_covariances(
        result.answers, n_draws=bootstrap.n_draws, seed=bootstrap.seed, ddof=ddof
    )
    return refit_samples(result.structure, samples, start=bootstrap.estimate).converged
