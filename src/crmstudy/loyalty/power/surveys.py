"""The surveys that are planned: how large, and what covariance matrices they would give."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.power.population import Population

FEWEST, MOST = 50, 2_000  # respondents that a survey is planned for
GROWTH = 1.4  # from one number of respondents to the next


def choose_sizes(population: Population, *, power: float, alpha: float) -> tuple[int, ...]:
    """Choose numbers of respondents around what each path should take.

    The information at the truth gives standard errors that shrink with the root of n; the
    grid runs from the fewest that the items allow to 1.6 times what the weakest path should
    take, at most to 2,000.
    """
    from crmstudy.loyalty.resampling.engine import standard_errors

    structure, theta = population.structure, population.theta
    paths = np.array([p.op == "~" for p in structure.parameters])
    se = standard_errors(structure, theta[None], 1)[0][paths]
    reach = float(ndtri(1.0 - alpha / 2.0) + ndtri(power))
    with np.errstate(divide="ignore"):
        expected = (reach * se / np.abs(theta[paths])) ** 2
    fewest = max(FEWEST, 2 * len(population.model.items))
    last = float(np.clip(1.6 * np.nanmax(expected), 3 * fewest, max(MOST, 3 * fewest)))
    n_sizes = int(np.ceil(np.log(last / fewest) / np.log(GROWTH))) + 1
    return tuple(int(round(n, -1)) for n in np.geomspace(fewest, last, n_sizes))


def draw_normal_covariances(covariance: Array, *, n: int, n_draws: int, seed: int) -> Array:
    """Draw covariance matrices (divisor n) of normal samples of n respondents.

    Bartlett's decomposition of the Wishart distribution with ``n - 1`` degrees of freedom.

    Parameters
    ----------
    covariance : array of shape (n_items, n_items)
    n : int
        Respondents of each sample, more than items.

    Returns
    -------
    array of shape (n_draws, n_items, n_items)
    """
    rng, p = np.random.default_rng(seed), len(covariance)
    below = np.tril_indices(p, -1)
    roots = np.zeros((n_draws, p, p))
    roots[:, *below] = rng.standard_normal((n_draws, len(below[0])))
    roots[:, range(p), range(p)] = np.sqrt(rng.chisquare(n - 1 - np.arange(p), (n_draws, p)))
    factors = np.linalg.cholesky(covariance) @ roots
    return np.asarray(factors @ factors.transpose(0, 2, 1) / n)
