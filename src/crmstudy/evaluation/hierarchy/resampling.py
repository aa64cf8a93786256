"""Which experts are drawn how often, when a panel is drawn anew from itself."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]


def count_resamples(n_experts: int) -> int:
    """Count the panels that differ when one less than all experts are drawn with replacement."""
    return comb(2 * n_experts - 2, n_experts - 1)


def list_resamples(n_experts: int) -> tuple[Counts, Floats]:
    """List every panel that can be drawn, and how probable it is.

    Returns
    -------
    counts : ndarray of shape (count_resamples(n_experts), n_experts)
        How often each expert is drawn; rows sum to ``n_experts - 1``.
    probabilities : ndarray
        They sum to 1.
    """
    from scipy.special import gammaln

    drawn = n_experts - 1
    # Stars and bars: where the bars stand says how many stars are between them.
    bars = np.array(list(combinations(range(drawn + n_experts - 1), n_experts - 1)))
    bars = bars.reshape(-1, n_experts - 1)
    ends = np.full((len(bars), 1), drawn + n_experts - 1)
    edges = np.hstack([np.full((len(bars), 1), -1), bars, ends])
    counts = np.diff(edges, axis=1) - 1
    log_probability = gammaln(drawn + 1) - gammaln(counts + 1).sum(axis=1)
    return counts, np.exp(log_probability - drawn * np.log(n_experts))


def draw_resamples(n_experts: int, *, n_draws: int, rng: np.random.Generator) -> Counts:
    """Draw panels of one expert less than there are, with replacement.

    One less, because the spread of ``n`` drawn of ``n`` is too small by ``(n - 1)/n``: a
    fifth with five experts (McCarthy & Snowden, 1985; Rao & Wu, 1988). Where the panels
    that differ are no more than the draws, each comes as often as it is probable, to
    within one draw; only their order is left to chance.

    Returns
    -------
    ndarray of shape (n_draws, n_experts)
        How often each expert is drawn.

    References
    ----------
    McCarthy, P. J., & Snowden, C. B. (1985). The bootstrap and finite population sampling.
    Vital and Health Statistics, 2(95).
    Rao, J. N. K., & Wu, C. F. J. (1988). Resampling inference with complex survey data.
    J. American Statistical Association, 83(401), 231-241.
    """
    if n_experts == 1:
        return np.ones((n_draws, 1), dtype=np.intp)
    if count_resamples(n_experts) > n_draws:
        return rng.multinomial(n_experts - 1, np.full(n_experts, 1 / n_experts), size=n_draws)
    counts, probabilities = list_resamples(n_experts)
    places = (np.arange(n_draws) + rng.random()) / n_draws
    chosen = np.searchsorted(np.cumsum(probabilities), places).clip(max=len(counts) - 1)
    return counts[rng.permutation(chosen)]
