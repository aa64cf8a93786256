"""How many customers a randomised test of two shares needs, and how many days it takes.

References
----------
Deng, A., Xu, Y., Kohavi, R., & Walker, T. (2013). Improving the sensitivity of online
controlled experiments by utilizing pre-experiment data. WSDM '13, 123-132.
Kish, L. (1965). Survey sampling. Wiley. (Design effect of clusters, section 5.4.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.statistics.two_shares_size import customers_per_arm

#: Customers who enter a test on one day, for whom its length is told.
TRAFFIC = (100, 1_000, 10_000)
#: A shop of twenty customers, alike by so much: conventions to show what clusters cost.
CLUSTER, LIKENESS = 20, 0.05


@dataclass(frozen=True)
class ExperimentPlan:
    """Customers that a test of two shares needs, by how it is drawn and analysed.

    Attributes
    ----------
    base, share : float
        Share that converts without and with the measure.
    power, alpha : float
    rows : DataFrame
        ``key, design, factor, customers a group, both groups`` and ``days at N a day`` for each
        traffic.
    """

    base: float
    share: float
    power: float
    alpha: float
    rows: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a way of drawing and analysing the test."""
        return self.rows.drop(columns="key")

    def to_metrics(self) -> dict[str, float]:
        """Customers a group of each design, e.g. ``customers_plain``."""
        groups = self.rows.set_index("key")["customers a group"]
        return {f"customers_{key}": int(n) for key, n in groups.items()}


def correct_for_covariate(n: int, *, correlation: float) -> int:
    """Find the customers that do where an outcome is adjusted for what was known before.

    The adjusted outcome varies by ``1 - correlation^2`` of before (CUPED).
    """
    if not -1 < correlation < 1:
        raise ModelError(f"a correlation lies between -1 and 1, found {correlation:g}")
    return math.ceil(n * (1 - correlation**2) - 1e-9)


def correct_for_clusters(n: int, *, size: float, likeness: float) -> int:
    """Find the customers that do where whole clusters are drawn: Kish's design effect.

    Parameters
    ----------
    size : float
        Customers of a cluster, 1 or more.
    likeness : float
        Intraclass correlation, 0 to 1.
    """
    if size < 1 or not 0 <= likeness <= 1:
        raise ModelError(
            f"clusters of {size:g} alike by {likeness:g}: needed are a size of 1 or more and a "
            "correlation from 0 to 1"
        )
    return math.ceil(n * (1 + (size - 1) * likeness) - 1e-9)


def plan_experiment(
    *,
    base: float,
    lift: float,
    correlation: float,
    alpha: float = 0.05,
    power: float = 0.80,
    cluster: int = CLUSTER,
    likeness: float = LIKENESS,
    traffic: Sequence[int] = TRAFFIC,
) -> ExperimentPlan | NotAvailable:
    """Plan a randomised test of two shares.

    Parameters
    ----------
    base : float
        Share that converts without the measure.
    lift : float
        Relative rise that the measure should bring, above 0.
    correlation : float
        Of the outcome with what was known of a customer before.
    cluster, likeness : int, float
        Customers of a cluster (a shop, a household) and their intraclass correlation.
    traffic : sequence of int
        Customers who enter the test on one day.

    Returns
    -------
    ExperimentPlan
        Not available where the share would leave the range from 0 to 1.
    """
    n = customers_per_arm(base, base * (1 + lift), power=power, alpha=alpha)
    if isinstance(n, NotAvailable):
        return n
    covaried = correct_for_covariate(n, correlation=correlation)
    designs = {
        "plain": ("customers drawn one by one", n),
        "covariate": ("adjusted for the time before (CUPED)", covaried),
        "clusters": (
            f"clusters of {cluster} drawn (correlation within {likeness:g})",
            correct_for_clusters(n, size=cluster, likeness=likeness),
        ),
        "clusters_covariate": (
            "clusters drawn, adjusted",
            correct_for_clusters(covaried, size=cluster, likeness=likeness),
        ),
    }
    rows = [
        {
            "key": key,
            "design": words,
            "factor": size / n,
            "customers a group": size,
            "both groups": 2 * size,
            **{f"days at {each:,} a day": math.ceil(2 * size / each) for each in traffic},
        }
        for key, (words, size) in designs.items()
    ]
    return ExperimentPlan(base, base * (1 + lift), power, alpha, pd.DataFrame(rows))
