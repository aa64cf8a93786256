"""Do several ways of scoring the same customers agree?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.segmentation.rfm.rfm import SCORES, RfmResult


@passes_absence
def compare_scorings(scorings: Mapping[str, RfmResult | NotAvailable]) -> pd.DataFrame:
    """Compare ways of scoring by pairs, over the customers that both scored.

    Parameters
    ----------
    scorings : mapping of str to RfmResult or NotAvailable
        At least two, by a name in words. One that is not available is left out.

    Returns
    -------
    DataFrame
        One row a pair: ``first``, ``second``, ``customers``; ``kappa of recency``, ``kappa
        of frequency``, ``kappa of money`` (Cohen's kappa of the scores with quadratic
        weights, which weighs a difference by its square; missing where the ways differ in
        the number of steps, or both put everyone on one); ``adjusted Rand index`` of the
        named segments; ``share in the same segment`` of the customers.

    Raises
    ------
    ModelError
        If fewer than two are available.

    References
    ----------
    Cohen, J. (1968). Weighted kappa. Psychological Bulletin, 70(4), 213-220.
    Hubert, L., & Arabie, P. (1985). Comparing partitions. J. of Classification, 2, 193-218.
    """
    from sklearn.metrics import adjusted_rand_score

    there = {name: result for name, result in scorings.items() if isinstance(result, RfmResult)}
    if len(there) < 2:
        absent = [r.reason for r in scorings.values() if isinstance(r, NotAvailable)]
        raise ModelError("; ".join(["two scorings are needed to compare", *absent[:1]]))
    rows = []
    for (first, one), (second, other) in combinations(there.items(), 2):
        both = one.scores.add_suffix("_a").join(other.scores.add_suffix("_b"), how="inner")
        names = both["segment_a"], both["segment_b"]
        kappas = {
            f"kappa of {name}": weigh_kappa(both[f"{name}_score_a"], both[f"{name}_score_b"])
            if one.n_bins == other.n_bins
            else None
            for name in SCORES
        }
        agreement = {
            "adjusted Rand index": float(adjusted_rand_score(*names)),
            "share in the same segment": float((names[0] == names[1]).mean()),
        }
        row = {"first": first, "second": second, "customers": len(both)}
        rows.append(row | kappas | agreement)
    return pd.DataFrame(rows)


def weigh_kappa(first: pd.Series, second: pd.Series) -> float | None:
    """Compute Cohen's kappa with quadratic weights of two scores of the same customers.

    Returns
    -------
    float or None
        1 for equal scores, 0 for agreement by chance alone; nothing where neither score varies,
        for then chance explains all of it.
    """
    a, b = first.to_numpy(dtype=float), second.to_numpy(dtype=float)
    by_chance = float(np.mean(a**2) + np.mean(b**2) - 2 * a.mean() * b.mean())
    return None if by_chance == 0 else 1 - float(np.mean((a - b) ** 2)) / by_chance
