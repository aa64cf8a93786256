"""What a fitted model was fitted to, once more: its likelihood, whole and resampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmstudy.errors import ModelError
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import GammaGammaLikelihood, GammaGammaResult
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.purchasing.likelihood import Likelihood
from crmstudy.value.purchasing.numerics import pool_rows

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """The likelihood of the data, and a way to draw the customers anew.

    Parameters
    ----------
    likelihood : callable
        Parameters to log-likelihood, gradient and Hessian.
    resample : callable
        Generator to the likelihood of as many customers drawn with replacement. What is
        drawn does not depend on the order of the customers.
    """

    likelihood: Likelihood
    resample: Callable[[np.random.Generator], Likelihood]


def collect_evidence(
    result: PurchaseResult | GammaGammaResult, summary: PurchaseSummary
) -> Evidence:
    """Build the likelihood that the model was fitted by.

    Parameters
    ----------
    result : PurchaseResult or GammaGammaResult
        Says which likelihood.
    summary : PurchaseSummary
        The histories.
    """
    if isinstance(result, GammaGammaResult):
        return _collect_spend(summary)
    return _collect_purchases(result, summary)


def _collect_purchases(result: PurchaseResult, summary: PurchaseSummary) -> Evidence:
    if result.unit_days != summary.unit_days:
        raise ModelError("the purchase model and the summary use different units of time")
    history = summary.x, summary.t_x, summary.T
    first, weights, _ = pool_rows(*history)
    order = np.lexsort([column[first] for column in history])
    distinct = [column[first][order] for column in history]
    counts, n = weights[order], int(weights.sum())
    build = _likelihood_of(result)

    def resample(rng: np.random.Generator) -> Likelihood:
        drawn = rng.multinomial(n, counts / n)
        seen = drawn > 0
        return build(*(column[seen] for column in distinct), drawn[seen])

    return Evidence(build(*distinct, counts), resample)


def _likelihood_of(result: PurchaseResult) -> Callable[..., Likelihood]:
    """Find the likelihood in the module of the model's formulas: one class is named so."""
    names = [name for name in vars(result.formulas) if name.endswith("NbdLikelihood")]
    own = [n for n in names if getattr(result.formulas, n).__module__ == result.formulas.__name__]
    if len(own) != 1:
        raise ModelError(f"no likelihood is known for the model {result.model}")
    return getattr(result.formulas, own[0])


def _collect_spend(summary: PurchaseSummary) -> Evidence:
    counts = summary.customers["priced_purchases"].to_numpy(np.float64)
    means = summary.customers["mean_spend"].to_numpy(np.float64)
    usable = np.flatnonzero((counts > 0) & (means > 0))
    order = usable[np.lexsort([means[usable], counts[usable]])]
    x, mean = counts[order], means[order]

    def resample(rng: np.random.Generator) -> Likelihood:
        drawn = rng.integers(0, x.size, x.size)
        return GammaGammaLikelihood(x[drawn], mean[drawn])

    return Evidence(GammaGammaLikelihood(x, mean), resample)
