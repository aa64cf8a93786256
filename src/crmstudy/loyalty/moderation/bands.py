"""Respondents in bands of a score, and what each band does: no shape is assumed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.loyalty.model.moments import Array
from crmstudy.shares import wilson_limits

WIDTH = 10.0  # points: bands before neighbours are put together
TOP = 100.0


def cut_bands(scores: Array, *, least: int) -> Array:
    """Cut 0 to 100 points into bands of ten that hold at least ``least`` respondents.

    A band with fewer joins the next one above it, the last one the band below.

    Returns
    -------
    array of shape (n_bands + 1,)
        Edges; a score on an edge belongs to the band above, 100 to the last.
    """
    edges = np.arange(0.0, TOP + WIDTH, WIDTH)
    counts = np.bincount(_place(scores, edges), minlength=len(edges) - 1)
    kept, held = [0.0], 0
    for upper, count in zip(edges[1:], counts, strict=True):
        held += int(count)
        if held >= least:
            kept.append(float(upper))
            held = 0
    if len(kept) == 1 or kept[-1] < TOP:
        kept = [*(kept[:-1] if len(kept) > 1 else kept), TOP]
    return np.array(kept)


def average_by_band(scores: Array, values: Array, edges: Array, *, level: float) -> pd.DataFrame:
    """Average points of a value in every band, with Student's interval, cut at 0 and 100.

    Returns
    -------
    DataFrame
        from, to, n, mean, lower, upper.
    """
    from scipy.special import stdtrit

    rows = []
    for band, place in _each(scores, edges):
        inside = values[place]
        n, mean = len(inside), float(inside.mean())
        reach = np.inf  # one respondent bounds nothing
        if n > 1:
            reach = float(stdtrit(n - 1, 0.5 + level / 2) * inside.std(ddof=1) / np.sqrt(n))
        rows.append((*band, n, mean, max(mean - reach, 0.0), min(mean + reach, TOP)))
    return pd.DataFrame(rows, columns=["from", "to", "n", "mean", "lower", "upper"])


def share_by_band(
    scores: Array, events: NDArray[np.bool_], edges: Array, *, level: float
) -> pd.DataFrame:
    """Return the share of respondents with the event in every band, with Wilson's interval.

    Returns
    -------
    DataFrame
        from, to, n, share, lower, upper.
    """
    rows = []
    for band, place in _each(scores, edges):
        inside = events[place]
        lower, upper = wilson_limits(inside.sum(), len(inside), confidence=level)
        rows.append((*band, len(inside), float(inside.mean()), float(lower), float(upper)))
    return pd.DataFrame(rows, columns=["from", "to", "n", "share", "lower", "upper"])


def _place(scores: Array, edges: Array) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, len(edges) - 2)


def _each(scores: Array, edges: Array) -> list[tuple[tuple[float, float], NDArray[np.bool_]]]:
    """List the bands that hold anybody, and who is in them."""
    band = _place(scores, edges)
    return [
        ((float(edges[k]), float(edges[k + 1])), band == k)
        for k in range(len(edges) - 1)
        if (band == k).any()
    ]
