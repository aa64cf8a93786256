"""Minimise the discrepancy of many samples at once, each along its own way.

Every step costs one evaluation a sample. A step that does not lower a sample's discrepancy
is halved; a sample that has arrived leaves the stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from crmstudy.loyalty.estimation.admissible import root_diagonal
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.resampling.likelihood import Flags, Places, Plan, evaluate, inform

ARRIVED = 1e-7  # scaled slope at which a walk ends: a tenth of what the gate allows
MOST_STEPS = 100
_MEMORY = 12  # steps whose curvature is remembered
_SHORTEST = 2.0**-20  # part of a step below which a walk is stuck
_ROUNDING = 1e-12
_RIDGE = 1e-9


@dataclass
class _Walk:
    """The samples still on their way, and where they are."""

    rows: Places
    samples: Array
    theta: Array
    value: Array
    gradient: Array
    step: Array
    share: Array
    steps: list[Array] = field(default_factory=list)
    turns: list[Array] = field(default_factory=list)
    weights: list[Array] = field(default_factory=list)

    def keep(self, those: Flags) -> None:
        """Drop the others."""
        for name in ("rows", "samples", "theta", "value", "gradient", "step", "share"):
            setattr(self, name, getattr(self, name)[those])
        for name in ("steps", "turns", "weights"):
            setattr(self, name, [each[those] for each in getattr(self, name)])


def descend(
    plan: Plan, samples: Array, *, start: Array, metric: Array, scoring: bool
) -> tuple[Array, Flags]:
    """Walk from one start to the minimum of each sample's discrepancy.

    Parameters
    ----------
    plan : Plan
    samples : array of shape (n, n_items, n_items)
    start : array of shape (n_parameters,)
    metric : array of shape (n_parameters, n_parameters)
        Information near the minima.
    scoring : bool
        Fisher scoring, the information computed anew at every step, in place of
        quasi-Newton steps from ``metric``.

    Returns
    -------
    theta : array of shape (n, n_parameters)
    arrived : array of bool, shape (n,)
        Whether the scaled slope is small enough.
    """
    inverse = _invert(metric)
    diagonal = np.diag(metric)
    theta = np.repeat(start[None], len(samples), axis=0)
    arrived = np.zeros(len(samples), dtype=bool)
    first = evaluate(plan, start[None], samples)
    everyone = np.arange(len(samples))
    walk = _Walk(everyone, samples, theta.copy(), *first, first.gradient, np.ones(len(samples)))
    _turn(plan, walk, inverse, np.ones(len(samples), dtype=bool), scoring=scoring)
    for _ in range(MOST_STEPS):
        there = scale_slope(walk.gradient, diagonal) <= ARRIVED
        theta[walk.rows[there]], arrived[walk.rows[there]] = walk.theta[there], True
        going = ~there & (walk.share > _SHORTEST)
        if not going.any():
            break
        if not going.all():
            walk.keep(going)
        moved = _move(plan, walk)
        _turn(plan, walk, inverse, moved, scoring=scoring)
    return theta, arrived


def scale_slope(gradient: Array, diagonal: Array) -> Array:
    """Return the largest slope of each row, in units of the root of its information."""
    scale = np.sqrt(np.abs(diagonal))
    return np.asarray((np.abs(gradient) / np.where(scale > 0.0, scale, 1.0)).max(axis=-1))


def _move(plan: Plan, walk: _Walk) -> Flags:
    """Take the step where it lowers the discrepancy; say where."""
    trial = walk.theta + walk.step
    found = evaluate(plan, trial, walk.samples)
    moved = found.value <= walk.value + _ROUNDING
    step = np.where(moved[:, None], walk.step, 0.0)
    turn = np.where(moved[:, None], found.gradient - walk.gradient, 0.0)
    curved = np.einsum("nk,nk->n", step, turn)
    length = np.einsum("nk,nk->n", turn, turn)
    weight = np.where(curved > 1e-14 * length, 1.0 / np.where(curved > 0.0, curved, 1.0), 0.0)
    for memory, new in ((walk.steps, step), (walk.turns, turn), (walk.weights, weight)):
        memory.append(new)
        del memory[:-_MEMORY]
    walk.theta = np.where(moved[:, None], trial, walk.theta)
    walk.value = np.where(moved, found.value, walk.value)
    walk.gradient = np.where(moved[:, None], found.gradient, walk.gradient)
    return moved


def _turn(plan: Plan, walk: _Walk, inverse: Array, moved: Flags, *, scoring: bool) -> None:
    """Set the next step: a new direction after a move, half the way after none."""
    direction = _score(plan, walk) if scoring else _remember(walk, inverse)
    walk.share = np.where(moved, 1.0, walk.share / 2.0)
    walk.step = np.where(moved[:, None], direction, walk.step / 2.0)


def _invert(metric: Array) -> Array:
    """Invert an information; of a singular one as far as it goes."""
    scale = root_diagonal(metric)
    outer = np.outer(scale, scale)
    return np.asarray(np.linalg.pinv(metric / outer, rcond=_RIDGE, hermitian=True) / outer)


def _remember(walk: _Walk, inverse: Array) -> Array:
    """Quasi-Newton direction by the two-loop recursion over the remembered steps."""
    direction = -walk.gradient
    used = []
    for step, turn, weight in zip(
        walk.steps[::-1], walk.turns[::-1], walk.weights[::-1], strict=True
    ):
        along = weight * np.einsum("nk,nk->n", step, direction)
        direction = direction - along[:, None] * turn
        used.append(along)
    direction = direction @ inverse
    for step, turn, weight, along in zip(
        walk.steps, walk.turns, walk.weights, used[::-1], strict=True
    ):
        back = weight * np.einsum("nk,nk->n", turn, direction)
        direction = direction + (along - back)[:, None] * step
    return direction


def _score(plan: Plan, walk: _Walk) -> Array:
    information = inform(plan, walk.theta)
    root = np.sqrt(np.abs(np.einsum("nii->ni", information)))
    root = np.where(root > 0.0, root, 1.0)
    scaled = information / (root[:, :, None] * root[:, None, :])
    # The ridge lets a singular information answer, and changes no other step that is seen.
    scaled += _RIDGE * np.eye(scaled.shape[-1])
    return -np.linalg.solve(scaled, (walk.gradient / root)[:, :, None])[:, :, 0] / root
