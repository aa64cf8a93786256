"""How far the numbers of partial least squares would move with other respondents.

The method has no standard errors of its own. Respondents are drawn with replacement and
the weights are found anew from each sample's correlations, all samples in step, begun at
the weights of all respondents. Composites have no sign; those of a sample are turned to
point the way of the full sample's.

References
----------
Efron, B., & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M., & Lauro, C. (2005). PLS path modeling.
Computational Statistics & Data Analysis, 48(1), 159-205. Section 4 (sign changes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.measurement.constructs import name_in_print
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.partial_least_squares.algorithm import regress, weigh_items
from crmstudy.loyalty.partial_least_squares.estimate import PlsResult
from crmstudy.loyalty.resampling.draws import draw_covariances
from crmstudy.loyalty.resampling.intervals import percentile_limits
from crmstudy.statistics.draws import draw_seeds
from crmstudy.statistics.threads import hold_one_thread

STAGE = 275
FEWEST = 100  # samples behind an interval
_CONSTANT = 1e-12


@dataclass(frozen=True)
class PlsBootstrap:
    """Paths, loadings and weights of many samples.

    Attributes
    ----------
    result : PlsResult
        From all respondents.
    slopes : array of shape (n_kept, n_constructs, n_constructs)
    loadings, weights : arrays of shape (n_kept, n_items)
        Of each item on its own composite.
    explained : array of shape (n_kept, n_constructs)
        R squared.
    n_draws, n_lost : int
        Samples drawn, and those in which an item was constant or weights did not settle.
    """

    result: PlsResult
    slopes: Array
    loadings: Array
    weights: Array
    explained: Array
    n_draws: int
    n_lost: int

    def paths(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a path: ``source``, ``target``, ``estimate``, ``se``, ``lower``, ``upper``."""
        table = self.result.paths()
        place = self.result.model.construct_names.index
        drawn = np.stack(
            [self.slopes[:, place(p.target), place(p.source)] for p in self.result.model.paths],
            axis=1,
        )
        return table.assign(**_bound(drawn, level=level))

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """The paths for readers: constructs by their labels."""
        labels = name_in_print(self.result.model.constructs)
        table = self.paths(level=level).drop(columns="label")
        return table.assign(source=table["source"].map(labels), target=table["target"].map(labels))

    def outer(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row an item: ``construct`` (label), ``item``, ``weight``, ``loading`` with limits."""
        table = self.result.outer()
        labels = name_in_print(self.result.model.constructs)
        named = table.assign(construct=table["construct"].map(labels))
        return named.assign(**_bound(self.loadings, level=level))

    def r_squared(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row an endogenous composite: ``construct`` (label), ``r squared``, its interval."""
        names = self.result.model.construct_names
        places = [names.index(name) for name in self.result.model.endogenous]
        table = self.result.r_squared()
        labels = name_in_print(self.result.model.constructs)
        named = table.assign(construct=table["construct"].map(labels))
        return named.assign(**_bound(self.explained[:, places], level=level))

    def to_metrics(self) -> dict[str, float]:
        """Counts, and limits of the paths at 95%."""
        metrics: dict[str, float] = {"n_draws": self.n_draws, "n_lost": self.n_lost}
        for row in self.paths().to_dict("records"):
            name = f"{row['source']}_{row['target']}".lower()
            metrics |= {f"pls_lower_{name}": row["lower"], f"pls_upper_{name}": row["upper"]}
        return metrics


@passes_absence
def bootstrap_pls(
    result: PlsResult, *, seed: int, n_draws: int = 2_000
) -> PlsBootstrap | NotAvailable:
    """Draw respondents with replacement and find weights and paths of each sample.

    Parameters
    ----------
    result : PlsResult
    seed : int
        The study's seed.
    n_draws : int

    Returns
    -------
    PlsBootstrap or NotAvailable
        Not available when fewer than 100 samples give numbers.
    """
    draw_seed = draw_seeds(seed, stage=STAGE, n=1)[0]
    covariances = draw_covariances(result.answers, n_draws=n_draws, seed=draw_seed)
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    samples = covariances[(variances > _CONSTANT).all(axis=1)]
    if len(samples) < FEWEST:
        return NotAvailable(f"only {len(samples)} of {n_draws} bootstrap samples vary in all items")
    sd = np.sqrt(np.diagonal(samples, axis1=1, axis2=2))
    correlations = samples / (sd[:, :, None] * sd[:, None, :])
    correlations[:, *np.diag_indices(samples.shape[-1])] = 1.0  # not up to rounding
    with hold_one_thread("blas"):
        found = weigh_items(
            correlations,
            result.design,
            scheme=result.scheme,
            start=result.weights,
        )
        slopes = regress(found.correlations, result.design.sources)
    settled = found.converged & np.isfinite(slopes).all(axis=(1, 2))
    own = result.design.blocks.astype(bool)
    return PlsBootstrap(
        result=result,
        slopes=slopes[settled],
        loadings=found.cross_loadings[settled][:, own],
        weights=found.weights[settled][:, own],
        explained=(slopes * found.correlations)[settled].sum(axis=2),
        n_draws=n_draws,
        n_lost=n_draws - int(settled.sum()),
    )


def _bound(drawn: Array, *, level: float) -> dict[str, Array]:
    limits = np.array([percentile_limits(column, level=level) for column in drawn.T])
    return {"se": drawn.std(axis=0, ddof=1), "lower": limits[:, 0], "upper": limits[:, 1]}
