"""What the drawing of lots itself allows to test: randomisation inference.

References
----------
Hansen, B. B., & Bowers, J. (2008). Covariate balance in simple, stratified and clustered
comparative studies. Statistical Science, 23(2), 219-236.
Chung, E., & Romano, J. P. (2013). Exact and asymptotically robust permutation tests. Annals
of Statistics, 41(2), 484-507.
Phipson, B., & Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical
Applications in Genetics and Molecular Biology, 9(1), article 39.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
BATCH = 250  # lots drawn at once, so that memory stays small


def _draw_lots(treated: Booleans, *, n_draws: int, seed: int) -> Iterator[Floats]:
    """Deal the same numbers of treated and control customers again, in batches of rows."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_draws, BATCH):
        rows = np.tile(treated, (min(BATCH, n_draws - start), 1))
        yield rng.permuted(rows, axis=1).astype(float)


def _p_value(drawn: Floats, observed: float) -> float:
    """Count lots at least as extreme, the one that was drawn among them."""
    reached = int((drawn >= observed * (1 - 1e-12)).sum())
    return (1 + reached) / (1 + drawn.size)


def try_lots(outcome: Floats, treated: Booleans, *, n_draws: int, seed: int) -> Hypothesis:
    """Test the difference in means against what other lots would have given.

    The difference is divided by its standard error in every lot, so that the test holds
    for the mean effect too when the groups' variances differ.
    """
    n1, n0 = int(treated.sum()), int((~treated).sum())
    total, squares = outcome.sum(), (outcome**2).sum()

    def standardise(lots: Floats) -> Floats:
        s1, q1 = lots @ outcome, lots @ outcome**2
        m1, m0 = s1 / n1, (total - s1) / n0
        v1 = (q1 - n1 * m1**2) / (n1 - 1)
        v0 = (squares - q1 - n0 * m0**2) / (n0 - 1)
        error = np.sqrt(np.maximum(v1 / n1 + v0 / n0, 1e-300))
        return np.asarray((m1 - m0) / error)

    observed = float(standardise(treated.astype(float)[None, :])[0])
    batches = _draw_lots(treated, n_draws=n_draws, seed=seed)
    drawn = np.abs(np.concatenate([standardise(lots) for lots in batches]))
    return Hypothesis(
        null="the campaign changed nothing for any customer",
        statistic=observed,
        p_value=_p_value(drawn, abs(observed)),
        distribution=f"{n_draws} lots drawn again",
    )


def try_balance(covariates: Floats, treated: Booleans, *, n_draws: int, seed: int) -> Hypothesis:
    """Test whether lots explain how the groups differ beforehand, in all covariates at once.

    Mahalanobis' distance of the groups' means, against its distribution over lots drawn
    again (Hansen & Bowers, 2008).

    Raises
    ------
    ModelError
        If nothing known before varies.
    """
    spread = covariates.std(axis=0)
    x = covariates[:, spread > 0]
    if not x.shape[1]:
        raise ModelError("nothing known before the campaign differs between the customers")
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    inverse = np.linalg.pinv(np.cov(x, rowvar=False).reshape(x.shape[1], -1), rcond=1e-8)
    n1, n0 = int(treated.sum()), int((~treated).sum())
    scale = n1 * n0 / (n1 + n0)

    def distance(lots: Floats) -> Floats:
        gap = (lots @ x) * (1 / n1 + 1 / n0)  # x sums to 0
        return np.asarray(scale * np.einsum("ij,jk,ik->i", gap, inverse, gap))

    observed = float(distance(treated.astype(float)[None, :])[0])
    batches = _draw_lots(treated, n_draws=n_draws, seed=seed)
    drawn = np.concatenate([distance(lots) for lots in batches])
    return Hypothesis(
        null="the groups were dealt by lot",
        statistic=observed,
        p_value=_p_value(drawn, observed),
        distribution=f"{n_draws} lots drawn again",
    )


def try_ratio(n_treated: int, n_control: int, *, share: float) -> Hypothesis:
    """Test the sizes of the groups against the share that was meant to be treated.

    References
    ----------
    Fabijan, A., et al. (2019). Diagnosing sample ratio mismatch in online controlled
    experiments. KDD '19, 2156-2164.
    """
    from scipy.stats import binomtest

    n = n_treated + n_control
    test = binomtest(n_treated, n, share)
    return Hypothesis(
        null=f"a share of {share:g} was treated by lot",
        statistic=n_treated / n,
        p_value=float(test.pvalue),
        distribution=f"binomial({n}, {share:g})",
    )
