"""Latent classes: groups within which categories (and numbers) are independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.methods.coding import Coding, code_variables
from crmstudy.segmentation.methods.expectation import (
    Parameters,
    Table,
    climb,
    collapse,
    draw_starts,
    respond,
)
from crmstudy.segmentation.methods.partition import Assign, Floats, Integers

N_STARTS = 20  # random starts, each taken a few steps
N_FINALISTS = 2  # starts that are taken to the maximum
FIRST_STEPS = 10
STEPS_TO_ASSIGN = 300  # labels settle long before the last digits of the likelihood
MOST_STEPS = 2_000
TOLERANCE = 1e-4  # gain of the log-likelihood in one step that counts as none


@dataclass(frozen=True)
class LatentClasses:
    """A latent class model at its maximum of likelihood.

    Parameters
    ----------
    coding : Coding
        The variables and their levels.
    weights : array of shape (n_classes,)
        Share of each class, largest first.
    shares : array of shape (n_levels, n_classes)
        Probability of each level within each class, levels of one variable after another.
    means, deviations : array of shape (n_numbers, n_classes)
        Normal distribution of each number within each class.
    log_likelihood, bic : float
        At the maximum; BIC is ``-2 log L + p log n`` (smaller is better).
    n_parameters, n_customers : int
        Free parameters, and customers.
    entropy : float
        Relative entropy: 1 when every customer belongs to one class for sure, 0 when
        nobody is told apart.
    converged : bool
        Whether the last step gained nothing.
    """

    coding: Coding
    weights: Floats
    shares: Floats
    means: Floats
    deviations: Floats
    log_likelihood: float
    bic: float
    n_parameters: int
    n_customers: int
    entropy: float
    converged: bool

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.weights)

    def posterior(self, space: Space) -> Floats:
        """Give each customer's probability of each class; a level never met says nothing."""
        parameters = Parameters(self.weights, self.shares, self.means, self.deviations)
        table = Table(self.coding.indicate(space).T, self.coding.measure(space).T, np.ones(1))
        return respond(table, parameters.as_run())[0][:, 0].T

    def assign(self, space: Space) -> Integers:
        """Give each customer the most probable class, the larger one of equals."""
        return np.asarray(self.posterior(space).argmax(axis=1), dtype=np.int64)

    def table(self) -> pd.DataFrame:
        """Arrange what each class is like: variable, level, and a column for each class."""
        rows = [(name, level) for name, levels in self.coding.levels.items() for level in levels]
        rows += [(name, "mean") for name in self.coding.numbers]
        names = [f"class {number}" for number in range(1, self.n_classes + 1)]
        table = pd.DataFrame(np.vstack([self.shares, self.means]), columns=names)
        table.insert(0, "level", [level for _, level in rows])
        table.insert(0, "variable", [name for name, _ in rows])
        return table


def estimate_latent_classes(
    space: Space,
    *,
    n_classes: int,
    seed: int,
    n_starts: int = N_STARTS,
    most_steps: int = MOST_STEPS,
    tolerance: float = TOLERANCE,
) -> LatentClasses:
    """Estimate a latent class model by maximum likelihood.

    Within a class all variables are independent: each category has its shares of levels,
    each number a normal distribution. The EM algorithm runs over the distinct customers,
    weighted by how often they occur, from all starts at once; the best few of the starts
    after ten steps are taken to the maximum.

    Parameters
    ----------
    space : Space
        Its categories, and its numbers if it has any.
    n_classes, seed, n_starts : int
        Classes; seed of the starts; number of starts.
    most_steps : int
        Steps after which the search ends without a maximum.
    tolerance : float
        Gain of the log-likelihood in one step that ends the search.

    Raises
    ------
    ModelError
        If the variables are fewer than two, or their distinct values cannot tell so many
        parameters.

    References
    ----------
    Lazarsfeld, P. F., & Henry, N. W. (1968). Latent Structure Analysis. Houghton Mifflin.
    Goodman, L. A. (1974). Exploratory latent structure analysis using both identifiable
    and unidentifiable models. Biometrika, 61(2), 215-231.
    Biernacki, C., Celeux, G., & Govaert, G. (2003). Choosing starting values for the EM
    algorithm for getting the highest likelihood in multivariate Gaussian mixture models.
    Computational Statistics & Data Analysis, 41, 561-575.
    """
    coding = code_variables(space)
    table = collapse(coding.indicate(space), coding.measure(space))
    n_parameters = _count_parameters(coding, n_classes)
    _require_identified(coding, table, n_classes, n_parameters)
    runs = draw_starts(table, n_classes, n_starts, np.random.default_rng(seed))
    runs, reached, _ = climb(table, runs, FIRST_STEPS, tolerance)
    runs = runs.choose(np.argsort(-reached, kind="stable")[:N_FINALISTS])
    runs, reached, converged = climb(table, runs, most_steps, tolerance)
    best = int(reached.argmax())
    found = runs.choose(np.array([best])).as_model()
    posterior, _ = respond(table, found.as_run())
    n = int(table.counts.sum())
    return LatentClasses(
        coding=coding,
        weights=found.weights,
        shares=found.shares,
        means=found.means,
        deviations=found.deviations,
        log_likelihood=float(reached[best]),
        bic=float(-2 * reached[best] + n_parameters * np.log(n)),
        n_parameters=n_parameters,
        n_customers=n,
        entropy=measure_entropy(posterior[:, 0].T, table.counts),
        converged=bool(converged[best]),
    )


def fit_latent_class_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Assign:
    """Find segments as latent classes; a customer belongs to the most probable one.

    See :func:`~crmstudy.segmentation.methods.partition.fit_kmeans_segments` for the signature and
    :func:`estimate_latent_classes` for the model.
    """
    return estimate_latent_classes(
        space, n_classes=n_segments, seed=seed, most_steps=STEPS_TO_ASSIGN
    ).assign


@passes_absence
def compare_class_numbers(
    space: Space, *, seed: int, candidates: Sequence[int] = range(1, 7)
) -> pd.DataFrame:
    """Estimate each number of classes and compare them.

    Returns
    -------
    DataFrame indexed by n_segments
        ``log_likelihood``, ``n_parameters``, ``bic``, ``entropy``, ``smallest_share`` (of
        the customers), ``chosen`` (smallest BIC). Numbers that the variables cannot tell
        are left out.

    Raises
    ------
    ModelError
        If no number of classes can be estimated.
    """
    rows, reason = {}, "no number of classes was asked for"
    for k in candidates:
        try:
            found = estimate_latent_classes(space, n_classes=k, seed=seed)
        except ModelError as error:
            reason = str(error)
            continue
        rows[k] = {
            "log_likelihood": found.log_likelihood,
            "n_parameters": found.n_parameters,
            "bic": found.bic,
            "entropy": found.entropy,
            "smallest_share": float(found.weights.min()),
        }
    if not rows:
        raise ModelError(reason)
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("n_segments")
    return frame.assign(chosen=frame.index == frame["bic"].idxmin())


def measure_entropy(posterior: Floats, counts: Floats) -> float:
    """Compute ``1 - sum(-p log p) / (n log k)`` over customers and classes; 1 for one class.

    References
    ----------
    Ramaswamy, V., DeSarbo, W. S., Reibstein, D. J., & Robinson, W. T. (1993). An empirical
    pooling approach for estimating marketing mix elasticities with PIMS data. Marketing
    Science, 12(1), 103-124.
    """
    k = posterior.shape[1]
    if k == 1:
        return 1.0
    logs = np.log(np.where(posterior > 0, posterior, 1.0))
    unsure = -float(counts @ (posterior * logs).sum(axis=1))
    return 1 - unsure / (float(counts.sum()) * float(np.log(k)))


def _count_parameters(coding: Coding, k: int) -> int:
    each = sum(width - 1 for width in coding.widths) + 2 * len(coding.numbers)
    return k - 1 + k * each


def _require_identified(coding: Coding, table: Table, k: int, n_parameters: int) -> None:
    """Refuse what surely has no answer; what passes may have none all the same."""
    n_variables = len(coding.levels) + len(coding.numbers)
    if n_variables < 2:
        raise ModelError(f"latent classes need two variables, not {n_variables}")
    if (table.numbers == table.numbers[:, :1]).all(axis=1).any():
        raise ModelError("a number is equal for all customers: it has no density")
    if not coding.numbers and n_parameters > np.prod(coding.widths, dtype=float) - 1:
        raise ModelError(
            f"{k} latent classes have {n_parameters} parameters, more than the "
            f"{np.prod(coding.widths)} combinations of levels can tell"
        )
    if k > len(table.counts):
        raise ModelError(
            f"{k} latent classes need {k} different customers; found: {len(table.counts)}"
        )
