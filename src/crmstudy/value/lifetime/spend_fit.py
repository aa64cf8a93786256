"""Does the Gamma-Gamma model give mean spend the distribution that it has?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult

Floats = NDArray[np.float64]

#: Classes of the histogram, and the share of customers that they cover.
CLASSES, SHOWN = 40, 0.99


@dataclass(frozen=True, eq=False)
class SpendFit:
    """Observed and expected distribution of mean spend per purchase over customers.

    Parameters
    ----------
    classes : DataFrame
        ``from``, ``to`` (money), ``observed`` and ``expected`` (share of customers).
    largest_distance : float
        Largest difference between the two cumulative distributions (Kolmogorov's D).
    n, beyond : int
        Customers, and how many of them spend more than the last class shows.
    """

    classes: pd.DataFrame
    largest_distance: float
    n: int
    beyond: int

    def table(self) -> pd.DataFrame:
        """One row a class."""
        return self.classes.copy()

    def to_metrics(self) -> dict[str, float]:
        """Largest distance of the two distributions."""
        return {"n": self.n, "largest_distance": self.largest_distance}


@passes_absence
def compare_spend(spend: GammaGammaResult, summary: PurchaseSummary) -> SpendFit:
    """Compare the distribution of mean spend with that of the fitted model.

    Given x purchases, ``x m / (v + x m)`` of their mean m is Beta(p x, q) distributed; the
    expected share of a class is the mean of its probability over the customers' own numbers
    of purchases. With estimated parameters the distance D has no tabulated distribution,
    and among many customers every model is rejected: it is read as a size.

    Parameters
    ----------
    spend : GammaGammaResult
        Fitted on ``summary``.
    summary : PurchaseSummary
        The histories.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma model of monetary value.
    http://brucehardie.com/notes/025/
    """
    counts = summary.customers["priced_purchases"].to_numpy(np.float64)
    means = summary.customers["mean_spend"].to_numpy(np.float64)
    usable = (counts > 0) & (means > 0)
    x, mean = counts[usable], np.sort(means[usable])
    edges = np.linspace(0, _round_up(float(np.quantile(mean, SHOWN))), CLASSES + 1)
    observed = np.histogram(mean, edges)[0] / mean.size
    expected = np.diff(expected_below(spend, x, edges))
    # The steps of the observed distribution: just below and at each distinct mean.
    points, first = np.unique(mean, return_index=True)
    model = np.interp(points, *_fine_curve(spend, x, points))
    below, at = first / mean.size, np.append(first[1:], mean.size) / mean.size
    distance = np.maximum(np.abs(model - below), np.abs(model - at)).max()
    return SpendFit(
        classes=pd.DataFrame(
            {"from": edges[:-1], "to": edges[1:], "observed": observed, "expected": expected}
        ),
        largest_distance=float(distance),
        n=mean.size,
        beyond=int((mean > edges[-1]).sum()),
    )


def expected_below(spend: GammaGammaResult, x: Floats, amounts: Floats) -> Floats:
    """Expected share of customers whose mean spend is at most each amount.

    Parameters
    ----------
    x : array of shape (n,)
        Purchases behind the mean of each customer.
    amounts : array
        Money, 0 or more.
    """
    from scipy.special import betainc

    p, q, v = spend.estimates.values
    steps, customers = np.unique(x, return_counts=True)
    total = steps[:, None] * amounts
    shares = betainc(p * steps[:, None], q, total / (v + total))
    return np.einsum("i,ij->j", customers / x.size, shares)


def _fine_curve(spend: GammaGammaResult, x: Floats, points: Floats) -> tuple[Floats, Floats]:
    """The expected distribution at all points, or at 2,000 of them if there are more."""
    chosen = np.unique(np.linspace(0, points.size - 1, 2_000).astype(int))
    at = points[chosen]
    return at, expected_below(spend, x, at)


def _round_up(amount: float) -> float:
    """Round up to two digits, for classes with readable limits."""
    size = 10.0 ** np.floor(np.log10(amount)) / 10
    return float(np.ceil(amount / size) * size)
