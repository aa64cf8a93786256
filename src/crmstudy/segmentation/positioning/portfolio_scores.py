"""Scores of criteria, their weighted means, and the cells that these fall into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from crmstudy.segmentation.positioning.criteria_of_position import AXES, Criterion
from crmstudy.segmentation.positioning.ratios import Floats, Ratios

#: Thirds of the scale, as the nine cells of the GE/McKinsey matrix.
CUTS = (1 / 3, 2 / 3)
LEVELS = ("low", "medium", "high")
#: Sets of random weights that the sensitivity to weights rests on.
N_WEIGHTS = 1_000


def name_cells(points: Floats) -> npt.NDArray[np.str_]:
    """Name the cell of points of shape (..., 2): attractiveness / strength by thirds.

    A score on a cut belongs to the middle.
    """
    eps = 1e-9
    level = np.where(points < CUTS[0] - eps, 0, np.where(points > CUTS[1] + eps, 2, 1))
    names = np.array(LEVELS)[level]
    return np.char.add(np.char.add(names[..., 0], " / "), names[..., 1])


def score_all(one: Criterion, ratios: Ratios) -> tuple[Floats, float]:
    """Score the segments as observed (first row) and in each bootstrap sample.

    Returns
    -------
    array of shape (1 + n_draws, n_segments), float
        The scores, and the reliability that they were drawn to the reference by.
    """
    place = ratios.place(one.name)
    values = np.vstack([ratios.estimate[:, place], ratios.draws[:, :, place]])
    firm = np.append(ratios.firm[place], ratios.firm_draws[:, place])
    reference = firm if one.against is None else np.full_like(firm, one.against)
    away = np.nan_to_num(values - reference[:, None]) * (-1.0 if one.better == "smaller" else 1.0)
    reliability = measure_reliability(away[0], away[1:])
    size = np.nan_to_num(np.abs(values)).max(axis=1)
    return 0.5 + 0.5 * reliability * scale_distances(away, size), reliability


def measure_reliability(away: Floats, draws: Floats) -> float:
    """Estimate which share of the squared distances from the reference is no sampling error.

    Parameters
    ----------
    away, draws : array of shape (n_segments,), (n_draws, n_segments)
        Distances as observed, and in bootstrap samples.
    """
    seen = float((away**2).mean())
    noise = float(draws.var(axis=0).mean())
    return max(0.0, 1.0 - noise / seen) if seen > 0 else 0.0


def scale_distances(away: Floats, size: Floats) -> Floats:
    """Divide distances by the largest of their set, so that the farthest is 1 or -1.

    Parameters
    ----------
    away : array of shape (n_sets, n_segments)
    size : array of shape (n_sets,)
        Size of the values that the distances come from; a distance that is rounding beside
        it is none, in whatever unit.
    """
    farthest = np.abs(away).max(axis=1, keepdims=True)
    apart = farthest > 1e-12 * size[:, None]
    return np.divide(away, farthest, out=np.zeros_like(away), where=apart)


def settle_weights(used: Sequence[Criterion], weights: Mapping[str, float]) -> dict[str, float]:
    """Bring the weights of each axis to the sum 1; a criterion not named weighs 1."""
    raw = {one.name: float(weights.get(one.name, 1.0)) for one in used}
    total = {axis: sum(raw[one.name] for one in used if one.axis == axis) for axis in AXES}
    return {one.name: raw[one.name] / total[one.axis] for one in used}


def weigh(
    scored: dict[str, Floats], used: Sequence[Criterion], weight: dict[str, float]
) -> dict[str, Floats]:
    """Take the weighted mean of the scores of each axis."""
    return {
        axis: np.asarray(
            sum(weight[one.name] * scored[one.name] for one in used if one.axis == axis)
        )
        for axis in AXES
    }


def reweigh(
    scored: dict[str, Floats], used: Sequence[Criterion], shares: Floats, *, seed: int
) -> Floats:
    """Weigh the observed scores by random weights, every set as likely as another."""
    rng = np.random.default_rng(seed)
    axes = []
    for axis in AXES:
        scores = np.stack([scored[one.name][0] for one in used if one.axis == axis])
        axes.append(rng.dirichlet(np.ones(len(scores)), size=N_WEIGHTS) @ scores)
    return np.dstack([*axes, np.broadcast_to(shares, (N_WEIGHTS, len(shares)))])
