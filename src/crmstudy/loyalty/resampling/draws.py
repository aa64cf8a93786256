"""Samples drawn from the respondents, and their covariance matrices.

Respondents are put into a canonical order first, so that a seed gives the same samples
whatever the order of the survey's rows.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crmstudy.errors import ModelError
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.resampling.engine import map_blocks
from crmstudy.statistics.draws import sort_points

Rows = NDArray[np.intp]
_CELLS = 2_000_000  # cells of the largest array made at once (16 MB)


class _Block(NamedTuple):
    """Draws made together."""

    n_draws: int
    seed: np.random.SeedSequence


def draw_rows(n: int, *, n_draws: int, seed: int) -> Rows:
    """Draw samples of ``n`` rows with replacement; shape (n_draws, n).

    Draw from rows in a canonical order (:func:`order_answers`). The samples are those of
    :func:`draw_covariances`.
    """
    return np.concatenate([_draw_block(n, each) for each in _plan_blocks(n, n_draws, seed)])


def draw_covariances(answers: Array, *, n_draws: int, seed: int, ddof: int = 0) -> Array:
    """Draw respondents with replacement and compute each sample's covariance matrix.

    Parameters
    ----------
    answers : array of shape (n, n_items)
        Without gaps.
    n_draws : int
    seed : int
    ddof : int
        The divisor is ``n - ddof``.

    Returns
    -------
    array of shape (n_draws, n_items, n_items)

    Raises
    ------
    ModelError
        If there are gaps, or fewer than two respondents.
    """
    centred = _centre(order_answers(answers))

    def work(block: _Block) -> Array:
        return _covary(centred, _draw_block(len(centred), block), ddof=ddof)

    return np.concatenate(map_blocks(work, _plan_blocks(len(centred), n_draws, seed)))


def covary_rows(answers: Array, rows: Rows, *, ddof: int = 0) -> Array:
    """Compute the covariance matrix of each sample of rows; ``rows`` as they stand.

    Parameters
    ----------
    answers : array of shape (n, n_items)
    rows : array of int, shape (n_draws, n)
        Counted from 0.
    """
    centred = _centre(np.asarray(answers, dtype=float))
    size = max(1, _CELLS // len(centred))
    blocks = [rows[k : k + size] for k in range(0, len(rows), size)]
    return np.concatenate(map_blocks(partial(_covary, centred, ddof=ddof), blocks))


def leave_out(answers: Array, *, groups: Rows, ddof: int = 0) -> Array:
    """Compute the covariance matrices without each group of respondents in turn.

    Parameters
    ----------
    answers : array of shape (n, n_items)
    groups : array of int, shape (n,)
        Each respondent's group, counted from 0. Every respondent a group of its own:
        the samples of the jackknife.

    Returns
    -------
    array of shape (n_groups, n_items, n_items)
    """
    centred = _centre(answers)
    n_groups = int(groups.max()) + 1
    size = np.bincount(groups, minlength=n_groups).astype(float)
    sums = np.zeros((n_groups, centred.shape[1]))
    np.add.at(sums, groups, centred)
    products = np.repeat((centred.T @ centred)[None], n_groups, axis=0)
    for item in range(centred.shape[1]):
        np.subtract.at(products[:, item], groups, centred[:, [item]] * centred)
    left = len(answers) - size[:, None, None]
    mean = sums[:, :, None] / left  # the sums of all are zero; of the rest, minus the group's
    products -= mean * mean.swapaxes(1, 2) * left
    return products / (left - ddof)


def order_answers(answers: Array) -> Array:
    """Put respondents in a canonical order; refuse gaps."""
    answers = np.asarray(answers, dtype=float)
    if answers.ndim != 2 or len(answers) < 2:
        raise ModelError(f"samples are drawn from two respondents or more, not {answers.shape}")
    if not np.isfinite(answers).all():
        raise ModelError("samples are drawn from complete answers; leave out or fill in gaps first")
    return answers[sort_points(answers)]


def _plan_blocks(n: int, n_draws: int, seed: int) -> list[_Block]:
    """Cut the draws into blocks that fit into memory, each with random numbers of its own."""
    size = max(1, _CELLS // n)
    return [
        _Block(min(size, n_draws - first), np.random.SeedSequence(seed, spawn_key=(k,)))
        for k, first in enumerate(range(0, n_draws, size))
    ]


def _draw_block(n: int, block: _Block) -> Rows:
    rng = np.random.default_rng(block.seed)
    return rng.integers(0, n, (block.n_draws, n), dtype=np.intp)


def _centre(answers: Array) -> Array:
    return np.asarray(answers - answers.mean(axis=0))


def _covary(centred: Array, rows: Rows, *, ddof: int) -> Array:
    """Covariance matrices of samples, as products of counts and of products of answers."""
    n, p = centred.shape
    counts = np.stack([np.bincount(each, minlength=n) for each in rows]).astype(float)
    below, beside = np.tril_indices(p)
    moments = np.zeros((len(rows), len(below)))
    size = max(1, _CELLS // len(below))
    for first in range(0, n, size):
        part = centred[first : first + size]
        moments += counts[:, first : first + size] @ (part[:, below] * part[:, beside])
    mean = counts @ centred / n
    moments = (moments / n - mean[:, below] * mean[:, beside]) * (n / (n - ddof))
    covariances = np.empty((len(rows), p, p))
    covariances[:, below, beside] = covariances[:, beside, below] = moments
    return covariances
