"""Do frequent buyers spend more per purchase, and does one customer decide the answer?

The Gamma-Gamma model gives few and many purchases the same expected mean spend, but not
the same distribution of it: a mean of few skewed amounts lies mostly below its
expectation, a mean of many near it. Ranks therefore correlate even when the model holds;
how much is found by drawing from the model itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check
from crmstudy.errors import passes_absence
from crmstudy.statistics.draws import draw_rows, draw_seeds
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import SMALL_CORRELATION, GammaGammaResult
from crmstudy.value.purchasing.numerics import dot

Floats = NDArray[np.float64]

STAGE = 95
#: Customers drawn for the distribution under the model: enough for two digits.
MOST = 20_000

PEARSON = "correlation"
WITHOUT_ONE = "correlation without the most influential customer"
RANKS = "rank correlation"
WEIGHTED = "spend of a purchase over spend of a customer"


@dataclass(frozen=True, eq=False)
class SpendIndependence:
    """Measures of how mean spend hangs on the number of purchases.

    Parameters
    ----------
    measures : DataFrame
        ``measure``, ``found``, ``expected if independent`` (mean of the draws from the
        model), ``95% lower``, ``95% upper`` (of the draws) and ``p`` (share of draws at
        least as far from their middle).
    lowest, highest : float
        Range of the correlation when one customer, whoever it is, is left out.
    most_influential : str
        Customer whose absence changes the correlation most.
    n, n_replicates : int
        Customers, and draws from the model.
    """

    measures: pd.DataFrame
    lowest: float
    highest: float
    most_influential: str
    n: int
    n_replicates: int

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether any single customer decides the verdict on independence."""
        correlation = self.found(PEARSON)
        verdicts = {
            abs(value) < SMALL_CORRELATION for value in (correlation, self.lowest, self.highest)
        }
        if self.lowest < -SMALL_CORRELATION and self.highest > SMALL_CORRELATION:
            verdicts = {True, False}
        furthest = max(self.lowest, self.highest, key=lambda value: abs(value - correlation))
        return (
            Check(
                name="no single customer decides whether frequency and spend are independent",
                passed=len(verdicts) == 1,
                statistic=float(furthest),
                threshold=f"the correlation stays on its side of {SMALL_CORRELATION} without "
                "any one customer",
                source="leaving one out",
                consequence="neither verdict on independence is firm",
            ),
        )

    def found(self, measure: str) -> float:
        """Value of one measure."""
        return self._read("found", measure)

    def _read(self, column: str, measure: str) -> float:
        return float(self.measures.set_index("measure")[column].to_dict()[measure])

    def table(self) -> pd.DataFrame:
        """One row a measure."""
        return self.measures.copy()

    def to_metrics(self) -> dict[str, float]:
        """The measures and the range when one customer is left out."""
        return {
            "n": self.n,
            "correlation": self.found(PEARSON),
            "correlation_lowest": self.lowest,
            "correlation_highest": self.highest,
            "rank_correlation": self.found(RANKS),
            "rank_correlation_p": self._read("p", RANKS),
            "purchase_over_customer_spend": self.found(WEIGHTED),
        }


@passes_absence
def examine_independence(
    spend: GammaGammaResult, summary: PurchaseSummary, *, seed: int, n_replicates: int = 200
) -> SpendIndependence:
    """Examine whether mean spend depends on the number of purchases.

    Four measures: Pearson's correlation; the same without the customer who moves it most;
    Spearman's rank correlation; and the mean spend of a purchase over the mean spend of a
    customer, which is 1 under independence and says by how much frequent buyers spend more.
    Each is set beside what the fitted model itself gives: amounts are drawn from it for
    the same numbers of purchases (a parametric bootstrap; Efron & Tibshirani, 1993,
    section 6.5).

    Parameters
    ----------
    spend : GammaGammaResult
        Fitted on ``summary``.
    summary : PurchaseSummary
        The histories.
    seed : int
        Seed of the draws.
    n_replicates : int
        Draws from the model.
    """
    from scipy.stats import rankdata

    usable = summary.customers[
        (summary.customers["priced_purchases"] > 0) & (summary.customers["mean_spend"] > 0)
    ]
    order = np.lexsort((usable["mean_spend"], usable["priced_purchases"]))
    usable = usable.iloc[order]
    x = usable["priced_purchases"].to_numpy(np.float64)
    mean = usable["mean_spend"].to_numpy(np.float64)
    found, without = _measure(x, rankdata(x), mean)
    place = int(np.abs(without - found[0]).argmax())
    drawn = _draw_measures(spend, x, seed, n_replicates)
    middle = drawn.mean(axis=0)
    lower, upper = np.quantile(drawn, [0.025, 0.975], axis=0)
    further = np.abs(drawn - middle) >= np.abs(found - middle)
    measures = pd.DataFrame(
        {
            "measure": [PEARSON, WITHOUT_ONE, RANKS, WEIGHTED],
            "found": found,
            "expected if independent": middle,
            "95% lower": lower,
            "95% upper": upper,
            "p": (1 + further.sum(axis=0)) / (1 + n_replicates),
        }
    )
    return SpendIndependence(
        measures=measures,
        lowest=float(without.min()),
        highest=float(without.max()),
        most_influential=str(usable["customer_id"].iloc[place]),
        n=x.size,
        n_replicates=n_replicates,
    )


def leave_one_out(x: Floats, mean: Floats) -> Floats:
    """Pearson's correlation without each customer in turn, from sums taken back.

    Returns
    -------
    array of shape (n,)
        0 where the others do not differ.
    """
    n = x.size
    u, w = x - x.mean(), mean - mean.mean()
    uu, ww = float(dot(u, u)), float(dot(w, w))
    # Without one customer of centred values u, w the sums of products shrink by this share.
    share = n / (n - 1)
    cross = dot(u, w) - share * u * w
    across, along = uu - share * u**2, ww - share * w**2
    product = np.maximum(across, 0) * np.maximum(along, 0)
    tiny = 1e-12 * uu * ww
    flat = product <= tiny
    return np.where(flat, 0.0, cross / np.sqrt(np.where(flat, 1.0, product)))


def _pearson(left: Floats, right: Floats) -> float:
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return 0.0
    u, w = left - left.mean(), right - right.mean()
    return float(dot(u, w) / np.sqrt(dot(u, u) * dot(w, w)))


def _measure(x: Floats, ranks: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """The four measures, and the correlation without each customer; ``ranks`` are those of x."""
    from scipy.stats import rankdata

    without, all_of_them = leave_one_out(x, mean), _pearson(x, mean)
    furthest = without[np.abs(without - all_of_them).argmax()]
    weighted = dot(x, mean) / x.sum() / mean.mean()
    return np.array([all_of_them, furthest, _pearson(ranks, rankdata(mean)), weighted]), without


def _draw_measures(spend: GammaGammaResult, x: Floats, seed: int, n_replicates: int) -> Floats:
    from scipy.stats import rankdata

    p, q, v = spend.estimates.values
    seeds = draw_seeds(seed, stage=STAGE, n=n_replicates + 1)
    x = x[draw_rows(x.size, seeds[0], most=MOST)]
    ranks, drawn = rankdata(x), np.empty((n_replicates, 4))
    for row, one in zip(drawn, seeds[1:], strict=True):
        generator = np.random.default_rng(one)
        rate = generator.gamma(q, 1 / v, x.size)
        mean = generator.gamma(p * x) / rate / x
        row[:] = _measure(x, ranks, mean)[0]
    return drawn
