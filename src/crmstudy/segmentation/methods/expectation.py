"""The EM algorithm for latent classes, from many starts at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.segmentation.methods.partition import Floats

Flags = npt.NDArray[np.bool_]

HALF_LOG_TWO_PI = 0.5 * float(np.log(2 * np.pi))
SMALLEST_SHARE = 1e-10  # of a level within a class; its logarithm must exist
SMALLEST_DEVIATION = 0.1  # of a number within a class, in its deviation over all customers


@dataclass(frozen=True)
class Table:
    """Distinct customers (columns) and how often each occurs."""

    indicators: Floats
    numbers: Floats
    counts: Floats


@dataclass(frozen=True)
class Parameters:
    """Of one model, or of several runs along a last axis: (levels, classes, runs)."""

    weights: Floats
    shares: Floats
    means: Floats
    deviations: Floats

    def as_run(self) -> Parameters:
        """Turn one model into the only run."""
        return Parameters(
            self.weights[..., None],
            self.shares[..., None],
            self.means[..., None],
            self.deviations[..., None],
        )

    def as_model(self) -> Parameters:
        """Turn the first run into one model, the largest class first."""
        order = np.argsort(-self.weights[:, 0], kind="stable")
        return Parameters(
            self.weights[order, 0],
            self.shares[:, order, 0],
            self.means[:, order, 0],
            self.deviations[:, order, 0],
        )

    def choose(self, runs: npt.NDArray[np.intp]) -> Parameters:
        """Keep these runs."""
        return Parameters(
            self.weights[:, runs],
            self.shares[..., runs],
            self.means[..., runs],
            self.deviations[..., runs],
        )


def collapse(indicators: Floats, numbers: Floats) -> Table:
    """Count equal customers once (rows in, columns out)."""
    rows = np.hstack([indicators, numbers])
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    columns = np.ascontiguousarray(distinct.T)
    edge = indicators.shape[1]
    return Table(columns[:edge], columns[edge:], counts.astype(float))


def draw_starts(table: Table, k: int, n_starts: int, draw: np.random.Generator) -> Parameters:
    """Put each class halfway between all customers and one of them, drawn at random."""
    total, n = table.counts.sum(), len(table.counts)
    level = (table.indicators @ table.counts / total)[:, None, None]
    centre = (table.numbers @ table.counts / total)[:, None, None]
    spread = _measure_spread(table)[:, None, None]
    seeds = np.stack([draw.choice(n, size=k, replace=False) for _ in range(n_starts)], axis=1)
    means = 0.5 * centre + 0.5 * table.numbers[:, seeds]
    return Parameters(
        weights=np.full((k, n_starts), 1 / k),
        shares=0.5 * level + 0.5 * table.indicators[:, seeds],
        means=means,
        deviations=np.broadcast_to(spread, means.shape),
    )


def _measure_spread(table: Table) -> Floats:
    """Give the standard deviation of each number over all customers."""
    total = table.counts.sum()
    centred = table.numbers - (table.numbers @ table.counts / total)[:, None]
    return np.asarray(np.sqrt(centred**2 @ table.counts / total))


def climb(
    table: Table, runs: Parameters, n_steps: int, tolerance: float
) -> tuple[Parameters, Floats, Flags]:
    """Take EM steps in all runs until none gains more than the tolerance."""
    n_runs = runs.weights.shape[1]
    reached, gain = np.full(n_runs, -np.inf), np.full(n_runs, np.inf)
    floor = SMALLEST_DEVIATION * _measure_spread(table)[:, None, None]
    for _ in range(n_steps):
        posterior, log_likelihood = respond(table, runs)
        gain, reached = log_likelihood - reached, log_likelihood
        if (gain <= tolerance).all():
            break
        runs = _maximise(table, posterior, floor)
    return runs, reached, gain <= tolerance


def respond(table: Table, runs: Parameters) -> tuple[Floats, Floats]:
    """Give posterior probabilities (classes, runs, customers), and each run's likelihood.

    Classes stand first: sums over a short last axis are many times slower.
    """
    k, n_runs = runs.weights.shape
    logs = np.log(np.maximum(runs.shares, SMALLEST_SHARE))
    constant = np.log(np.maximum(runs.weights, SMALLEST_SHARE))
    joint = logs.reshape(-1, k * n_runs).T @ table.indicators
    if len(table.numbers):
        precision = 1 / runs.deviations**2
        joint += (runs.means * precision).reshape(-1, k * n_runs).T @ table.numbers
        joint -= precision.reshape(-1, k * n_runs).T @ (0.5 * table.numbers**2)
        density = 0.5 * runs.means**2 * precision + np.log(runs.deviations)
        constant = constant - (density + HALF_LOG_TWO_PI).sum(axis=0)
    joint = joint.reshape(k, n_runs, -1) + constant[:, :, None]
    top = joint.max(axis=0)
    np.exp(np.subtract(joint, top, out=joint), out=joint)
    total = joint.sum(axis=0)
    weighted = np.broadcast_to(table.counts, total.shape[1:])
    return np.divide(joint, total, out=joint), (top + np.log(total)) @ weighted


def _maximise(table: Table, posterior: Floats, floor: Floats) -> Parameters:
    k, n_runs, n = posterior.shape
    weighted = posterior * table.counts
    flat = weighted.reshape(k * n_runs, n).T
    size = np.maximum(weighted.sum(axis=2), SMALLEST_SHARE)
    shares = (table.indicators @ flat).reshape(-1, k, n_runs) / size
    means = (table.numbers @ flat).reshape(-1, k, n_runs) / size
    squares = (table.numbers**2 @ flat).reshape(-1, k, n_runs) / size
    deviations = np.sqrt(np.maximum(squares - means**2, floor**2))
    return Parameters(size / table.counts.sum(), shares, means, deviations)
