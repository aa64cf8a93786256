"""One model estimated from many samples: a warm start, all samples at once.

The samples of a bootstrap, a jackknife or a simulation differ little from one sample
whose estimates are known. From there the discrepancy of every sample is brought to its
minimum by quasi-Newton steps (BFGS, in limited-memory form), whose first metric is the
information at the start: as few steps as Fisher scoring takes, without a matrix of second
derivatives for each sample. Blocks of samples are worked on in parallel; how samples are
cut into blocks is fixed, so that results do not depend on the number of threads. Samples
that do not arrive are tried again by Fisher scoring, first from the same start and then
from a plain one, and counted as failed if that fails too.

References
----------
Nocedal, J., & Wright, S. J. (2006). Numerical Optimization (2nd ed.). Springer. Ch. 7.
Jöreskog, K. G. (1969). A general approach to confirmatory maximum likelihood factor
analysis. Psychometrika, 34(2), 183-202.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from crmstudy.errors import ModelError
from crmstudy.loyalty.estimation.admissible import FLAT, SINGULAR
from crmstudy.loyalty.model.moments import Array, CovarianceStructure
from crmstudy.loyalty.resampling.descent import descend, scale_slope
from crmstudy.loyalty.resampling.likelihood import (
    Flags,
    Plan,
    evaluate,
    find_definite,
    inform,
    plan_derivatives,
)
from crmstudy.loyalty.resampling.stacks import are_possible, scale_to_unit
from crmstudy.statistics.threads import hold_one_thread

BLOCK = 250  # samples worked on at once: their matrices stay in the processor's cache
_PART = 50  # informations computed at once: they are larger
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Refits:
    """Estimates of one model from many samples.

    Attributes
    ----------
    theta : array of shape (n_samples, n_parameters)
        In the samples' units; a row of a sample that failed is not a number.
    converged : array of bool, shape (n_samples,)
        Whether the largest scaled slope is within the gate's limit.
    admissible : array of bool, shape (n_samples,)
        Whether the solution passes every check of the gate as well.
    discrepancy : array of shape (n_samples,)
        F at the estimates; infinite of a sample that failed.
    """

    theta: Array
    converged: Flags
    admissible: Flags
    discrepancy: Array

    @property
    def n_failed(self) -> int:
        """How many samples gave no estimates."""
        return int(np.count_nonzero(~self.converged))

    @property
    def n_inadmissible(self) -> int:
        """How many samples gave estimates that the gate would withhold."""
        return int(np.count_nonzero(self.converged & ~self.admissible))


def refit_samples(structure: CovarianceStructure, samples: Array, *, start: Array) -> Refits:
    """Estimate a model by maximum likelihood from each of many covariance matrices.

    Parameters
    ----------
    structure : CovarianceStructure
    samples : array of shape (n_samples, n_items, n_items)
        Covariance matrices of the items, in the model's order.
    start : array of shape (n_parameters,)
        Estimates from a sample like these, or the population's values.

    Raises
    ------
    ModelError
        If shapes do not fit the model, or the start implies no covariance matrix.
    """
    samples, start = np.asarray(samples, dtype=float), np.asarray(start, dtype=float)
    _refuse_misfits(structure, samples, start)
    # Items are scaled to the SDs that the start implies: steps and limits are free of units.
    sd = np.sqrt(np.diag(structure.implied(start)))
    units = structure.units(sd)
    plan = plan_derivatives(structure)
    work = partial(_refit_block, plan, start / units)
    blocks = [block / np.outer(sd, sd) for block in _cut(samples)]
    parts = map_blocks(work, blocks)
    theta, converged, admissible, discrepancy = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return Refits(theta * units, converged, admissible, discrepancy)


def standard_errors(structure: CovarianceStructure, thetas: Array, n: int) -> Array:
    """Return normal-theory standard errors at many parameter vectors.

    Parameters
    ----------
    structure : CovarianceStructure
    thetas : array of shape (n_samples, n_parameters)
    n : int
        Multiplier of the discrepancy: respondents (divisor n) or one less (n - 1).

    Returns
    -------
    array of shape (n_samples, n_parameters)
        Not a number where the information is singular or ``thetas`` are not numbers.
    """
    thetas = np.asarray(thetas, dtype=float)
    work = partial(_square_errors, plan_derivatives(structure))
    squares = np.concatenate(list(map_blocks(work, _cut(thetas))))
    return np.sqrt(2.0 / n * np.where(squares > 0.0, squares, np.nan))


def map_blocks(work: Callable[[_Item], _Found], blocks: Iterable[_Item]) -> list[_Found]:
    """Work on blocks in parallel; results in the blocks' order, each by one BLAS thread."""
    with (
        hold_one_thread("blas"),
        ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool,
    ):
        return list(pool.map(work, blocks))


def _refuse_misfits(structure: CovarianceStructure, samples: Array, start: Array) -> None:
    p, k = len(structure.model.items), len(structure.parameters)
    if samples.ndim != 3 or samples.shape[1:] != (p, p) or not len(samples):
        raise ModelError(
            f"samples are covariance matrices of {p} items, one or more, not {samples.shape}"
        )
    if start.shape != (k,):
        raise ModelError(f"a start has {k} values, one a parameter, not {start.shape}")
    if not find_definite(scale_to_unit(structure.implied(start)[None]), least=SINGULAR)[0]:
        raise ModelError("the start implies a covariance matrix that is not positive definite")


def _cut(stack: Array, *, size: int = 0) -> list[Array]:
    size = size or BLOCK
    return [stack[k : k + size] for k in range(0, len(stack), size)]


def _refit_block(plan: Plan, start: Array, samples: Array) -> tuple[Array, Flags, Flags, Array]:
    """Estimate from a block of samples; in the metric of items with SD near 1."""
    theta = np.full((len(samples), len(start)), np.nan)
    converged = np.zeros(len(samples), dtype=bool)
    usable = _exceed(scale_to_unit(samples), SINGULAR)
    metric = inform(plan, start[None])
    for first, scoring in ((start, False), (start, True), (_start_plainly(plan), True)):
        open_ = np.flatnonzero(usable & ~converged)
        if open_.size:
            reached, done = descend(
                plan, samples[open_], start=first, metric=metric[0], scoring=scoring
            )
            theta[open_[done]], converged[open_[done]] = reached[done], True
    admissible, discrepancy = converged.copy(), np.full(len(samples), np.inf)
    if converged.any():
        _judge(plan, theta, samples, converged, admissible, discrepancy)
    theta[~converged] = np.nan
    return theta, converged, admissible, discrepancy


def _judge(
    plan: Plan, theta: Array, samples: Array, converged: Flags, admissible: Flags, value: Array
) -> None:
    """Apply the gate's rules to the samples that arrived, in place."""
    rows = np.flatnonzero(converged)
    slope = evaluate(plan, theta[rows], samples[rows])
    parts = [_identify(plan, part) for part in _cut(theta[rows], size=_PART)]
    diagonal, identified = (np.concatenate(part) for part in zip(*parts, strict=True))
    flat = scale_slope(slope.gradient, diagonal) <= FLAT
    own = np.linalg.slogdet(samples[rows])[1] + samples.shape[-1]
    converged[rows] = flat
    value[rows] = np.where(flat, slope.value - own, np.inf)
    admissible[rows] = flat & identified & are_possible(plan.structure, theta[rows])


def _identify(plan: Plan, theta: Array) -> tuple[Array, Flags]:
    """Return the informations' diagonals, and whether the parameters are identified."""
    information = inform(plan, theta)
    identified = _exceed(scale_to_unit(information), SINGULAR)
    return np.einsum("nii->ni", information).copy(), identified


def _exceed(matrices: Array, least: float) -> Flags:
    """Flag matrices whose eigenvalues all exceed ``least``; one factorisation if all do."""
    try:
        np.linalg.cholesky(matrices - least * np.eye(matrices.shape[-1]))
    except np.linalg.LinAlgError:
        return find_definite(matrices, least=least)
    return np.ones(len(matrices), dtype=bool)


def _start_plainly(plan: Plan) -> Array:
    """A start that knows nothing of the data: for items with SD 1, half of it explained."""
    loading, _, disturbance, error = plan.structure.blocks
    start = np.zeros(len(plan.share))
    start[loading.index] = 1.0
    for block in (disturbance, error):
        start[block.index[block.rows == block.columns]] = 0.5
    return start


def _square_errors(plan: Plan, thetas: Array) -> Array:
    """Diagonals of the inverse informations; not a number where there is no inverse."""
    squares = np.full(thetas.shape, np.nan)
    known = np.flatnonzero(np.isfinite(thetas).all(axis=1))
    if known.size:
        information = inform(plan, thetas[known])
        scale = np.sqrt(np.abs(np.einsum("nii->ni", information)))
        scaled = scale_to_unit(information)
        regular = _exceed(scaled, SINGULAR)
        inverse = np.linalg.inv(scaled[regular])
        squares[known[regular]] = np.einsum("nii->ni", inverse) / scale[regular] ** 2
    return squares
